"""Requests that wait together are predicted together, and each gets its own answer."""

import asyncio
from dataclasses import dataclass, field
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from specimen.serving.batching import MAX_PASS, Batcher


@dataclass(eq=False)
class FirstPixel:
    """A predictor that answers with the first value of a picture, once it is allowed to."""

    may: Event = field(default_factory=Event)
    passes: list[int] = field(default_factory=list)
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(features={}))

    def predict(self, images: npt.NDArray[np.uint8], samples: pd.DataFrame) -> pd.DataFrame:
        assert self.may.wait(60)
        assert len(images) == len(samples)
        self.passes.append(len(images))
        if (images == 255).any():
            raise ZeroDivisionError
        return pd.DataFrame({"prediction": images[:, 0, 0, 0] + samples.get("age", pd.Series(0, samples.index))})


def picture(value: int) -> npt.NDArray[np.uint8]:
    return np.full((2, 2, 3), value, dtype=np.uint8)


async def ask(batcher: Batcher, predictor: FirstPixel, *values: int, row: dict[str, Any] | None = None) -> list[float]:
    predicted = await batcher.predict(predictor, [picture(value) for value in values], [row or {}] * len(values))
    assert len(predicted) == len(values)
    return [one.columns["prediction"] for one in predicted]


def test_waiting_requests_share_a_pass() -> None:
    async def main() -> tuple[list[list[float]], list[int]]:
        batcher, predictor = Batcher(), FirstPixel()
        asking = [asyncio.create_task(ask(batcher, predictor, value, value + 1)) for value in range(0, 20, 2)]
        await asyncio.sleep(0)
        predictor.may.set()
        answers = await asyncio.gather(*asking)
        batcher.close()
        return answers, predictor.passes

    answers, passes = asyncio.run(main())
    assert answers == [[value, value + 1] for value in range(0, 20, 2)]
    assert sum(passes) == 20
    assert len(passes) <= 3
    assert max(passes) <= MAX_PASS


def test_one_large_request_is_one_pass_and_others_keep_to_the_size() -> None:
    async def main() -> list[int]:
        batcher, predictor = Batcher(), FirstPixel()
        predictor.may.set()
        await asyncio.gather(ask(batcher, predictor, *range(MAX_PASS + 5)), ask(batcher, predictor, 1))
        batcher.close()
        return predictor.passes

    assert asyncio.run(main()) == [MAX_PASS + 5, 1]


def test_features_stay_with_their_picture() -> None:
    async def main() -> list[list[float]]:
        batcher, predictor = Batcher(), FirstPixel()
        predictor.may.set()
        asking = [ask(batcher, predictor, 10, row={"age": age}) for age in range(5)]
        answers = await asyncio.gather(*asking)
        batcher.close()
        return answers

    assert asyncio.run(main()) == [[10 + age] for age in range(5)]


def test_a_fault_stays_with_its_picture() -> None:
    async def main() -> list[list[str | None]]:
        batcher, predictor = Batcher(), FirstPixel()
        asking = [
            asyncio.create_task(batcher.predict(predictor, [picture(1)], [{"age": age}]))  # type: ignore[arg-type]
            for age in (1.0, np.inf, 2.0)
        ]
        await asyncio.sleep(0)
        predictor.may.set()
        predicted = await asyncio.gather(*asking)
        batcher.close()
        return [[one.fault for one in request] for request in predicted]

    [first], [second], [third] = asyncio.run(main())
    assert first is None
    assert third is None
    assert second is not None
    assert "not a finite number" in second


def test_two_models_never_share_a_pass() -> None:
    async def main() -> list[int]:
        batcher, old, new = Batcher(), FirstPixel(), FirstPixel()
        asking = [asyncio.create_task(ask(batcher, one, 1)) for one in (old, new, old, new)]
        await asyncio.sleep(0)
        old.may.set()
        new.may.set()
        await asyncio.gather(*asking)
        batcher.close()
        return old.passes + new.passes

    assert asyncio.run(main()) == [1, 1, 1, 1]


def test_an_error_reaches_those_who_asked_and_nobody_else() -> None:
    async def main() -> list[float]:
        batcher, predictor = Batcher(), FirstPixel()
        predictor.may.set()
        with pytest.raises(ZeroDivisionError):
            await ask(batcher, predictor, 255)
        answer = await ask(batcher, predictor, 7)
        batcher.close()
        return answer

    assert asyncio.run(main()) == [7]


def test_a_cancelled_request_costs_no_pass() -> None:
    async def main() -> list[int]:
        batcher, predictor = Batcher(), FirstPixel()
        first, second, third = (asyncio.create_task(ask(batcher, predictor, *[1] * MAX_PASS)) for _ in range(3))
        await asyncio.sleep(0.05)
        second.cancel()
        predictor.may.set()
        await asyncio.gather(first, third)
        batcher.close()
        return predictor.passes

    assert asyncio.run(main()) == [MAX_PASS, MAX_PASS]

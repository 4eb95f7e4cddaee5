"""Clients take turns: whoever asks for little does not wait for all the work of another."""

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event

import pytest

from specimen.serving.fair_threads import FairThreads, UsedTime


def test_who_asks_for_little_does_not_wait_for_all_the_work_of_another() -> None:
    order, may = list[str](), Event()

    def note(name: str) -> str:
        may.wait(60)
        order.append(name)
        return name

    async def main() -> list[str]:
        threads = FairThreads(1, "test")
        work = [asyncio.create_task(threads.run("first", partial(note, "many"))) for _ in range(4)]
        await asyncio.sleep(0)
        work.append(asyncio.create_task(threads.run("second", partial(note, "one"))))
        await asyncio.sleep(0)
        may.set()
        results = await asyncio.gather(*work)
        threads.close()
        return results

    assert asyncio.run(main()) == ["many"] * 4 + ["one"]
    assert order.index("one") == 1, "one of the others is in hand when it comes"


def test_the_next_is_who_has_used_the_least_lately() -> None:
    used = UsedTime()
    used.add("much", 10)
    used.add("little", 4)
    assert used.least({"much": [1], "little": [1, 2]}, 0) == "little"
    assert used.least({"much": [1], "little": [1, 2], "nothing": [1, 2, 3]}, 0) == "nothing"
    used.least({"much": [1]}, 31)
    used.add("little", 2)
    assert used.least({"much": [1], "little": [1]}, 32) == "little", "what was used 30 s ago counts half"
    used.add("little", 2)
    assert used.least({"much": [1], "little": [1]}, 32) == "much"


def test_an_error_is_for_who_asked_and_work_that_was_given_up_is_not_done() -> None:
    done, may = list[str](), Event()

    def fail() -> None:
        may.wait(60)
        raise ValueError("mine")

    def note(name: str) -> None:
        done.append(name)

    async def main() -> None:
        threads = FairThreads(1, "test")

        def start(work: Callable[[], None]) -> asyncio.Task[None]:
            return asyncio.create_task(threads.run("a", work))

        failing, given_up, last = start(fail), start(partial(note, "given up")), start(partial(note, "last"))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        may.set()
        with pytest.raises(ValueError, match="mine"):
            await failing
        await last
        threads.close()

    asyncio.run(main())
    assert done == ["last"]

"""Concurrent requests share forward passes: pictures that wait at the same time are predicted together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from specimen.data.readers.decode import Picture
from specimen.models.faults import find_faults
from specimen.models.predictor import Predictor
from specimen.serving.request_features import FeatureRow

MAX_PASS = 16
"""Most pictures in a pass that several requests share: more are not faster, and make others wait longer."""


@dataclass(frozen=True)
class Predicted:
    """What the model makes of one picture."""

    columns: Mapping[Any, Any]
    """Its row of `Predictor.predict`."""
    fault: str | None
    """Why these are not a prediction; None if they are one."""


@dataclass(frozen=True)
class _Waiting:
    """Pictures of one request that wait for a pass."""

    predictor: Predictor
    pictures: Sequence[Picture]
    rows: Sequence[FeatureRow]
    predictions: asyncio.Future[list[Predicted]]


class Batcher:
    """One thread that predicts, off the event loop; the model's runtime spreads each pass over the cores."""

    def __init__(self, on_pass: Callable[[int], None] = lambda _: None) -> None:
        """`on_pass` is called with the number of pictures of each pass."""
        self._on_pass = on_pass
        self._queue: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "predict")
        self._worker: asyncio.Task[None] | None = None

    async def predict(
        self, predictor: Predictor, pictures: Sequence[Picture], rows: Sequence[FeatureRow]
    ) -> list[Predicted]:
        """Return what the model makes of each picture. Raises what the predictor raises."""
        waiting = _Waiting(predictor, pictures, rows, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await waiting.predictions

    def close(self) -> None:
        """End the thread once it has finished its current pass."""
        self._thread.shutdown()

    async def _work(self) -> None:
        """Run passes until nothing waits."""
        loop = asyncio.get_running_loop()
        while batch := self._next_batch():
            self._on_pass(sum(len(waiting.pictures) for waiting in batch))
            try:
                predicted = await loop.run_in_executor(self._thread, _predict, batch)
            except Exception as error:  # whatever the runtime raises is for those who asked; others still wait
                for waiting in batch:
                    if not waiting.predictions.done():
                        waiting.predictions.set_exception(error)
            else:
                _hand_out(predicted, batch)

    def _next_batch(self) -> list[_Waiting]:
        """Take the pictures of the next pass from the queue: in order, all for one model, at least one request."""
        batch: list[_Waiting] = []
        count = 0
        while self._queue:
            first = self._queue[0]
            if batch and (first.predictor is not batch[0].predictor or count + len(first.pictures) > MAX_PASS):
                break
            self._queue.popleft()
            if not first.predictions.done():  # else it was cancelled, and nobody waits for it
                batch.append(first)
                count += len(first.pictures)
        return batch


def _predict(batch: list[_Waiting]) -> list[Predicted]:
    pictures = np.stack([picture for waiting in batch for picture in waiting.pictures])
    rows = [row for waiting in batch for row in waiting.rows]
    samples = pd.DataFrame(rows, index=range(len(rows)))
    predictor = batch[0].predictor
    table = predictor.predict(pictures, samples)
    # Once for a pass: what pandas does costs as much for one row as for sixteen.
    faults = find_faults(table, samples, predictor.meta.features)
    return [Predicted(columns, faults.get(row)) for row, columns in enumerate(table.to_dict("records"))]


def _hand_out(predicted: list[Predicted], batch: list[_Waiting]) -> None:
    start = 0
    for waiting in batch:
        end = start + len(waiting.pictures)
        if not waiting.predictions.done():
            waiting.predictions.set_result(predicted[start:end])
        start = end

"""Concurrent requests share forward passes: what waits together is predicted together, off the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from specimen.data.readers.decode import Picture
from specimen.models.predictor import Predictor
from specimen.serving.request_features import Row

SIZE = 16
"""Pictures in a pass: more make no faster, and let others wait longer."""
Columns = dict[str, Any]
"""What the prediction says of one picture."""


@dataclass(frozen=True)
class _Job:
    predictor: Predictor
    pictures: list[Picture]
    rows: list[Row]
    answer: asyncio.Future[list[Columns]]


class Batcher:
    """One thread that predicts; its runtime spreads one pass over the cores."""

    def __init__(self, on_pass: Callable[[int], None] = lambda _: None) -> None:
        self._waiting: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, "predict")
        self._work: asyncio.Task[None] | None = None
        self._on_pass = on_pass

    async def predict(self, predictor: Predictor, pictures: list[Picture], rows: list[Row]) -> list[Columns]:
        """Return the columns of the prediction of each picture. Raises what the predictor raises."""
        job = _Job(predictor, pictures, rows, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run())
        return await job.answer

    def close(self) -> None:
        """End the thread, after the pass that it is at."""
        self._thread.shutdown()

    async def _run(self) -> None:
        while jobs := self._next():
            self._on_pass(sum(len(job.pictures) for job in jobs))
            try:
                answers = await asyncio.get_running_loop().run_in_executor(self._thread, _predict, jobs)
            except Exception as error:
                for job in jobs:
                    if not job.answer.done():
                        job.answer.set_exception(error)
                continue
            start = 0
            for job in jobs:
                end = start + len(job.pictures)
                if not job.answer.done():  # cancelled: nobody waits for it any more
                    job.answer.set_result(answers[start:end])
                start = end

    def _next(self) -> list[_Job]:
        """Take the jobs of the next pass: in their order, all for one model, at least one."""
        jobs: list[_Job] = []
        count = 0
        while self._waiting:
            job = self._waiting[0]
            if jobs and (job.predictor is not jobs[0].predictor or count + len(job.pictures) > SIZE):
                break
            self._waiting.popleft()
            if not job.answer.done():
                jobs.append(job)
                count += len(job.pictures)
        return jobs


def _predict(jobs: list[_Job]) -> list[Columns]:
    pictures = np.stack([picture for job in jobs for picture in job.pictures])
    rows = [row for job in jobs for row in job.rows]
    table = jobs[0].predictor.predict(pictures, pd.DataFrame(rows, index=range(len(rows))))
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]

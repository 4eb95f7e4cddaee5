"""How good and how fast the files of one model are, on the test split: what decides which are kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from specimen.common.markdown_table import markdown_table
from specimen.data.dataset.store import Store
from specimen.models.predictor import Predictor, decode_rounded
from specimen.models.task import Task

TIMED = 50
"""Pictures that are predicted one by one for the speed."""


@dataclass(frozen=True)
class Trial:
    """A file in one format, tried on the test split."""

    name: str
    """Of the format."""
    size: int
    """In bytes."""
    metric: float
    """What the task monitors; NaN where a prediction is not a finite number."""

    def worse(self, exact: Trial, task: Task) -> float:
        """Return by what share of the exact metric this one is worse; negative: better."""
        loss = exact.metric - self.metric if task.higher_is_better else self.metric - exact.metric
        if loss == 0:
            return 0.0
        return loss / abs(exact.metric) if exact.metric else math.copysign(math.inf, loss)


def try_file(name: str, size: int, predictor: Predictor, store: Store) -> Trial:
    """Return what a file reaches on the test split."""
    rows = store.rows("test")
    samples = store.samples.iloc[rows]
    logits = predictor.logits(store.images[rows], samples)
    if not np.isfinite(logits).all():
        return Trial(name, size, math.nan)
    task = predictor.task
    return Trial(name, size, task.scores(samples["target"], decode_rounded(task, logits))[task.monitor])


def milliseconds(predictors: Mapping[str, Predictor], store: Store) -> dict[str, float]:
    """Return the median time for one picture, by format. It differs from run to run: print it, do not write it.

    They take turns, so that whatever else the machine does slows all of them.
    """
    rows = store.rows("test")[:TIMED]
    images, samples = store.images[rows], store.samples.iloc[rows]
    times: dict[str, list[float]] = {name: [] for name in predictors}
    for row in range(len(rows)):
        one = slice(row, row + 1)
        for name, predictor in predictors.items():
            begin = time.perf_counter()
            predictor.logits(images[one], samples[one])
            times[name].append(time.perf_counter() - begin)
    return {name: 1000 * median(spent) for name, spent in times.items()}


def trials_json(trials: Sequence[Trial], task: Task, kept: Sequence[str]) -> dict[str, dict[str, float | bool | None]]:
    """Return size, metric and fate by format, as `metrics/export.json` has them; the first trial is that of fp32."""
    return {
        trial.name: {
            "megabytes": trial.size / 1e6,
            task.monitor: _number(trial.metric),
            "worse_by": _number(trial.worse(trials[0], task)),
            "written": trial.name in kept,
        }
        for trial in trials
    }


def trials_table(trials: Sequence[Trial], task: Task, kept: Sequence[str], times: Mapping[str, float]) -> str:
    """Return a table for the terminal; the first trial is that of fp32."""
    exact = trials[0]
    rows = [
        [
            trial.name,
            f"{trial.size / 1e6:.1f}",
            f"{trial.metric:.4g}",
            f"{trial.worse(exact, task):+.1%}",
            f"{times[trial.name]:.1f}",
            "yes" if trial.name in kept else "no",
        ]
        for trial in trials
    ]
    header = ["format", "MB", f"test {task.monitor}", "worse by", "ms a picture", "written"]
    return markdown_table(header, rows, aligned=True)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None

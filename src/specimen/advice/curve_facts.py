"""What twice as many objects would bring: the change that the learning curve foresees, applied to the folds' error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from specimen.advice.fold_predictions import FOLD
from specimen.advice.learning_curve import FEWEST, Curve, measure_curve
from specimen.advice.likeness import Floats
from specimen.advice.power_law import Estimate, PowerLaws, fit
from specimen.common.markdown_table import markdown_table
from specimen.data.dataset.strata import strata
from specimen.evaluation.metrics import point_metrics
from specimen.models.metric_registry import find_metric
from specimen.models.task import AnyTask, Regression
from specimen.plotting.style import BLUE, ORANGE, legend_below, plain_logarithms, plot

TIMES = 2
"""How many times the objects; farther than this no short curve can see."""


@dataclass(frozen=True)
class Prospect:
    """The metric of one part of the data now, and with more objects of all kinds."""

    name: str
    groups: int
    now: float
    then: Estimate


@dataclass(frozen=True)
class LearningCurve:
    """The curve, and what follows from it."""

    metric: str
    groups: int
    prospects: tuple[Prospect, ...]
    """Of all samples first, then of each value of `evaluate.by`."""
    curve: Curve
    laws: PowerLaws
    root: bool

    @classmethod
    def find(cls, task: AnyTask, predictions: pd.DataFrame, columns: Floats, by: Sequence[str]) -> LearningCurve | None:
        """Measure the curve of embeddings, N x width, of a table of `read_fold_predictions`; None of too few."""
        folds = predictions[FOLD].to_numpy()
        if not columns.shape[1]:
            return None
        curve = measure_curve(task, columns, predictions["target"], predictions["group"], folds)
        if curve is None:
            return None
        laws, root = fit(curve), isinstance(task, Regression)
        of_all = _prospect(task, "all", predictions, laws, root=root)
        parts = {f"{name} {value}": rows for name in by for value, rows in strata(predictions[name]).items()}
        of_parts = [
            _prospect(task, name, predictions[rows], fit(curve.part(rows)), root=root)
            for name, rows in parts.items()
            if predictions["group"][rows].nunique() >= FEWEST
        ]
        return cls(task.monitor, of_all.groups, (of_all, *of_parts), curve, laws, root)

    def to_json(self) -> dict[str, Any]:
        """Return the section of `metrics/advice.json`."""
        of_all = self.prospects[0]
        return {
            "times": TIMES,
            "groups": self.groups,
            **_json(of_all, self.metric),
            "by": {part.name: {"groups": part.groups, **_json(part, self.metric)} for part in self.prospects[1:]},
        }

    def summary(self, unit: str) -> str:
        """Return what twice as many objects would bring, in a sentence."""
        of_all = self.prospects[0]
        label = find_metric(self.metric)
        suffix = f" {unit}" if unit and label.scale == "unit" else ""
        then = f"{of_all.then.value:.3g} ({of_all.then.low:.3g} to {of_all.then.high:.3g}){suffix}"
        grown = f"Twice the objects ({self.groups} to {TIMES * self.groups})"
        return f"{grown}: {label.label} about {then}, now {of_all.now:.3g}."

    def as_markdown(self) -> str:
        """Return a table for the terminal."""
        rows = [
            [part.name, str(part.groups), f"{part.now:.3g}", f"{part.then.value:.3g}",
             f"{part.then.low:.3g} to {part.then.high:.3g}"]
            for part in self.prospects
        ]  # fmt: skip
        label = find_metric(self.metric).label
        return markdown_table(["", "objects", f"{label} now", "with twice all", "95 % interval"], rows, aligned=True)

    def draw(self, path: Path) -> None:
        """Draw the measured errors of the head, and the curve with its interval up to twice as many objects."""
        means = self._rooted(self.curve.losses.mean(axis=(0, 2)))
        reach = np.geomspace(self.curve.sizes[0], TIMES * self.laws.largest, 40)
        estimates = [self.laws.predict(count) for count in reach]
        low, middle, high = (
            self._rooted(np.array([getattr(one, name) for one in estimates])) for name in ("low", "value", "high")
        )
        with plot(path, height=4.5) as axes:
            axes.fill_between(reach, low, high, color=BLUE, alpha=0.15, linewidth=0, label="95 % of other data sets")
            axes.plot(reach, middle, color=BLUE, label="power law with an offset")
            axes.plot(self.curve.sizes, means, "o", color=ORANGE, label="measured, frozen embeddings")
            plain_logarithms(axes)
            axes.set_ylim(bottom=0)
            axes.set_xlabel("objects that teach")
            axes.set_ylabel("standardised RMSE" if self.root else "share of errors")
            legend_below(axes)

    def _rooted(self, losses: Floats) -> Floats:
        return np.sqrt(losses) if self.root else losses


def _prospect(task: AnyTask, name: str, predictions: pd.DataFrame, laws: PowerLaws, *, root: bool) -> Prospect:
    now = point_metrics(task, predictions)[task.monitor]
    change = laws.change(TIMES * laws.largest)
    ratios = [ratio**0.5 if root else ratio for ratio in (change.value, change.low, change.high)]
    if task.higher_is_better:  # a share of right ones: the change is that of the wrong ones
        value, high, low = (1 - (1 - now) * min(ratio, 1 / max(1 - now, 1e-9)) for ratio in ratios)
    else:
        value, low, high = (now * ratio for ratio in ratios)
    return Prospect(name, int(predictions["group"].nunique()), now, Estimate(value, low, high))


def _json(part: Prospect, metric: str) -> dict[str, Any]:
    return {"now": {metric: part.now}, "then": {metric: part.then.value, "low": part.then.low, "high": part.then.high}}

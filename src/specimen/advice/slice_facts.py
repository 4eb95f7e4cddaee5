"""The parts with larger errors in the metric of the task, as a table, as JSON and as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from specimen.advice.fold_predictions import FOLD
from specimen.advice.likeness import Floats
from specimen.advice.slices import Finding, find_slices, make_slices
from specimen.common.markdown_table import markdown_table
from specimen.evaluation.metrics import point_metrics
from specimen.evaluation.sample_errors import sample_errors
from specimen.models.metric_registry import find_metric
from specimen.models.predictions import PREDICTION
from specimen.models.task import AnyTask, Regression
from specimen.plotting.style import BLUE, GREY, legend_below, plot, shortened

USUAL = 0.95
"""Share of the errors that count as they are."""


@dataclass(frozen=True)
class SliceFacts:
    """One part, measured."""

    name: str
    photos: int
    groups: int
    inside: float
    """The metric that is monitored."""
    elsewhere: float
    times: float
    p: float


@dataclass(frozen=True)
class Slices:
    """The parts with larger errors than elsewhere, the clearest first."""

    metric: str
    tested: int
    found: tuple[SliceFacts, ...]

    @classmethod
    def find(cls, task: AnyTask, predictions: pd.DataFrame, properties: pd.DataFrame) -> Slices:
        """Test all parts of a table of `read_fold_predictions`; `properties` has the same rows."""
        slices = make_slices(properties, predictions["group"])
        findings = find_slices(relative_errors(task, predictions), predictions["group"], slices)
        return cls(task.monitor, len(slices), tuple(_measure(task, predictions, finding) for finding in findings))

    def to_json(self) -> dict[str, Any]:
        """Return the section of `metrics/advice.json`."""
        found = [
            {"slice": part.name, "photos": part.photos, "groups": part.groups, self.metric: part.inside,
             "elsewhere": part.elsewhere, "times": part.times, "p": part.p}
            for part in self.found
        ]  # fmt: skip
        return {"tested": self.tested, "found": found}

    def summary(self) -> str:
        """Return how many there are, in a sentence."""
        where = "in none of" if not self.found else f"in {len(self.found)} of"
        return f"The error is larger than elsewhere, beyond chance, {where} {self.tested} parts of the data."

    def as_markdown(self) -> str:
        """Return a table for the terminal."""
        label = find_metric(self.metric).label
        header = ["where the error is larger", label, "elsewhere", "error as trained", "groups", "photos"]
        rows = [
            [part.name, f"{part.inside:.3g}", f"{part.elsewhere:.3g}", f"{part.times:.1f} times", str(part.groups),
             str(part.photos)]
            for part in self.found
        ]  # fmt: skip
        return markdown_table(header, rows, aligned=True)

    def draw(self, path: Path) -> None:
        """Draw the metric of each part next to that elsewhere."""
        positions = np.arange(len(self.found))[::-1]
        with plot(path, height=1.5 + 0.45 * len(self.found)) as axes:
            axes.barh(positions, [part.inside for part in self.found], color=BLUE, height=0.5, label="in this part")
            elsewhere = [part.elsewhere for part in self.found]
            axes.plot(elsewhere, positions, "|", color=GREY, markersize=22, markeredgewidth=3, label="elsewhere")
            axes.set_yticks(positions, [shortened(part.name, 48) for part in self.found])
            axes.set_xlabel(find_metric(self.metric).label)
            axes.set_ylim(-0.6, len(self.found) - 0.4)
            axes.grid(visible=False, axis="y")
            legend_below(axes)


def relative_errors(task: AnyTask, predictions: pd.DataFrame) -> Floats:
    """Return the error of each sample over the mean error of its fold, N, for not all folds are equally good.

    Of numbers on the scale that is trained on: in grams, heavy plants have larger errors anyway. The largest 5 % count
    as the next smaller one: a wrong label is one plant, and must neither make nor hide a part of the data.
    """
    if isinstance(task, Regression):
        errors = np.abs(task.transformed(predictions["target"]) - task.transformed(predictions[PREDICTION]))
    else:
        errors = sample_errors(task.name, predictions).to_numpy()
    means = pd.Series(errors).groupby(predictions[FOLD].to_numpy()).transform("mean").to_numpy()
    relative = np.asarray(errors / np.where(means > 0, means, 1), dtype=np.float64)
    return np.minimum(relative, np.quantile(relative, USUAL, method="higher"))


def _measure(task: AnyTask, predictions: pd.DataFrame, finding: Finding) -> SliceFacts:
    rows = finding.part.rows
    inside, elsewhere = (point_metrics(task, predictions[part])[task.monitor] for part in (rows, ~rows))
    groups = int(predictions["group"][rows].nunique())
    return SliceFacts(finding.part.name, int(rows.sum()), groups, inside, elsewhere, finding.times, finding.p)

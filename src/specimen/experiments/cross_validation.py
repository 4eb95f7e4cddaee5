"""The results of a cross-validation: every metric by fold, its mean and spread, and pooled.

The mean over folds is what to expect of a model that is trained on such a share of the data; the standard deviation
(n - 1) is how much that depends on the split. It is not a standard error, because the folds share train samples
(Y. Bengio and Y. Grandvalet, "No unbiased estimator of the variance of k-fold cross-validation", JMLR 5, 2004). Pooled
metrics measure all predictions together: each sample is predicted once, by a model that has not seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from specimen.common.markdown_table import markdown_table
from specimen.evaluation.results import Bounds, Numbers, Scores
from specimen.models.metric_registry import find_metric
from specimen.plotting.style import BLUE, ORANGE, figure, heading

MOST_DRAWN = 6


@dataclass(frozen=True)
class Fold:
    """The results of one fold."""

    samples: int
    groups: int
    metrics: Numbers


@dataclass(frozen=True)
class Summary:
    """The results of all folds."""

    folds: Sequence[Fold]
    mean: Numbers
    std: Numbers
    """Like `mean` of the metrics that every fold has; one that needs all classes may be absent."""
    pooled: Scores

    def to_json(self) -> dict[str, object]:
        """Return the content of `metrics/cv.json`."""
        return {
            "samples": self.pooled.samples,
            "groups": self.pooled.groups,
            "mean": self.mean,
            "std": self.std,
            "pooled": self.pooled.metrics,
            "interval": {name: asdict(bounds) for name, bounds in self.pooled.intervals.items()},
            "fold": {
                str(number): {"samples": fold.samples, "groups": fold.groups, **fold.metrics}
                for number, fold in enumerate(self.folds)
            },
        }


def summarise(metrics: Sequence[Numbers], predictions: Sequence[pd.DataFrame], pooled: Scores) -> Summary:
    """Put the metrics and predictions of the folds together with the scores of all predictions."""
    common = pd.DataFrame(metrics).dropna(axis="columns")
    return Summary(
        folds=[
            Fold(samples=len(table), groups=int(table["group"].nunique()), metrics=numbers)
            for numbers, table in zip(metrics, predictions, strict=True)
        ],
        mean={str(name): float(value) for name, value in common.mean().items()},
        std={str(name): float(value) for name, value in common.std(ddof=1).items()},
        pooled=pooled,
    )


def as_markdown(summary: Summary) -> str:
    """Return a table: a row for each metric; columns mean, std, pooled, the interval of that, and each fold."""
    pooled = summary.pooled
    names = list(dict.fromkeys(name for fold in summary.folds for name in fold.metrics))
    columns = {
        "": ["samples", "groups", *names],
        "mean": ["", "", *_numbers(summary.mean, names)],
        "std": ["", "", *_numbers(summary.std, names)],
        "pooled": [str(pooled.samples), str(pooled.groups), *_numbers(pooled.metrics, names)],
    }
    if pooled.intervals:
        columns["95 % interval"] = ["", "", *(_interval(pooled.intervals.get(name)) for name in names)]
    for number, fold in enumerate(summary.folds):
        columns[f"fold {number}"] = [str(fold.samples), str(fold.groups), *_numbers(fold.metrics, names)]
    return markdown_table(list(columns), zip(*columns.values(), strict=True), aligned=True)


def _numbers(metrics: Numbers, names: Sequence[str]) -> list[str]:
    return [_number(metrics[name]) if name in metrics else "" for name in names]


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _interval(bounds: Bounds | None) -> str:
    return f"{_number(bounds.low)} to {_number(bounds.high)}" if bounds else ""


def draw(path: Path, summary: Summary) -> None:
    """Draw each metric on an axis of its own: folds as points, their mean and spread below, all pooled as a line."""
    names = [name for name in summary.mean if name in summary.pooled.metrics][:MOST_DRAWN]
    with figure(path, height=1.2 + 0.95 * len(names)) as panels:
        heading(panels, f"{len(summary.folds)} folds, {summary.pooled.samples} samples: each fold and their mean")
        for axes, name in zip(panels.subplots(len(names), squeeze=False).ravel(), names, strict=True):
            values = [fold.metrics[name] for fold in summary.folds]
            axes.axvline(summary.pooled.metrics[name], color="black", linewidth=1, label="all predictions pooled")
            axes.plot(values, [1] * len(values), "o", color=BLUE, alpha=0.7, markersize=8, label="one fold")
            axes.errorbar(
                summary.mean[name],
                0,
                xerr=summary.std[name],
                fmt="D",
                color=ORANGE,
                capsize=5,
                label="mean and standard deviation of the folds",
            )
            axes.set_ylim(-0.7, 1.7)
            axes.set_yticks([])
            axes.grid(visible=False, axis="y")
            axes.spines["left"].set_visible(False)
            axes.set_ylabel(find_metric(name).label, rotation=0, ha="right", va="center")
        handles, labels = panels.axes[0].get_legend_handles_labels()
        panels.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=10)

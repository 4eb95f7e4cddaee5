"""What the folds of a cross-validation say together: every metric by fold, its mean and spread, and pooled.

The mean over folds tells what to expect of a model that is trained on such a share of the data, the standard deviation
(n - 1) how much that depends on the split. It is no standard error, for the folds share their train samples
(Y. Bengio and Y. Grandvalet, "No unbiased estimator of the variance of k-fold cross-validation", JMLR 5, 2004). Pooled
metrics are those of all predictions taken together: each sample is predicted once, by a model that has not seen it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from specimen.plotting.style import BLUE, ORANGE, figure, heading

COUNTS = ("samples", "groups")
MOST_DRAWN = 6

Summary = dict[str, Any]


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """Return the plain metrics of a `test.json`: the numbers at its top, without counts."""
    return {
        name: float(value) for name, value in metrics.items() if isinstance(value, (int, float)) and name not in COUNTS
    }


def summarise(metrics: list[dict[str, Any]], predictions: list[pd.DataFrame], pooled: dict[str, Any]) -> Summary:
    """Return counts, mean, std, pooled metrics (with their `interval`, if any) and each fold, by name of the metric.

    `metrics` and `predictions` are those of each fold, `pooled` the metrics of all predictions together. A metric that
    a fold does not have, such as one that needs all classes, is left out of mean and spread.
    """
    table = pd.DataFrame([numbers(fold) for fold in metrics])
    common = table.dropna(axis="columns")
    together = pd.concat(predictions)
    counts = [{"samples": len(fold), "groups": int(fold["group"].nunique())} for fold in predictions]
    return {
        "samples": len(together),
        "groups": int(together["group"].nunique()),
        "mean": common.mean().to_dict(),
        "std": common.std(ddof=1).to_dict(),
        "pooled": numbers(pooled),
        **({"interval": pooled["interval"]} if "interval" in pooled else {}),
        "fold": {str(n): counts[n] | numbers(fold) for n, fold in enumerate(metrics)},
    }


def as_markdown(summary: Summary) -> str:
    """Return a table: a row for each metric; columns mean, std, pooled, the interval of that, and each fold."""
    folds, interval = summary["fold"], summary.get("interval", {})
    header = ["", "mean", "std", "pooled", *(["95 % interval"] if interval else []), *(f"fold {n}" for n in folds)]
    rows = [
        [name, "", "", str(summary[name]), *([""] if interval else []), *(str(fold[name]) for fold in folds.values())]
        for name in COUNTS
    ]
    for name in dict.fromkeys(name for fold in folds.values() for name in fold if name not in COUNTS):
        cells = [_number(summary[part].get(name)) for part in ("mean", "std", "pooled")]
        if interval:
            ends = interval.get(name, {})
            cells.append(" to ".join(_number(ends[end]) for end in ("low", "high")) if ends else "")
        rows.append([name, *cells, *(_number(fold.get(name)) for fold in folds.values())])
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in (header, rule, *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def draw(path: Path, summary: Summary) -> None:
    """Draw each metric on an axis of its own: the folds as points, their mean and spread below, pooled as a line."""
    names = [name for name in summary["mean"] if name in summary["pooled"]][:MOST_DRAWN]
    with figure(path, height=1.2 + 0.95 * len(names)) as panels:
        heading(panels, f"{len(summary['fold'])} folds, {summary['samples']} samples: each fold and their mean")
        for axes, name in zip(panels.subplots(len(names), squeeze=False).ravel(), names, strict=True):
            values = [fold[name] for fold in summary["fold"].values()]
            axes.axvline(summary["pooled"][name], color="black", linewidth=1, label="all predictions pooled")
            axes.plot(values, [1] * len(values), "o", color=BLUE, alpha=0.7, markersize=8, label="one fold")
            spread = {"fmt": "D", "color": ORANGE, "capsize": 5, "label": "mean and standard deviation of the folds"}
            axes.errorbar(summary["mean"][name], 0, xerr=summary["std"][name], **spread)
            axes.set_ylim(-0.7, 1.7)
            axes.set_yticks([])
            axes.grid(visible=False, axis="y")
            axes.spines["left"].set_visible(False)
            axes.set_ylabel(name.replace("_", " "), rotation=0, ha="right", va="center")
        handles, labels = panels.axes[0].get_legend_handles_labels()
        panels.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=10)

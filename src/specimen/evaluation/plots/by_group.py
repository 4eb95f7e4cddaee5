"""A metric by the values of a column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from specimen.common.files import significant, write_csv
from specimen.evaluation.results import Bounds, Results
from specimen.models.metric_registry import find_metric
from specimen.plotting.style import BLUE, GREY, figure, heading, shortened, with_unit

BY_COLUMNS = ("column", "value", "group", "samples", "score", "low", "high")
NO_BOUNDS = Bounds(np.nan, np.nan)


def draw_by(metric: str, results: Results, pictures: Path, tables: Path) -> None:
    """Draw a metric of the test split for each value of the columns in `evaluate.by`, with counts.

    `tables` gets a `by.csv`, without rows where there are no such columns.
    """
    rows = []
    for column, by_value in results.by.items():
        for value, scores in by_value.items():
            if metric in scores.metrics:
                bounds = scores.intervals.get(metric, NO_BOUNDS)
                score = scores.metrics[metric]
                rows.append((column, value, f"{column}: {value}", scores.samples, score, bounds.low, bounds.high))
    table = pd.DataFrame(rows, columns=list(BY_COLUMNS))
    for name in ("score", "low", "high"):
        table[name] = significant(table[name].to_numpy(np.float64))
    write_csv(tables / "by.csv", table)
    if table.empty:
        return
    facts = find_metric(metric)
    columns = table["column"].unique()
    heights = [max((table["column"] == column).sum(), 2) for column in columns]
    with figure(pictures / "by.png", height=1.2 + 0.7 * len(columns) + 0.3 * sum(heights)) as panels:
        heading(panels, f"{facts.title} by group, test split (dashed: all samples)")
        grid = panels.subplots(len(columns), 1, sharex=True, squeeze=False, height_ratios=heights).ravel()
        for axes, column in zip(grid, columns, strict=True):
            _draw_values(axes, table[table["column"] == column], results.scores.metrics[metric])
            axes.set_title(with_unit(column, ""), fontsize=12)
        grid[-1].set_xlabel(facts.label)


def _draw_values(axes: Axes, table: pd.DataFrame, whole: float) -> None:
    positions = np.arange(len(table))
    axes.axvline(whole, color=GREY, linestyle="--")
    axes.hlines(positions, table["low"], table["high"], color=BLUE, linewidth=2)
    axes.plot(table["score"], positions, "o", color=BLUE)
    labels = [f"{shortened(str(row.value), 32)} ({row.samples})" for row in table.itertuples()]
    axes.set_yticks(positions, labels, fontsize=10)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")

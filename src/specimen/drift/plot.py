"""The measures day by day, with where the training photos are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from specimen.drift.photo_table import PhotoTable
from specimen.plotting.style import BLUE, GREY, ORANGE, WIDTH, figure, heading, shortened

COLUMNS = 3
MOST = 24
"""Measures that are drawn; the first ones."""


def draw_days(
    path: Path, measures: Sequence[str], drifted: frozenset[str], training: PhotoTable, served: PhotoTable, start: str
) -> None:
    """Draw each measure in axes of its own: a point for each day, the first day of the period as a line.

    Drifted measures are orange. The band holds the middle half of the training photos.
    """
    shown = measures[:MOST]
    rows = -(-len(shown) // COLUMNS)
    with figure(path, 0.7 + 2.2 * rows, WIDTH * 1.5) as grid:
        heading(grid, "Means of each day; grey: the middle half of the training photos")
        for number, measure in enumerate(shown):
            axes = grid.add_subplot(rows, COLUMNS, number + 1)
            axes.set_title(shortened(measure, 36), fontsize=10)
            _draw_band(axes, training, measure)
            _draw_points(axes, served, measure, ORANGE if measure in drifted else BLUE)
            axes.axvline(pd.Timestamp(start), color=GREY, linewidth=1, linestyle=":")  # type: ignore[arg-type]
            axes.tick_params(labelsize=8)
            axes.xaxis.get_offset_text().set_fontsize(8)


def _draw_band(axes: Axes, training: PhotoTable, measure: str) -> None:
    if measure not in training.values or not training.values[measure].notna().any():
        return
    values = training.values[measure].dropna()
    if measure in training.shares:
        axes.axhline(float(values.mean()), color=GREY, linewidth=2)
        return
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    axes.axhspan(low, high, color=GREY, alpha=0.25, linewidth=0)
    axes.axhline(middle, color=GREY, linewidth=1)


def _draw_points(axes: Axes, served: PhotoTable, measure: str, colour: str) -> None:
    values = served.values[measure].dropna()
    days = values.groupby(served.units[values.index]).agg(["mean", "size"])
    axes.scatter(pd.to_datetime(days.index), days["mean"], s=10 + 8 * np.log2(days["size"]), color=colour, alpha=0.8)
    locator = AutoDateLocator(maxticks=5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]

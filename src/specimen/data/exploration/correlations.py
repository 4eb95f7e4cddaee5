"""How the columns of the label table are correlated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from specimen.plotting.style import WIDTH, heading, plot, shortened

MOST_ANNOTATED = 22
"""With more columns, the numbers in the cells would be too small to read."""


def draw_correlations(path: Path, correlations: pd.DataFrame, target: str) -> None:
    """Draw the triangle of all pairs; the target's name is bold."""
    names = list(dict.fromkeys([*correlations["column_a"], *correlations["column_b"]]))
    position = {name: number for number, name in enumerate(names)}
    r = np.full((len(names), len(names)), np.nan)
    r[correlations["column_b"].map(position), correlations["column_a"].map(position)] = correlations["r"]
    r = r[1:, :-1]
    side = min(WIDTH, 2.4 + 0.5 * len(names))
    with plot(path, height=side, width=max(side, 5.5)) as axes:
        heading(axes.figure, "Correlation of the columns (Pearson's r)")
        axes.grid(visible=False)
        picture = axes.imshow(r, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        if len(names) <= MOST_ANNOTATED:
            _annotate(axes, r)
        else:
            axes.figure.colorbar(picture, cax=axes.inset_axes((0.9, 0.55, 0.03, 0.4)))
        size = _font_size(len(names), {12: 11, 25: 9})
        axes.set_xticks(range(len(r)), [shortened(name, 28) for name in names[:-1]], rotation=90, fontsize=size)
        axes.set_yticks(range(len(r)), [shortened(name, 28) for name in names[1:]], fontsize=size)
        for label, name in zip([*axes.get_xticklabels(), *axes.get_yticklabels()], names[:-1] + names[1:], strict=True):
            label.set_fontweight("bold" if name == target else "normal")


def _font_size(count: int, sizes: dict[int, int]) -> int:
    """Return the size for so many texts: that of the first count in `sizes` that they stay below, else 7."""
    return next((size for most, size in sizes.items() if count < most), 7)


def _annotate(axes: Axes, r: npt.NDArray[np.float64]) -> None:
    size = _font_size(len(r), {11: 11, 18: 8})
    for row, column in zip(*np.nonzero(~np.isnan(r)), strict=True):
        value = round(float(r[row, column]), 2) + 0.0  # no -.00
        text = f"{value:.1f}" if abs(value) == 1 else f"{value:.2f}".replace("0.", ".", 1)
        colour = "white" if abs(value) > 0.6 else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)

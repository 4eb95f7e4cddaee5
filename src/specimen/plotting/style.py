"""The common look of all plots: colours that colour-blind readers can tell apart, text that is readable at 800 px."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import LogLocator, NullFormatter

from specimen.common.files import significant

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#7f7f7f"
"""Blue and vermilion of M. Okabe and K. Ito, "Color Universal Design", 2008."""

STYLE: dict[str, Any] = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}
WIDTH = 8.0
"""Inches; at 100 dots an inch a plot is 800 px wide."""


@contextmanager
def figure(path: Path, height: float = 5.5, width: float = WIDTH) -> Iterator[Figure]:
    """Yield a new figure, and write it to `path` afterwards."""
    with mpl.style.context(STYLE):
        new = Figure(figsize=(width, height), layout="constrained")
        yield new
        save(new, path)


@contextmanager
def plot(path: Path, height: float = 5.5, width: float = WIDTH) -> Iterator[Axes]:
    """Yield the axes of a new figure, and write it to `path` afterwards."""
    with figure(path, height, width) as new:
        yield new.add_subplot()


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, without the version of matplotlib, so that the same picture has the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.set_dpi(100)
    # `savefig` would draw twice, once for the layout alone.
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def heading(figure: FigureBase, title: str) -> None:
    """Write the title of a whole figure, over its full width."""
    figure.suptitle("\n".join(wrap(title, 80)), fontsize=STYLE["axes.titlesize"], x=0.01, ha="left")


def draw_boxes(
    axes: Axes, stats: pd.DataFrame, positions: Sequence[float], colours: Sequence[str], width: float, *, vertical: bool
) -> None:
    """Draw a box for each row of `stats` (p5, q1, median, q3, p95)."""
    names = {"p5": "whislo", "q1": "q1", "median": "med", "q3": "q3", "p95": "whishi"}
    boxes = axes.bxp(
        [{names[name]: row[name] for name in names} for _, row in stats.iterrows()],
        positions=positions,
        widths=width,
        orientation="vertical" if vertical else "horizontal",
        patch_artist=True,
        showfliers=False,
        manage_ticks=False,
        medianprops={"color": "black", "linewidth": 2},
    )
    for box, colour in zip(boxes["boxes"], colours, strict=True):
        box.set(facecolor=to_rgba(colour, 0.6))


def plain_logarithms(axes: Axes) -> None:
    """Make the x axis logarithmic, with ticks that read 0.2, 1, 50."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    factors = (1, 2, 5) if high / low < 1e3 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=factors, numticks=12))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def scatter(axes: Axes, x: npt.ArrayLike, y: npt.ArrayLike, **options: Any) -> None:
    """Draw points, the more transparent the more of them there are."""
    alpha = float(np.clip(10 / np.sqrt(max(np.size(x), 1)), 0.05, 0.6))
    axes.scatter(x, y, s=22, color=BLUE, alpha=alpha, linewidths=0, **options)


def legend_below(axes: Axes) -> None:
    """Put the legend under the plot, where it hides nothing."""
    legend = axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10)
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_alpha(1)  # single points are faint where many overlap


def percents(axis: Axis) -> None:
    """Write shares as 0% to 100%."""
    axis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")


def draw_gallery(
    path: Path, images: Sequence[npt.NDArray[np.uint8]], captions: Sequence[str], title: str, columns: int = 4
) -> None:
    """Draw pictures of one size in a grid, each with a caption of a few lines."""
    rows = -(-len(images) // columns)
    lines = max((caption.count("\n") + 1 for caption in captions), default=1)
    shape = images[0].shape if len(images) else (1, 1)
    with figure(path, 0.6 + (WIDTH / columns * shape[0] / shape[1] + 0.1 + 0.175 * lines) * rows) as grid:
        heading(grid, title)
        for index in range(rows * columns):
            axes = grid.add_subplot(rows, columns, index + 1)
            axes.set_axis_off()
            if index < len(images):
                axes.imshow(images[index])
                axes.set_title(captions[index], fontsize=9, loc="center")


def with_unit(name: str, unit: str) -> str:
    """Return `fresh weight total (g)` for `fresh_weight_total` and `g`, `weight (g)` for `weight_g` and `g`."""
    if not unit:
        return shortened(name.replace("_", " "), 40)
    plain = name.removesuffix(f"_{unit}")
    return f"{shortened(plain.replace('_', ' '), 40)} ({_literal(unit)})"


def shortened(name: str, length: int = 24) -> str:
    """Cut a name that is too long for a plot."""
    return _literal(name if len(name) <= length else name[: length - 1] + "…")


def with_both_ends(name: str, length: int = 24) -> str:
    """Cut a name that is too long in its middle, because names of classes often differ only in their last word."""
    return _literal(name if len(name) <= length else f"{name[: length // 3]}…{name[length // 3 + 1 - length :]}")


def _literal(text: str) -> str:
    """Keep matplotlib from reading `$` as mathematics, and from failing on bytes that are not text."""
    return text.encode(errors="replace").decode().replace("$", r"\$")


QUANTILES = {"p5": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "p95": 0.95}
"""What a box plot shows: box and line from the quartiles, whiskers from 5 % to 95 % of the values."""


def quantiles(values: npt.NDArray[Any]) -> dict[str, float]:
    """Return the five numbers of a box plot; NaN of no values."""
    if not len(values):
        return dict.fromkeys(QUANTILES, np.nan)
    numbers = significant(np.quantile(values, list(QUANTILES.values())))
    return dict(zip(QUANTILES, numbers.tolist(), strict=True))

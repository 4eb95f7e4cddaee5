"""What is in the data, before any model: pictures for people, and the tables that they show."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from specimen.common.files import write_csv
from specimen.common.hashing import hash_position
from specimen.data.dataset.meta import DatasetMeta
from specimen.data.dataset.store import SPLITS, Pictures
from specimen.data.exploration import summaries
from specimen.data.exploration.correlations import draw_correlations
from specimen.data.exploration.distributions import COLOURS, draw_classes, draw_numbers
from specimen.plotting.style import BLUE, draw_boxes, draw_gallery, heading, plot, shortened, with_unit
from specimen.plotting.target_by_feature import draw_features

MOST_PICTURES = 12
"""Samples that are drawn of numbers."""
MOST_CLASSES = 60
"""Classes that are drawn; the tables have them all."""
OFFSETS = {"train": -0.26, "val": 0.0, "test": 0.26}
"""Where the box of a split is, next to the tick that it belongs to."""


def draw(
    folder: Path,
    images: Pictures,
    means: summaries.Values,
    samples: pd.DataFrame,
    table: pd.DataFrame,
    meta: DatasetMeta,
) -> None:
    """Fill a folder with the pictures and tables of a prepared data set and its label table (cells as read).

    `means` are the mean red, green and blue of each picture, N x 3.

    What has nothing to show is left out: correlations without two numeric columns, missing.png without a gap,
    features.png without features, samples and colours without pictures.
    """
    target = with_unit(meta.target, meta.unit)
    names = list(meta.class_names)
    samples = samples.reset_index(drop=True)
    shown = sorted(samples["target"].value_counts().loc[names].nlargest(MOST_CLASSES).index) if names else []
    if names:
        draw_classes(folder, samples, names, shown, target)
    else:
        draw_numbers(folder, samples, target)
    if images.shape[1]:
        _draw_samples(folder / "samples.png", images, samples, shown, meta.unit)
        colours = summaries.colours(means, samples)
        write_csv(folder / "colours.csv", colours)
        _draw_colours(folder / "colours.png", colours)
    draw_features(folder / "features.png", samples, shown, target)
    gaps = summaries.missing(table)
    write_csv(folder / "missing.csv", gaps)
    if gaps["missing"].any():
        _draw_missing(folder / "missing.png", gaps, len(table))
    correlations = summaries.correlations(table, meta.target)
    if len(correlations):
        write_csv(folder / "correlations.csv", correlations)
        draw_correlations(folder / "correlations.png", correlations, meta.target)


def _draw_samples(path: Path, images: Pictures, samples: pd.DataFrame, names: list[str], unit: str) -> None:
    """Draw pictures chosen by the hash of their name (so that most stay when data are added), in order of target."""
    position = pd.Series(hash_position(samples["image"], ""))
    if names:
        of_each, columns = _class_grid(len(names))
        rows = [row for name in names for row in position[samples["target"] == name].nsmallest(of_each).index]
        captions = [_class_caption(name) for name in samples["target"][rows]]
        title = "One of each class" if of_each == 1 else f"{of_each} of each class"
    else:
        columns = 4
        order = samples["target"].argsort(kind="stable").to_numpy()
        rows = [position[members].idxmin() for members in np.array_split(order, min(MOST_PICTURES, len(order)))]
        captions = [f"{samples['target'][row]:.4g} {unit}\n{shortened(samples['image'][row])}" for row in rows]
        title = "Samples from the smallest to the largest target"
    draw_gallery(path, [images[row] for row in rows], captions, title, columns)


def _class_grid(classes: int) -> tuple[int, int]:
    """Return how many pictures of each class are drawn, and in how many columns."""
    if classes <= 6:
        return 4, 4
    return (2, 4) if classes <= 12 else (1, 6)


def _class_caption(name: str) -> str:
    words = " ".join(name.replace("_", " ").split())
    return shortened("\n".join(wrap(words, 18, max_lines=2, placeholder="…")), 60)


def _draw_colours(path: Path, colours: pd.DataFrame) -> None:
    with plot(path, height=4.2) as axes:
        for split in SPLITS:
            stats = colours[(colours["split"] == split) & (colours["samples"] > 0)]
            positions = [summaries.CHANNELS.index(channel) + OFFSETS[split] for channel in stats["channel"]]
            draw_boxes(axes, stats, positions, [COLOURS[split]] * len(stats), 0.2, vertical=True)
        axes.set_xticks(range(3), summaries.CHANNELS)
        axes.grid(visible=False, axis="x")
        heading(axes.figure, "Mean colour of the pictures (whiskers: 5% to 95%)")
        axes.set_ylabel("mean, 0 to 255")
        patches = [
            Patch(facecolor=colour, alpha=0.6, edgecolor="black", label=split) for split, colour in COLOURS.items()
        ]
        axes.figure.legend(handles=patches, loc="outside lower right", ncols=3)


def _draw_missing(path: Path, gaps: pd.DataFrame, rows: int) -> None:
    shown = gaps.sort_values("missing", ascending=False, kind="stable")[: summaries.MOST_COLUMNS].sort_index()
    of = f", {len(shown)} of {len(gaps)} columns" if len(shown) < len(gaps) else ""
    with plot(path, height=1.2 + 0.25 * len(shown)) as axes:
        axes.barh(range(len(shown)), shown["share"], 0.75, color=BLUE)
        for row, (share, count) in enumerate(zip(shown["share"], shown["missing"], strict=True)):
            axes.text(share, row, f" {count}", va="center", fontsize=10)
        axes.set_yticks(range(len(shown)), [shortened(name, 40) for name in shown["column"]], fontsize=10)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlim(0, 1.08)
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}" if share <= 1 else "")
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("share of the rows")
        heading(axes.figure, f"Empty cells in {rows} rows{of}")

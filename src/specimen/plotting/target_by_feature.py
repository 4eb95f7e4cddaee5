"""The target against each feature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from specimen.common.cells import as_dates, days
from specimen.plotting.style import (
    BLUE,
    GREY,
    draw_boxes,
    figure,
    heading,
    quantiles,
    scatter,
    shortened,
    with_unit,
)

STORE_COLUMNS = {"row", "image", "image_md5", "group", "split", "target"}
MOST_FEATURES = 16
MOST_CATEGORIES = 12


def draw_features(path: Path, samples: pd.DataFrame, names: list[str], target: str, level: float | None = None) -> None:
    """Draw the target against each feature that has values; with class `names`, each feature by class.

    `level` draws a line at a value of the target.
    """
    features = [name for name in map(str, samples.columns) if name not in STORE_COLUMNS and samples[name].notna().any()]
    if not features:
        return
    shortage = f", the first {MOST_FEATURES} of {len(features)}" if len(features) > MOST_FEATURES else ""
    features = features[:MOST_FEATURES]
    columns = min(2, len(features))
    rows = -(-len(features) // columns)
    height = 2.2 + 0.24 * len(names) if names else 3.9
    with figure(path, height=0.5 + height * rows) as panels:
        grid = panels.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for axes, name in zip(grid, features, strict=False):
            known = samples[samples[name].notna()]
            draw_panel = _classes_against if names else _target_against
            draw_panel(axes, known[name], known["target"], names)
            axes.set_xlabel(with_unit(name, "") + axes.get_xlabel())
            if level is not None:
                axes.axhline(level, color=GREY, linewidth=1)
        for axes in grid[len(features) :]:
            axes.set_axis_off()
        panels.supylabel("" if names else target, fontsize=12)
        whiskers = " (whiskers: 5% to 95%)" if any(axes.patches for axes in grid) else ""
        heading(panels, f"{target} against the features{shortage}{whiskers}")


def _target_against(axes: Axes, feature: pd.Series[Any], target: pd.Series[Any], _: list[str]) -> None:
    """Draw points over a number or a date, a box for each category."""
    values = _axis(axes, feature)
    if values is not None:
        scatter(axes, _spread(axes, values) if pd.api.types.is_numeric_dtype(feature) else values, target)
        return
    categories = _most_frequent(feature)
    names = list(categories.cat.categories)
    stats = pd.DataFrame(quantiles(target[categories == name].to_numpy()) for name in names)
    draw_boxes(axes, stats, range(len(names)), [BLUE] * len(names), 0.6, vertical=True)
    _name_categories(axes, categories)


def _classes_against(axes: Axes, feature: pd.Series[Any], target: pd.Series[Any], names: list[str]) -> None:
    """Draw a box for each class of a number or a date; of categories, draw their shares in each class."""
    values = _axis(axes, feature)
    if values is not None:
        stats = pd.DataFrame(quantiles(values[target == name].to_numpy()) for name in names)
        rows = np.flatnonzero(stats["median"].notna())
        draw_boxes(axes, stats.iloc[rows], rows.tolist(), [BLUE] * len(rows), 0.6, vertical=False)
    else:
        categories = _most_frequent(feature)
        shares = pd.crosstab(target, categories, normalize="index", dropna=False).reindex(names)
        axes.set_xlabel("\nblue: share within the class")
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.grid(visible=False)
        _name_categories(axes, categories)
    size = 10 if len(names) < 25 else 8
    axes.set_yticks(range(len(names)), [shortened(name, 32) for name in names], fontsize=size)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _axis(axes: Axes, feature: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return the feature as numbers, dates as days with the ticks for them; `None` if it is a category."""
    if pd.api.types.is_numeric_dtype(feature):
        return feature.astype("float64")
    dates = as_dates(feature)
    if dates is None:
        return None
    numbers = days(dates)
    axes.set_xlim(numbers.min() - 1, numbers.max() + 1)
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    return numbers


def _spread(axes: Axes, values: pd.Series[float]) -> pd.Series[float]:
    """Where there are few values, as with counts, move the points sideways a little, so that all can be seen."""
    unique = np.unique(values)
    gap = np.diff(unique).min(initial=np.ptp(unique))
    if not 1 < len(unique) <= MOST_CATEGORIES or gap < np.ptp(unique) / MOST_CATEGORIES:
        return values
    axes.set_xticks(unique)
    golden = np.arange(len(values)) * 0.6180339887 % 1 - 0.5
    spread: pd.Series[float] = values + 0.3 * gap * golden
    return spread


def _most_frequent(feature: pd.Series[Any]) -> pd.Series[Any]:
    """Return the categories in order of their names; all but the most frequent ones become one."""
    text = feature.astype(str)
    counts = text.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(counts) <= MOST_CATEGORIES:
        return text.astype(pd.CategoricalDtype(sorted(counts.index)))
    names = sorted(counts.index[: MOST_CATEGORIES - 1])
    rest = f"{len(counts) - len(names)} others"
    return text.where(text.isin(names), rest).astype(pd.CategoricalDtype([*names, rest]))


def _name_categories(axes: Axes, categories: pd.Series[Any]) -> None:
    counts = categories.value_counts().reindex(categories.cat.categories)
    fits = len("".join(counts.index)) < 36 and len(counts) < 6
    separator = "\n" if fits else " "
    labels = [f"{shortened(str(name), 20)}{separator}({count})" for name, count in counts.items()]
    axes.set_xticks(range(len(labels)), labels, rotation=0 if fits else 90, fontsize=10 if len(labels) < 8 else 9)
    axes.grid(visible=False, axis="x")

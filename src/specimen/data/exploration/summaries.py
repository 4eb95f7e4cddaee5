"""What there is to see in the data, as small tables: `explore.py` draws them, `dvc plots diff` compares them.

Everything is rounded to 6 digits and cut at round numbers, so that a table changes where the data change.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.cells import as_dates, days, to_number, to_text
from specimen.common.files import significant
from specimen.data.dataset.store import SPLITS
from specimen.plotting.style import quantiles

Values = npt.NDArray[np.float64]
MOST_BINS = 30
MOST_COLUMNS = 40
"""Columns of the label table that are correlated with each other."""
CHANNELS = ("red", "green", "blue")


def target_bins(samples: pd.DataFrame) -> pd.DataFrame:
    """Count the samples of each split by target: scale, low, high, split, samples; scale log if all are positive."""
    values = samples["target"].to_numpy(np.float64)
    scales = {"linear": (values, round_edges(values))}
    if (values > 0).all():
        logarithms = np.log10(values)
        scales["log"] = (logarithms, round_edges(logarithms))
    rows: list[pd.DataFrame] = []
    for scale, (scaled, edges) in scales.items():
        shown = significant(10**edges if scale == "log" else edges)
        for split in SPLITS:
            counts, _ = np.histogram(scaled[samples["split"] == split], edges)
            bins = {"scale": scale, "low": shown[:-1], "high": shown[1:], "split": split, "samples": counts}
            rows.append(pd.DataFrame(bins))
    return pd.concat(rows, ignore_index=True)


def target_quartiles(samples: pd.DataFrame) -> pd.DataFrame:
    """Describe the target of all samples and of each split: split, samples, groups, p5 to p95."""
    return pd.DataFrame(
        {"split": split, "samples": len(members), "groups": members["group"].nunique()}
        | quantiles(members["target"].to_numpy())
        for split, members in _splits(samples).items()
    )


def class_counts(samples: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Count the samples of each class by split: class, split, samples."""
    counts = pd.crosstab(samples["target"], samples["split"]).reindex(index=names, columns=SPLITS, fill_value=0)
    rows = [(name, split, counts.at[name, split]) for name in names for split in SPLITS]
    return pd.DataFrame(rows, columns=["class", "split", "samples"])


def class_shares(samples: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Describe the classes of all samples and of each split: split, class, samples, groups, share of the split."""
    rows: list[pd.DataFrame] = []
    for split, members in _splits(samples).items():
        by_class = members.groupby("target")["group"].agg(["size", "nunique"]).reindex(names, fill_value=0)
        size = by_class["size"].to_numpy()
        groups = by_class["nunique"].to_numpy()
        share = significant(size / max(len(members), 1))
        rows.append(pd.DataFrame({"split": split, "class": names, "samples": size, "groups": groups, "share": share}))
    return pd.concat(rows, ignore_index=True)


def colours(means: Values, samples: pd.DataFrame) -> pd.DataFrame:
    """Describe the mean colours of pictures, N x 3, in each split: split, channel, samples, p5 to p95."""
    rows: list[dict[str, object]] = []
    for position, channel in enumerate(CHANNELS):
        for split in SPLITS:
            members = (samples["split"] == split).to_numpy()
            counts = {"split": split, "channel": channel, "samples": int(members.sum())}
            rows.append(counts | quantiles(means[members, position]))
    return pd.DataFrame(rows)


def correlations(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return Pearson's r of each pair of numeric columns: column_a, column_b, r (NaN below 3 common rows).

    Dates count as numbers. Of more than `MOST_COLUMNS` columns, the ones that correlate best with the target stay.
    """
    columns = {name: as_numbers(cells) for name, cells in _named(table).items()}
    varying = {name: cells for name, cells in columns.items() if cells is not None and cells.nunique() > 1}
    r = pd.DataFrame(varying).corr(min_periods=3)
    if len(r) > MOST_COLUMNS:
        rank = r[target].abs().fillna(-1) if target in r else pd.Series(0.0, index=r.index)
        best = rank.sort_values(ascending=False, kind="stable").index[:MOST_COLUMNS]
        r = r.loc[r.index.isin(best), r.columns.isin(best)]
    pairs = pd.DataFrame(combinations(r.columns, 2), columns=["column_a", "column_b"])
    return pairs.assign(r=significant(r.to_numpy()[np.triu_indices(len(r), 1)]))


def missing(table: pd.DataFrame) -> pd.DataFrame:
    """Count the empty cells of each column: column, missing, share."""
    empty = {name: int(to_text(cells).isna().sum()) for name, cells in _named(table).items()}
    counts = pd.DataFrame({"column": list(empty), "missing": list(empty.values())})
    return counts.assign(share=significant(counts["missing"].to_numpy() / max(len(table), 1)))


def as_numbers(cells: pd.Series[Any]) -> pd.Series[float] | None:
    """Return the cells as numbers, dates as days since 1970; `None` where less than 9 in 10 cells are either."""
    filled = to_text(cells).notna()
    numbers = to_number(cells)
    if filled.any() and numbers[filled].notna().mean() < 0.9:
        dates = as_dates(cells)
        return None if dates is None else days(dates)
    return numbers


def round_edges(values: Values) -> Values:
    """Return the edges of at most 30 equal bins around the values, at multiples of 1, 2 or 5 times a power of ten."""
    low = float(values.min())
    high = float(values.max())
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        half = abs(low) / 20 or 0.5
        return np.array([low - half, low + half])
    bins = min(MOST_BINS - 1, max(5, round(3 * len(values) ** (1 / 3))))
    power = 10.0 ** np.floor(np.log10((high - low) / bins))
    width = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= (high - low) / bins)
    steps = np.arange(np.floor(low / width), np.floor(high / width) + 2)
    return np.array([float(f"{edge:.12g}") for edge in steps * width])


def _splits(samples: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"all": samples} | {split: samples[samples["split"] == split] for split in SPLITS}


def _named(table: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Return the columns by name; the second `weight` is called `weight (2)`."""
    columns: dict[str, pd.Series[Any]] = {}
    times = Counter[str]()
    for position, name in enumerate(map(str, table.columns)):
        times[name] += 1
        columns[f"{name} ({times[name]})" if times[name] > 1 else name] = table.iloc[:, position]
    return columns

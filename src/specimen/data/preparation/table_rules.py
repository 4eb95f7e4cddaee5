"""The rules that need no pixels: each is a pure function from the label table to the values that it objects to.

They read the columns `image_name`, `target_text`, `group`, `image`, `image_error` and `target` of `RawDataset.labels`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from specimen.config.prepare import Rules

MAX_LABEL = 1e30
"""No measurement is larger, and spreads and errors of labels up to it can be computed."""


def missing_label(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """No label."""
    text = table["target_text"]
    return text[text.isna()].map(lambda _: "")


def label_not_a_number(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The label is not a finite number."""
    return table["target_text"][table["target"].isna()]


def label_out_of_range(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The label is below `min` or above `max`; without these, too large to compute with its square."""
    bounds = rules.label_out_of_range
    low = -MAX_LABEL if bounds.min is None else bounds.min
    high = MAX_LABEL if bounds.max is None else bounds.max
    return table["target_text"][(table["target"] < low) | (table["target"] > high)]


def missing_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """No image is named, it is not there, or it must not be read."""
    return table["image_error"].dropna()


def missing_group(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """No group, where the data have groups."""
    return table["group"][table["group"].isna()].map(lambda _: "")


def duplicate_row(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """An image that several rows name: all but the first; if their labels or groups differ, all of them."""
    return repeats(table, by="image", told_apart_by=["target", "group"])


def twin_labels(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """Labels within one group that differ by more than `tolerance`."""
    by_group = table["target"].groupby(table["group"])
    spread = by_group.transform("max") - by_group.transform("min")
    return table["target_text"][spread > rules.twin_labels.tolerance]


def twin_classes(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """More than one class within one group."""
    classes = table.groupby("group")["target"].transform("nunique")
    return table["target_text"][classes > 1]


def repeats(table: pd.DataFrame, by: str, told_apart_by: list[str]) -> pd.Series[Any]:
    """Return the rows whose `by` came before, or all rows of one `by` where `told_apart_by` disagrees."""
    shared = table[table[by].duplicated(keep=False)]
    if shared.empty:
        return pd.Series(dtype=object)
    first = shared.groupby(by)["image_name"].transform("first")
    torn = (shared.groupby(by)[told_apart_by].transform("nunique", dropna=False) > 1).any(axis=1)
    value = "same as " + first.astype(str) + torn.map({True: ", but labelled otherwise", False: ""})
    return value[torn | shared[by].duplicated()]

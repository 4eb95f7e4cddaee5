"""The rules that reject rows: each one a pure function from the label table to what it objects to.

A rule returns the offending value of each row that breaks it, indexed like the table. `apply` gathers them into the
kept rows and the rejected ones, where each rejected row names the first rule that it broke.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from specimen.common.cells import to_number, to_text
from specimen.common.errors import SpecimenError
from specimen.config.prepare import Rules

Check = Callable[[pd.DataFrame, Rules], "pd.Series[Any]"]
REJECTED_COLUMNS = ["row", "image", "rule", "value"]
ALIKE = 1.5
"""Mean difference of two thumbnails, in grey levels of 255, up to which they show one photo: measured, one saved again
at half its size and JPEG quality 40 to 75 differs by 0.1 to 1.4, photos of two fruits on the same plate by 2 and more.
"""


def apply(
    checks: dict[str, Check], table: pd.DataFrame, rules: Rules
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Apply rules in turn, each to the rows that are left.

    Returns the kept rows, the rejected rows and the warnings, the latter two with `REJECTED_COLUMNS`. Raises
    `SpecimenError` with the first rows that break a rule whose action is `fail`.
    """
    rejected, warned = [], []
    for name, check in checks.items():
        rule = getattr(rules, name)
        if rule.action == "off":
            continue
        values = check(table, rules)
        broken = pd.DataFrame(
            {"row": values.index, "image": table.loc[values.index, "image"].to_numpy(), "rule": name,
             "value": values.map(str).to_numpy()}, columns=REJECTED_COLUMNS)  # fmt: skip
        if rule.action == "fail" and len(broken):
            raise SpecimenError(f"prepare.rules.{name}: {len(broken)} rows break it, and its action is fail:\n"
                                f"{broken.head(10).to_string(index=False)}")  # fmt: skip
        if rule.action == "warn":
            warned.append(broken)
        else:
            rejected.append(broken)
            table = table.drop(values.index)
    return table, _stack(rejected), _stack(warned)


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=REJECTED_COLUMNS)


def missing_label(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """No label."""
    text = to_text(table["target"])
    return text[text.isna()].map(lambda _: "")


def label_not_a_number(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The label is no finite number."""
    return table["target"][to_number(table["target"]).isna()]


def label_out_of_range(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The label is below `min` or above `max`."""
    bounds, numbers = rules.label_out_of_range, to_number(table["target"])
    low = -np.inf if bounds.min is None else bounds.min
    high = np.inf if bounds.max is None else bounds.max
    return table["target"][(numbers < low) | (numbers > high)]


def missing_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """No image is named, it is not there, or it must not be read. Needs the column `file_error`."""
    return table["file_error"].dropna()


def duplicate_row(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """An image that stands in several rows: all but the first; if their labels or groups differ, all of them."""
    return _repeats(table, by="file", told_apart_by=["target", "group"])


def twin_labels(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """Labels within one group that differ by more than `tolerance`."""
    numbers = to_number(table["target"]).groupby(table["group"])
    spread = numbers.transform("max") - numbers.transform("min")
    return table["target"][spread > rules.twin_labels.tolerance]


def twin_classes(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """More than one class within one group."""
    kinds = table.groupby("group")["target"].transform("nunique")
    return table["target"][kinds > 1]


def unreadable_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The image cannot be decoded. Needs the column `decode_error`."""
    return table["decode_error"].dropna()


def small_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """A side of the image is too short. Needs the columns `image_width` and `image_height`."""
    small = table[["image_width", "image_height"]].min(axis=1) < rules.small_image.min_side
    return table["image_width"].astype(str)[small] + " x " + table["image_height"].astype(str)[small]


def duplicate_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The same pixels in several files: all but the first; if labels differ, all. Needs the column `pixels`."""
    return _repeats(table, by="pixels", told_apart_by=["target"])


def near_duplicate(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """A picture that looks like one in another group, the later of the two: both its hash and its thumbnail are near.

    Needs the columns `perceptual_hash` (uint64) and `thumbnail` (bytes). The hash alone is fooled by dark, smooth
    pictures, where a bit is a matter of noise.
    """
    hashes = table["perceptual_hash"].to_numpy(np.uint64)
    thumbnails = np.array([np.frombuffer(grey, np.uint8) for grey in table["thumbnail"]], dtype=np.int16)
    groups = pd.factorize(table["group"])[0]
    images, index = table["image"].to_numpy(), table.index.to_numpy()
    found: dict[Any, str] = {}
    for row in range(1, len(table)):
        near = np.bitwise_count(hashes[:row] ^ hashes[row]) <= rules.near_duplicate.distance
        earlier = np.flatnonzero(near & (groups[:row] != groups[row]))
        alike = (
            earlier[np.abs(thumbnails[earlier] - thumbnails[row]).mean(axis=1) <= ALIKE] if len(earlier) else earlier
        )
        if len(alike):
            found[index[row]] = f"like {images[alike[0]]}"
    return pd.Series(found, dtype=object)


def small_class(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """A class with too few samples."""
    sizes = table.groupby("target")["target"].transform("size")
    small = sizes < rules.small_class.min_samples
    return table["target"][small].map(str) + ": " + sizes[small].map(str) + " samples"


def _repeats(table: pd.DataFrame, by: str, told_apart_by: list[str]) -> pd.Series[Any]:
    """Return the rows whose `by` stood before, or all rows of one `by` where `told_apart_by` disagrees."""
    shared = table[table[by].duplicated(keep=False)]
    if shared.empty:
        return pd.Series(dtype=object)
    first = shared.groupby(by)["image"].transform("first")
    torn = (shared.groupby(by)[told_apart_by].transform("nunique", dropna=False) > 1).any(axis=1)
    value = "same as " + first.astype(str) + torn.map({True: ", but labelled otherwise", False: ""})
    return value[torn | shared[by].duplicated()]


def _by_name(*checks: Check) -> dict[str, Check]:
    return {check.__name__: check for check in checks}


_TABLE_CHECKS: dict[str, dict[str, Check]] = {
    "regression": _by_name(
        missing_label, label_not_a_number, label_out_of_range, missing_image, duplicate_row, twin_labels
    ),
    "classification": _by_name(missing_label, missing_image, duplicate_row) | {"twin_labels": twin_classes},
}
_ABOUT_PICTURES = {"missing_image", "duplicate_row"} | set(
    _by_name(unreadable_image, small_image, duplicate_image, near_duplicate)
)
_PICTURE_CHECKS: dict[str, dict[str, Check]] = {
    "regression": _by_name(unreadable_image, small_image, duplicate_image, near_duplicate),
    # Classes are counted last, when only good samples are left.
    "classification": _by_name(unreadable_image, small_image, duplicate_image, near_duplicate, small_class),
}


def table_checks(task: str, *, pictures: bool = True) -> dict[str, Check]:
    """Return the rules that need the table alone, by name; without `pictures` those that make sense there."""
    return _without(_TABLE_CHECKS[task], pictures)


def picture_checks(task: str, *, pictures: bool = True) -> dict[str, Check]:
    """Return the rules that come after decoding, by name; without `pictures` those that make sense there."""
    return _without(_PICTURE_CHECKS[task], pictures)


def _without(checks: dict[str, Check], pictures: bool) -> dict[str, Check]:
    return {name: check for name, check in checks.items() if pictures or name not in _ABOUT_PICTURES}

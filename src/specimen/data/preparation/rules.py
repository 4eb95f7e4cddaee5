"""Applying rules to the label table: which rows are kept, which are rejected or warned of, and why.

A rule returns the offending value of each row that breaks it, indexed like the table. `apply` sorts the rows into the
kept and the rejected ones, where each rejected row names the first rule that it broke.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from specimen.config.base import TaskName
from specimen.config.prepare import Rules
from specimen.data.preparation.photo_rules import (
    blurred_image,
    dark_image,
    odd_shape,
    odd_size,
    overexposed_image,
)
from specimen.data.preparation.picture_rules import (
    duplicate_image,
    low_contrast,
    near_duplicate,
    small_class,
    small_image,
    unreadable_image,
)
from specimen.data.preparation.rejections import RejectedRowsError
from specimen.data.preparation.table_rules import (
    duplicate_row,
    label_not_a_number,
    label_out_of_range,
    missing_group,
    missing_image,
    missing_label,
    twin_classes,
    twin_labels,
)

Check = Callable[[pd.DataFrame, Rules], "pd.Series[Any]"]
REJECTED_COLUMNS = ["row", "image", "rule", "value"]
"""Of rejected.csv and warned.csv; `image` is the name as the sheet writes it."""


def apply(
    checks: dict[str, Check], table: pd.DataFrame, rules: Rules
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Apply rules in turn, each to the rows that are left.

    Returns the kept rows, the rejected rows and the warnings, the latter two with `REJECTED_COLUMNS`. Raises
    `SpecimenError` with the first rows that break a rule whose action is `fail`.
    """
    rejected: list[pd.DataFrame] = []
    warned: list[pd.DataFrame] = []
    for name, check in checks.items():
        rule = getattr(rules, name)
        if rule.action == "off":
            continue
        values = check(table, rules)
        names = table.loc[values.index, "image_name"]
        columns = {"row": values.index, "image": names.to_numpy(), "rule": name, "value": values.map(str).to_numpy()}
        broken = pd.DataFrame(columns, columns=REJECTED_COLUMNS)
        if rule.action == "fail" and len(broken):
            raise RejectedRowsError(
                f"prepare.rules.{name}: {len(broken)} rows break it, and its action is fail:\n"
                f"{broken.head(10).to_string(index=False)}",
                broken,
            )
        if rule.action == "warn":
            warned.append(broken)
        else:
            rejected.append(broken)
            table = table.drop(values.index)
    return table, _stack(rejected), _stack(warned)


def _stack(tables: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=REJECTED_COLUMNS)


def _by_name(*checks: Check) -> dict[str, Check]:
    return {check.__name__: check for check in checks}


_TABLE_CHECKS: dict[TaskName, dict[str, Check]] = {
    "regression": _by_name(
        missing_label, label_not_a_number, label_out_of_range, missing_image, missing_group, duplicate_row, twin_labels
    ),
    "classification": _by_name(missing_label, missing_image, missing_group, duplicate_row)
    | {"twin_labels": twin_classes},
}
_PIXEL_CHECKS = _by_name(
    unreadable_image, small_image, low_contrast, blurred_image, dark_image, overexposed_image, odd_shape, odd_size,
    duplicate_image, near_duplicate,
)  # fmt: skip
_PICTURE_CHECKS: dict[TaskName, dict[str, Check]] = {
    "regression": _PIXEL_CHECKS,
    # Classes are counted last, when only good samples are left.
    "classification": _PIXEL_CHECKS | _by_name(small_class),
}
_ABOUT_PICTURES = {"missing_image", "duplicate_row", *_PIXEL_CHECKS}


def table_checks(task: TaskName, *, pictures: bool = True, groups: bool = True) -> dict[str, Check]:
    """Return the rules that need the table alone, by name; without `pictures` or `groups`, those that make sense."""
    checks = _applicable(_TABLE_CHECKS[task], pictures)
    return checks if groups else {name: check for name, check in checks.items() if name != missing_group.__name__}


def picture_checks(task: TaskName, *, pictures: bool = True) -> dict[str, Check]:
    """Return the rules that come after decoding, by name; without `pictures` only those that make sense there."""
    return _applicable(_PICTURE_CHECKS[task], pictures)


def _applicable(checks: dict[str, Check], pictures: bool) -> dict[str, Check]:
    return {name: check for name, check in checks.items() if pictures or name not in _ABOUT_PICTURES}

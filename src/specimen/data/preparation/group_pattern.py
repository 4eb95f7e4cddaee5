"""Groups that are in the names of the photos: a number of a leaf, a folder of a plant."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pandas as pd

from specimen.config.data import GROUP_PART


def find_groups(images: pd.Series[Any], pattern: str) -> tuple[pd.Series[Any], list[str]]:
    """Return the named part of the pattern in each path, `None` where it does not match; and a note on these.

    Raises nothing: params refuse a pattern that is not valid.
    """
    expression = re.compile(pattern)

    def find(path: str | None) -> str | None:
        found = expression.search(unicodedata.normalize("NFC", path)) if path else None
        return (found[GROUP_PART] or None) if found else None

    groups = images.map(find).astype(object)
    groups = groups.where(groups.notna(), None)
    without = images[images.notna() & groups.isna()]
    if without.empty:
        return groups, []
    note = f"data.group_pattern matches {groups.notna().sum()} of {images.notna().sum()} photos, and not "
    return groups, [note + f"'{without.iloc[0]}'; what it does not match is a group of its own"]

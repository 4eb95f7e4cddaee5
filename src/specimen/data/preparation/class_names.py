"""Names that look like two spellings of one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pandas as pd

from specimen.common.cells import spelling
from specimen.common.numbers import SHOWN

_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


def find_alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the sets of names that differ only in case, blanks, dashes (see `spelling`) or leading zeros; sorted."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for name in names:
        spellings[spelling(_LEADING_ZEROS.sub("", name))].add(name)
    return sorted(tuple(sorted(same)) for same in spellings.values() if len(same) > 1)


def note_alike(names: pd.Series[Any], key: str, what: str) -> list[str]:
    """Return notes on names that hardly differ."""
    alike = find_alike(names.dropna().unique())
    more = [f"{key}: {len(alike) - SHOWN} more sets of names hardly differ"] if len(alike) > SHOWN else []
    but = "differ only in case, blanks, dashes or zeros"
    return [
        f"{key}: {' and '.join(map(repr, same))} {but}, and are {len(same)} {what}" for same in alike[:SHOWN]
    ] + more

"""Rows that rules reject, where a fault follows from it: the message counts them by rule, a file lists them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.common.files import write_csv

SHOWN = 400
"""Letters of a cell in a message; the file has all."""
KEPT_ASIDE = Path("data/rejected.csv")
"""Where the rejected rows are after a stage has failed: `data/prepared/rejected.csv` is that of the last good run."""


class RejectedRowsError(SpecimenError):
    """A fault that rejected rows explain, or contribute to."""

    def __init__(self, message: str, rejected: pd.DataFrame) -> None:
        super().__init__(message)
        self.rejected = rejected


def count_by_rule(rejected: pd.DataFrame) -> str:
    """Return a line for each rule that rejected rows, the one with most of them first."""
    by_rule = sorted(rejected.groupby("rule", sort=False), key=lambda group: -len(group[1]))
    firsts = [(rule, len(rows), rows.iloc[0]) for rule, rows in by_rule]
    return "\n".join(
        f"  {count} by {rule}, the first in row {first['row']}: image {first['image']!r}, {_shortened(first['value'])}"
        for rule, count, first in firsts
    )


def _shortened(value: str) -> str:
    return value if 0 < len(value) <= SHOWN else f"{value[:SHOWN]}..." if value else "empty"


@contextmanager
def blame_rejected(rejected: pd.DataFrame, rows: int) -> Iterator[None]:
    """Let a `SpecimenError` also name the rules that rejected some of `rows` rows, if there are any."""
    try:
        yield
    except SpecimenError as error:
        if rejected.empty:
            raise
        counts = f"{len(rejected)} of {rows} rows are rejected by prepare.rules:\n{count_by_rule(rejected)}"
        raise RejectedRowsError(f"{error}\n{counts}", rejected) from None


@contextmanager
def keep_rejected_aside() -> Iterator[None]:
    """Write the rejected rows to `KEPT_ASIDE` where they are part of a fault; what a run before has left there goes."""
    KEPT_ASIDE.unlink(missing_ok=True)
    try:
        yield
    except RejectedRowsError as error:
        write_csv(KEPT_ASIDE, error.rejected)
        raise SpecimenError(f"{error}\nAll {len(error.rejected)} are in {KEPT_ASIDE}.") from None

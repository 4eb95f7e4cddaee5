"""The sheets of several batches as one, joined by the names of their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from specimen.data.readers.tables import Table

Sheets = Mapping[str | None, Table]
"""By batch; a single sheet without batches goes by `None`."""
SHOWN = 3
"""Batches that a note names."""
MOST_COLUMNS = 20
"""Columns that a note names."""


def join_sheets(sheets: Sheets) -> pd.DataFrame:
    """Return all rows of all sheets, with the columns of the first sheet first; `None` where a sheet lacks one."""
    if None in sheets:
        return sheets[None].cells
    joined = pd.concat([sheet.cells.set_axis(_unique(sheet), axis="columns") for sheet in sheets.values()])
    return joined.astype(object).where(joined.notna(), None)


def note_differences(sheets: Sheets) -> list[str]:
    """Return a note on the columns that not every sheet has: which batches lack each, or which alone have it."""
    having: dict[str, list[str]] = {}
    for batch, sheet in sheets.items():
        for name in _unique(sheet):
            having.setdefault(name, []).append(str(batch))
    differing = {name: batches for name, batches in having.items() if len(batches) < len(sheets)}
    if not differing:
        return []
    said = [_say(name, batches, list(map(str, sheets))) for name, batches in differing.items()]
    more = f"; and {len(said) - MOST_COLUMNS} more" if len(said) > MOST_COLUMNS else ""
    return [f"data.table: columns that not every batch has: {'; '.join(said[:MOST_COLUMNS])}{more}"]


def name_batches(batches: Sequence[str]) -> str:
    """Return the first batches, and how many more there are, for a message."""
    return ", ".join(batches[:SHOWN]) + (f" and {len(batches) - SHOWN} more" if len(batches) > SHOWN else "")


def _say(name: str, having: list[str], batches: list[str]) -> str:
    lacking = [batch for batch in batches if batch not in having]
    if len(having) <= len(lacking):
        return f"'{name}' is only in {name_batches(having)}"
    return f"'{name}' is not in {name_batches(lacking)}"


def _unique(sheet: Table) -> list[str]:
    """Return the names of the columns; the second `weight` is called `weight (2)`."""
    times = Counter[str]()
    names = []
    for name in map(str, sheet.cells.columns):
        times[name] += 1
        names.append(f"{name} ({times[name]})" if times[name] > 1 else name)
    return names

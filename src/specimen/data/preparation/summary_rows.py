"""Rows below a table that sum it up. In a table without pictures nothing else keeps them from being learnt."""

from __future__ import annotations

from typing import Any

import pandas as pd

from specimen.common.cells import cell_text

LAST = 8
"""Rows at the end of a table in which such words are looked for."""
WORDS = frozenset(
    [
        *(
            "sum",
            "total",
            "grand total",
            "subtotal",
            "mean",
            "average",
            "avg",
            "median",
            "sd",
            "std",
            "std dev",
            "stdev",
        ),
        *("min", "max", "count", "n", "summe", "gesamt", "mittel", "mittelwert", "durchschnitt", "anzahl"),
    ]
)


def note_summary_rows(sheet: pd.DataFrame) -> list[str]:
    """Return a note on the rows at the end of a sheet that begin with a word such as Sum or Mean."""
    found = [(row, word) for row, cells in sheet.tail(LAST).iterrows() if (word := _first_text(cells)) is not None]
    named = ", ".join(f"'{word}' in row {row}" for row, word in found if word.rstrip(":").casefold() in WORDS)
    return [f"rows that look like a summary, and are read as samples: {named}; delete them"] if named else []


def _first_text(cells: pd.Series[Any]) -> str | None:
    return next((text for cell in cells if (text := cell_text(cell)) is not None), None)

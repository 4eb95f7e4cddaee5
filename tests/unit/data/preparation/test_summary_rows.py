"""Rows below a table that sum it up are said, where no picture is missing to reject them."""

import pandas as pd

from specimen.data.preparation.summary_rows import note_summary_rows


def sheet(*last: str | None) -> pd.DataFrame:
    names = ["a", "b", *last]
    return pd.DataFrame({"no": None, "name": names, "price": range(len(names))}, index=range(2, len(names) + 2))


def test_they_are_named_with_their_rows() -> None:
    (note,) = note_summary_rows(sheet("Sum", None, "Mittelwert:"))
    assert "'Sum' in row 4, 'Mittelwert:' in row 6" in note


def test_other_rows_are_not() -> None:
    assert note_summary_rows(sheet("Summer", "meanwhile", None)) == []
    assert note_summary_rows(sheet("Sum", *"cdefghij")) == []

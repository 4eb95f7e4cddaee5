"""Empty cells below a filled one: what looks as if the value above is meant."""

import pandas as pd
import pytest

from specimen.data.preparation.blank_cells import fill_down, find_blank_below


def column(letters: str) -> pd.Series:
    """Return a cell for each letter; a blank is an empty one."""
    return pd.Series([None if letter == " " else letter for letter in letters], dtype=object)


@pytest.mark.parametrize("letters", ["a b c ", "a  b   c", "a       ", "a b a b ", "abcdefghij  "])
def test_names_that_are_written_once(letters: str) -> None:
    cells = column(letters)
    assert find_blank_below(cells, cells.notna() | True) == cells.index[cells.isna()].tolist()


def test_units_below_the_header_hide_nothing() -> None:
    cells = column(" a b c ")
    assert find_blank_below(cells, cells.notna() | True) == [2, 4, 6]


@pytest.mark.parametrize("letters", ["aabb cc  dd", " abc ", "abcd", "ab c", "    ", "a a bb  c"])
def test_names_that_are_not_known(letters: str) -> None:
    cells = column(letters)
    assert find_blank_below(cells, cells.notna() | True) == []


def test_empty_rows_do_not_count_and_stay_empty() -> None:
    cells, used = column("  a  b"), pd.Series([False, False, True, False, True, True])
    assert find_blank_below(cells, used) == []
    filled, count = fill_down(cells, used)
    assert filled.tolist() == [None, None, "a", None, "a", "b"]
    assert count == 1

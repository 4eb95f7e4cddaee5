"""Cells are read as the numbers that they mean, or the column is called ambiguous; never anything else."""

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from specimen.common.numbers import MISSING_MARKS, Numbers, read_numbers


def read(*cells: Any, **options: Any) -> Numbers:
    return read_numbers(pd.Series(cells, dtype=object), **options)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("900", "902.5"), [900, 902.5]),
        (("3,5", "2,25", "7"), [3.5, 2.25, 7]),
        (("3,5", "3.5", "2,25"), [3.5, 3.5, 2.25]),  # each has one reading by itself
        (("3,5", "1,234"), [3.5, 1.234]),
        (("0.007", "1.007"), [0.007, 1.007]),
        (("1000.125", "1.007"), [1000.125, 1.007]),
        (("1,234.5", "2,000"), [1234.5, 2000]),
        (("1.234,5", "1.007"), [1234.5, 1007]),
        (("1.234.567", "1.007"), [1234567, 1007]),
        (("1 234,5", "1'234", "1\u00a0234", "1\u2019234"), [1234.5, 1234, 1234, 1234]),
        (("WAHR", "false", "TRUE"), [1, 0, 1]),
        (("\u22123.5", "+2.5", "1e-3", "1,5E2"), [-3.5, 2.5, 0.001, 150]),
        ((1.007, 902, np.int64(5)), [1.007, 902, 5]),  # as a spreadsheet stores them
        ((True, 0, "1", "WAHR"), [1, 0, 1, 1]),
    ],
)
def test_what_has_one_reading_is_read(cells: tuple[Any, ...], expected: list[float]) -> None:
    numbers = read(*cells)
    assert numbers.values.tolist() == expected
    assert numbers.ambiguity is None
    assert numbers.strange.empty


@pytest.mark.parametrize(
    "cells",
    [
        ("900", "902", "1.007"),
        ("1,007", "902"),
        (0.5, 2.0, "1,033"),
        ("250.000", "95000"),
        ("0.5", "1,234"),
        ("1.007", "2.013"),
    ],
)
def test_what_has_two_readings_is_not_guessed(cells: tuple[Any, ...]) -> None:
    numbers = read(*cells)
    assert numbers.ambiguity is not None
    unclear = [cell for cell in cells if isinstance(cell, str) and len(cell.replace(",", ".").split(".")[-1]) == 3]
    assert [text for _, text in numbers.ambiguity.cells] == [text for text in unclear if not text.isdigit()]


def test_an_ambiguity_names_cells_and_both_readings() -> None:
    cells = pd.Series(["900", "1.007", "1.033", "2.001", "4.000"], index=range(2, 7), dtype=object)
    ambiguity = read_numbers(cells).ambiguity
    assert ambiguity is not None
    assert ambiguity.describe() == (
        "'1.007' in row 3, '1.033' in row 4, '2.001' in row 5 and 1 more: is '1.007' 1.007 or 1007?"
    )


def test_a_settled_decimal_mark_decides() -> None:
    cells = ("1.007", "1,234", "2,5", "1.234,5")
    point, comma = read(*cells, decimal="point"), read(*cells, decimal="comma")
    assert point.values.fillna(-1).tolist() == [1.007, 1234, -1, -1]
    assert point.strange.tolist() == ["2,5", "1.234,5"]
    assert comma.values.tolist() == [1007, 1.234, 2.5, 1234.5]
    assert point.ambiguity is comma.ambiguity is None


def test_marks_of_missing_values_are_counted_as_they_are_written() -> None:
    numbers = read("NA", "n/a", "?", "NA", "1.5", "", None, math.nan, pd.NA, " - ")
    assert numbers.missing == {"NA": 2, "n/a": 1, "?": 1, "-": 1}
    assert numbers.values.notna().sum() == 1
    assert read("x", "1", marks=["x"]).missing == {"x": 1}
    assert read("NA", "1", marks=[]).strange.tolist() == ["NA"]


def test_infinite_values_count_as_missing() -> None:
    numbers = read("inf", "-Infinity", "1e400", math.inf, "3")
    assert numbers.infinite == 4
    assert numbers.values.dropna().tolist() == [3]


def test_true_and_false_are_not_numbers_among_others() -> None:
    numbers = read(0.5, True, "FALSCH", 1, 0)
    assert numbers.values.tolist() == pytest.approx([0.5, np.nan, np.nan, 1, 0], nan_ok=True)
    assert numbers.strange.to_dict() == {1: "True", 2: "FALSCH"}


def test_an_error_of_excel_counts_as_missing() -> None:
    assert read(0.5, "#DIV/0!", "#WERT!").missing == {"#DIV/0!": 1, "#WERT!": 1}


def test_cells_that_are_not_numbers_are_named() -> None:
    cells = pd.Series(["1", "12 g", "1.2.3", "1,23,4", "two", "=A1"], index=range(2, 8), dtype=object)
    assert read_numbers(cells).strange.index.tolist() == [3, 4, 5, 6, 7]


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], list[float]]:
    """Numbers, and how somebody with one habit writes them."""
    digits = draw(st.integers(0, 4))
    whole = st.integers(-(10**7), 10**7)
    values = [number / 10**digits for number in draw(st.lists(whole, min_size=1, max_size=8))]
    mark, group = draw(st.sampled_from([".", ",", ".,", ",.", ". ", ", ", ".'"])), ""
    if len(mark) == 2:
        mark, group = mark
    is_padded = draw(st.booleans())
    texts = []
    for value in values:
        text = f"{value:,.{digits}f}" if is_padded or not digits else f"{value:,.{digits}f}".rstrip("0").rstrip(".")
        texts.append(text.replace(",", "\0").replace(".", mark).replace("\0", group))
    return texts, [float(f"{value:.{digits}f}") for value in values]


@settings(max_examples=1000, deadline=None)
@given(columns(), st.lists(st.sampled_from(MISSING_MARKS), max_size=2))
def test_a_column_means_what_was_meant_or_is_ambiguous(column: tuple[list[str], list[float]], marks: list[str]) -> None:
    texts, meant = column
    numbers = read(*texts, *marks)
    assert numbers.strange.empty
    assert sum(numbers.missing.values()) == len(marks)
    found = numbers.values.tolist()[: len(texts)]
    if numbers.ambiguity is None:
        assert found == meant
    else:  # what is not ambiguous is right all the same
        assert all(math.isnan(value) or value == wanted for value, wanted in zip(found, meant, strict=True))


def test_a_column_of_two_hands_does_not_decide_what_is_thousands() -> None:
    numbers = read("3,5", "2.25", "1.007", "900")
    assert numbers.ambiguity is not None
    assert [text for _, text in numbers.ambiguity.cells] == ["1.007"]

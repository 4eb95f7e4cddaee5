"""What the cells of one column mean, and what is reported of them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.common.numbers import MISSING_MARKS
from specimen.data.preparation.columns import ColumnReader


def column(*cells: Any) -> pd.Series:
    return pd.Series(cells, index=range(2, len(cells) + 2), dtype=object, name="age")


def reader(**changes: Any) -> ColumnReader:
    return ColumnReader(**{"decimal": "auto", "marks": MISSING_MARKS} | changes)


def test_the_target_is_read_and_a_text_is_left_to_the_rules() -> None:
    read = reader()
    assert read.target(column("1,5", "12 g", None), "data.target").tolist() == pytest.approx(
        [1.5, np.nan, np.nan], nan_ok=True
    )
    assert read.notes == []


def test_a_target_with_two_readings_stops_the_run_and_names_cells_and_param() -> None:
    with pytest.raises(SpecimenError, match=r"'1\.007' in row 4.*1\.007 or 1007.*data\.decimal"):
        reader().target(column("900", "902", "1.007"), "data.target")
    assert reader(decimal="point").target(column("900", "1.007"), "data.target").tolist() == [900, 1.007]
    assert reader(decimal="comma").target(column("900", "1.007"), "data.target").tolist() == [900, 1007]


@pytest.mark.parametrize("mark", ["NA", "?", "-", "n/a"])
def test_one_mark_of_a_missing_value_does_not_make_a_category_of_a_number(mark: str) -> None:
    read = reader()
    ages = read.feature(column("7", "14", mark, "21"), "age", "data.features[0]")
    assert ages.tolist() == pytest.approx([7, 14, np.nan, 21], nan_ok=True)
    assert read.notes == [f"data.features[0]: 'age': cells read as missing: '{mark}' 1"]


def test_one_point_among_commas_does_not_make_a_category_of_a_number() -> None:
    assert reader().feature(column("3,5", "2,5", "3.5"), "age", "data.features[0]").tolist() == [3.5, 2.5, 3.5]


def test_one_infinite_value_costs_no_other() -> None:
    read = reader()
    ages = read.feature(column("7", "inf", "1e400"), "age", "data.features[0]")
    assert ages.tolist() == pytest.approx([7, np.nan, np.nan], nan_ok=True)
    assert read.notes == ["data.features[0]: 'age': infinite values read as missing: 2"]


def test_a_text_among_numbers_stops_the_run() -> None:
    with pytest.raises(SpecimenError, match=r"3 numbers and 1 other cells: 'week 2' in row 3.*data\.missing"):
        reader().feature(column("7", "week 2", "14", "21"), "age", "data.features[0]")
    assert reader(categories=["age"]).feature(column("7", "7.0", "B"), "age", "k").tolist() == ["7", "7", "B"]
    assert reader(marks=["week 2"]).feature(column("7", "week 2"), "age", "").tolist()[0] == 7


def test_texts_are_categories_and_marks_are_missing() -> None:
    assert reader().feature(column("control", "NA", "drought", "2"), "age", "").tolist() == [
        "control",
        None,
        "drought",
        "2",
    ]


def test_a_name_is_one_however_it_is_written() -> None:
    cells = column("3", "3.0", 3.0, " 3 ", "M\u00fcller", "Mu\u0308ller", "007", "n/a")
    assert reader().name(cells, "data.group[0]").tolist() == [
        "3",
        "3",
        "3",
        "3",
        "M\u00fcller",
        "M\u00fcller",
        "007",
        None,
    ]


def test_numbers_with_the_other_mark_do_not_become_categories() -> None:
    with pytest.raises(
        SpecimenError, match=r"data\.decimal: comma does not allow: '1280\.0' in row 2, '2\.5' in row 3"
    ):
        reader(decimal="comma").feature(column("1280.0", "2.5", "control"), "age", "data.features[0]")


@pytest.mark.parametrize(
    "cells", [("10 %", "20 %", "5 %"), ("3,5 cm", "4 cm"), ("€ 3", "€ 12.50"), ("'7", "'14"), ("4 m2", "5 m2")]
)
def test_numbers_with_a_unit_do_not_become_categories(cells: tuple[str, ...]) -> None:
    with pytest.raises(SpecimenError, match=rf"{len(cells)} numbers .* unit .*'{cells[0]}' in row 2.*data\.categories"):
        reader().feature(column(*cells), "age", "data.features[0]")
    assert reader(categories=["age"]).feature(column(*cells), "age", "").tolist() == list(cells)


@pytest.mark.parametrize(
    "cells", [("1A", "1B", "2A", "2B"), ("24.12.2024", "25.12.2024"), ("bed 1", "bed 2"), ("7-14", "14-21")]
)
def test_texts_with_digits_are_categories(cells: tuple[str, ...]) -> None:
    assert reader().feature(column(*cells), "age", "").tolist() == list(cells)

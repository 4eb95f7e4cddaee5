"""A picture gets the features of its own row, and never those of another."""

from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.data.dataset import features
from specimen.data.dataset.features import CategoryFeature
from specimen.data.readers.tables import Table
from specimen.inference.feature_table import Style, join_features, unknown_features

SHEET = Path("labels.xlsx")
AGE = {"age": builders.AGE}
SOIL = {"soil": CategoryFeature(categories=("loam", "sand"))}


def table(**columns: list[object]) -> Table:
    """Return a table as `read_table` gives it."""
    read = pd.DataFrame(columns, dtype=object)
    return Table(SHEET, read.set_index(pd.RangeIndex(2, 2 + len(read), name="row")), [])


def join(
    given: Table, column: str, images: list[str], known: features.Features, style: Style | None = None
) -> tuple[pd.DataFrame, list[str]]:
    return join_features(given, column, images, known, style or Style())


@pytest.mark.parametrize("image", ["a.png", "x/a.png", "/far/x/A.PNG", "photos.zip/x/a.png"])
@pytest.mark.parametrize("written", ["a.png", " A.png ", "./a.PNG"])
def test_a_file_name_is_enough(image: str, written: str) -> None:
    found, notes = join(table(image=["b.png", written], age=[1, 7]), "image", [image], AGE)
    assert found["age"].tolist() == [7]
    assert notes == []


def test_a_longer_name_tells_two_folders_apart() -> None:
    given = table(image=["x/a.png", "y\\a.png"], age=[1, 2])
    found, _ = join(given, "image", ["p/y/a.png", "p/x/a.png"], AGE)
    assert found["age"].tolist() == [2, 1]


def test_a_row_of_another_folder_does_not_count() -> None:
    found, notes = join(table(image=["x/a.png", "b.png"], age=[1, 2]), "image", ["y/a.png", "b.png"], AGE)
    assert found["age"].isna().tolist() == [True, False]
    assert notes == ["labels.xlsx: no row for 1 of 2 photos, so their features are missing: y/a.png"]


def test_a_name_for_two_pictures_is_refused() -> None:
    with pytest.raises(SpecimenError, match=r"'a.png' in row 2 could be x/a.png or y/a.png. Add the folder"):
        join(table(image=["a.png"], age=[1]), "image", ["x/a.png", "y/a.png"], AGE)


def test_two_rows_for_a_picture_are_refused() -> None:
    with pytest.raises(SpecimenError, match=r"labels.xlsx: rows 2, 3 all name x/a.png"):
        join(table(image=["a.png", "A.png"], age=[1, 2]), "image", ["x/a.png"], AGE)


def test_german_numbers_are_read_by_column() -> None:
    found, _ = join(table(image=["a.png", "b.png"], age=["1,5", "2"]), "image", ["b.png", "a.png"], AGE)
    assert found["age"].tolist() == [2, 1.5]


def test_a_cell_that_the_model_cannot_use_is_shown() -> None:
    given = table(image=["a.png", "b.png"], age=["old", 3], soil=["clay", None])
    found, notes = join(given, "image", ["a.png", "b.png"], AGE | SOIL)
    assert notes[0] == "labels.xlsx: 'age' takes numbers; 1 other cell counts as missing: 'old' (row 2)"
    assert notes[1].endswith("takes one of the model's loam, sand; 1 other cell counts as missing: 'clay' (row 2)")
    assert features.encode(found, AGE | SOIL).tolist() == [[0, 1, 0, 0], [-0.5, 0, 0, 0]]


@pytest.mark.parametrize(
    ("column", "message"),
    [("file", "--image-column: labels.xlsx has no column 'file'"), ("image", "features: labels.xlsx has no column 'a")],
)
def test_a_missing_column_is_named(column: str, message: str) -> None:
    with pytest.raises(SpecimenError, match=message):
        join(table(image=["a.png"], ages=[1]), column, ["a.png"], AGE if column == "image" else {})


def test_without_a_table_all_features_are_missing() -> None:
    encoded = features.encode(unknown_features(2, AGE | SOIL), AGE | SOIL)
    np.testing.assert_array_equal(encoded, [[0, 1, 0, 0]] * 2)


def test_numbers_are_written_as_in_the_training_data_or_the_run_stops() -> None:
    given = table(image=["a.png", "b.png"], age=["1.007", "900"])
    with pytest.raises(SpecimenError, match=r"labels.xlsx: 'age' cannot be read.*'1\.007' in row 2.*--decimal point"):
        join(given, "image", ["a.png"], AGE)
    assert join(given, "image", ["a.png"], AGE, Style("comma"))[0]["age"].tolist() == [1007]
    assert join(given, "image", ["a.png"], AGE, Style("point"))[0]["age"].tolist() == [1.007]


def test_marks_and_infinite_values_are_missing_and_counted() -> None:
    given = table(image=["a.png", "b.png"], age=["?", "inf"], soil=["n/a", "none"])
    found, notes = join(given, "image", ["a.png", "b.png"], AGE | SOIL)
    assert found.isna().all().all()
    assert notes == [
        "labels.xlsx: 'age': cells read as missing: '?' 1",
        "labels.xlsx: 'age': infinite values read as missing: 1",
        "labels.xlsx: 'soil': cells read as missing: 'n/a' 1, 'none' 1",
    ]
    _, notes = join(given, "image", ["a.png", "b.png"], AGE | SOIL, Style(missing=("?",)))
    assert "2 other cells count as missing: 'n/a' (row 2), 'none' (row 3)" in notes[2]


def test_a_category_that_is_a_number_is_known_however_it_is_written() -> None:
    bed = {"bed": CategoryFeature(categories=("3", "4"))}
    found, notes = join(table(image=["a.png", "b.png"], bed=["3.0", 4.0]), "image", ["a.png", "b.png"], bed)
    assert found["bed"].tolist() == ["3", "4"]
    assert notes == []

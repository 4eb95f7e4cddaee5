"""The sheets of several batches as one label table."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.dataset.batch_rows import batches_of
from specimen.data.preparation.raw_dataset import RawDataset, read_raw_dataset
from specimen.data.preparation.samples import name_groups

ONE = "image,plant,weight,age\na.png,P1,1.5,3\nb.png,P2,2.5,4\n"
TWO = "weight,image,age,plant\n7,a.png,5,P1\n8,c,6,P3\n"


def write(root: Path, batch: str, sheet: str, *photos: str) -> None:
    (root / batch).mkdir(parents=True, exist_ok=True)
    (root / batch / "labels.csv").write_text(sheet, encoding="utf-8")
    for photo in photos:
        (root / batch / photo).parent.mkdir(parents=True, exist_ok=True)
        (root / batch / photo).touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "one", ONE, "a.png", "b.png")
    write(tmp_path, "two", TWO, "a.png", "c.png")
    return tmp_path


def read(root: Path, **data: Any) -> RawDataset:
    params = {"root": str(root), "task": "regression", "target": "weight", "table": "*/labels.csv"}
    return read_raw_dataset(Data.model_validate(params | data), Rules())


def fault(root: Path, **data: Any) -> str:
    with pytest.raises(SpecimenError) as caught:
        read(root, **data)
    return str(caught.value)


def test_sheets_are_joined_by_the_names_of_their_columns(root: Path) -> None:
    raw = read(root, group=["plant"], features=["age", "batch"])
    assert raw.usable[["image", "group", "target", "age", "batch"]].to_numpy().tolist() == [
        ["one/a.png", "P1", 1.5, 3, "one"],
        ["one/b.png", "P2", 2.5, 4, "one"],
        ["two/a.png", "P1", 7, 5, "two"],
        ["two/c.png", "P3", 8, 6, "two"],
    ]
    assert list(raw.usable.index) == ["one:2", "one:3", "two:2", "two:3"]
    assert raw.sheet["plant"].tolist() == ["P1", "P2", "P1", "P3"]
    assert raw.notes == [
        "data.image_column: names that are not quite those of the files: 1 ('c' in row two:3 means 'c.png')"
    ]


def test_a_later_batch_leaves_the_rows_of_the_others_as_they_are(root: Path) -> None:
    before = read(root, group=["plant"]).usable
    write(root, "two-more", ONE, "a.png", "b.png")
    after = read(root, group=["plant"]).usable
    pd.testing.assert_frame_equal(after.head(4), before)


def test_one_plant_in_two_batches_is_one_group_unless_the_batch_is_part_of_its_name(root: Path) -> None:
    assert read(root, group=["plant"]).usable["group"].tolist() == ["P1", "P2", "P1", "P3"]
    assert read(root, group=["batch", "plant"]).usable["group"].tolist() == ["one/P1", "one/P2", "two/P1", "two/P3"]


def test_photos_of_the_same_name_are_two_groups_where_none_is_named(root: Path) -> None:
    assert name_groups(read(root).usable)["group"].tolist() == ["one/a.png", "one/b.png", "two/a.png", "two/c"]


def test_a_photo_is_looked_for_in_its_own_batch_alone(root: Path) -> None:
    write(root, "two", "image,weight\na.png,7\nb.png,8\n", "b/a.png")
    raw = read(root)
    assert raw.rejected[["row", "image", "rule"]].to_numpy().tolist() == [["two:3", "two/b.png", "missing_image"]]


def test_a_name_without_its_folder_is_found_without_a_note(root: Path) -> None:
    write(root, "three", "image,weight\nx.png,7\ny,1\n", "sub/x.png", "sub/y.jpg")
    raw = read(root)
    assert raw.usable.loc[["three:2", "three:3"], "image"].tolist() == ["three/sub/x.png", "three/sub/y.jpg"]
    (note,) = (note for note in raw.notes if "not quite" in note)
    assert "'y' in row three:3 means 'sub/y.jpg'" in note
    assert "x.png" not in note


def test_each_sheet_has_its_own_decimal_mark(root: Path) -> None:
    write(root, "two", 'image;weight\na.png;"1,25"\nc.png;"1,007"\n')
    assert read(root).usable["target"].tolist() == [1.5, 2.5, 1.25, 1.007]


def test_a_number_with_two_readings_is_named_with_its_batch(root: Path) -> None:
    write(root, "two", "image,weight\na.png,1.007\nc.png,902\n")
    assert "'1.007' in row two:2" in fault(root)


def test_missing_values_are_counted_over_all_batches(root: Path) -> None:
    write(root, "one", "image,weight,age\na.png,1,NA\nb.png,2,3\n")
    write(root, "two", "image,weight,age\na.png,1,NA\nc.png,2,3\n")
    assert "data.features[0]: 'age': cells read as missing: 'NA' 2" in read(root, features=["age"]).notes


def test_columns_that_not_every_batch_has_are_noted(root: Path) -> None:
    write(root, "three", "image,weight,age,note,note\na.png,1,2,x,y\n", "a.png")
    (note,) = (note for note in read(root).notes if "not every batch" in note)
    assert note == (
        "data.table: columns that not every batch has: 'plant' is not in three; 'note' is only in three; "
        "'note (2)' is only in three"
    )
    assert read(root).sheet["plant"].isna().tolist() == [False, False, True, False, False]


def test_a_column_that_is_named_must_be_in_every_sheet(root: Path) -> None:
    write(root, "two", "image,weight\na.png,7\n")
    write(root, "three", "image,weight,agee\na.png,7,1\n", "a.png")
    message = fault(root, features=["age"])
    assert "two/labels.csv has no column 'age'" in message
    assert "three/labels.csv has no column 'age'. Did you mean 'agee'?" in message


def test_a_feature_that_is_a_number_in_one_batch_and_a_text_in_another_stops_the_run(root: Path) -> None:
    write(root, "two", "image,weight,age\na.png,7,old\nc.png,8,young\n")
    message = fault(root, features=["age"])
    assert "data.features[0]: 'age' is a number in one and a text in two." in message
    assert read(root, features=["age"], categories=["age"]).usable["age"].tolist() == ["3", "4", "old", "young"]


def test_a_feature_without_a_value_in_one_batch_is_of_the_kind_of_the_others(root: Path) -> None:
    write(root, "two", "image,weight,age\na.png,7,\nc.png,8,NA\n")
    assert read(root, features=["age"]).usable["age"].isna().tolist() == [False, False, True, True]


def test_groups_that_are_numbers_in_one_batch_and_texts_in_another_are_noted(root: Path) -> None:
    write(root, "two", "image,weight,plant\na.png,7,1\nc.png,8,2\n")
    assert (
        "data.group[0]: 'plant' is a number in two and a text in one; 3 and P3, say, are two names"
        in read(root, group=["plant"]).notes
    )


def test_batches_with_numbers_for_names_are_categories(tmp_path: Path) -> None:
    write(tmp_path, "12", ONE, "a.png", "b.png")
    write(tmp_path, "7", ONE, "a.png", "b.png")
    assert read(tmp_path, features=["batch"]).usable["batch"].tolist() == ["7", "7", "12", "12"]


def test_a_sheet_with_a_column_batch_of_its_own(root: Path) -> None:
    write(root, "two", "image,weight,Batch\na.png,7,x\n")
    assert len(read(root).usable) == 3
    message = fault(root, features=["batch"])
    assert "two/labels.csv has a column 'Batch', but 'batch' is the name of the folder or zip. Rename the" in message


def test_a_title_above_the_header_of_one_sheet_is_skipped_there(root: Path) -> None:
    write(root, "two", f"Week two,,,\n{TWO}")
    raw = read(root, group=["batch", "plant"])
    assert list(raw.usable.index) == ["one:2", "one:3", "two:3", "two:4"]
    assert any("two/labels.csv" in note and "row 2" in note for note in raw.notes)


def test_empty_cells_mean_the_value_above_in_their_own_sheet_alone(root: Path) -> None:
    write(root, "one", "image,weight,plant\na.png,1,P1\nb.png,2,P2\n")
    write(root, "two", "image,weight,plant\na.png,7,\nc.png,8,P3\nd.png,8,\n", "d.png")
    assert read(root, group=["plant"], fill_down=["plant"]).labels["group"].tolist() == ["P1", "P2", None, "P3", "P3"]


def test_cells_that_look_as_if_the_value_above_was_meant_stop_the_run(root: Path) -> None:
    write(root, "two", "image,weight,plant\na.png,7,P1\nc.png,8,\nd.png,8,\n", "d.png")
    assert "data.group[0]: 'plant' is empty in 2 rows below a filled one, the first is row two:3." in fault(
        root, group=["plant"]
    )


def test_a_sheet_without_rows_is_named(root: Path) -> None:
    write(root, "two", "image,weight\n")
    assert "two/labels.csv: has a header and no rows." in fault(root)


def test_files_that_nothing_uses_are_named_in_batches_and_outside(root: Path) -> None:
    write(root, "two", TWO, "d.png", "notes.txt")
    for name in ("readme.txt", "e.png", "three.zip"):
        (root / name).touch()
    raw = read(root, table="t*o/labels.csv")
    assert raw.ignored.to_numpy().tolist() == [
        ["e.png", "outside of the batches"],
        ["one/a.png", "outside of the batches"],
        ["one/b.png", "outside of the batches"],
        ["one/labels.csv", "not a photo"],
        ["readme.txt", "not a photo"],
        ["three.zip", "zip that is not opened"],
        ["two/d.png", "no row names it"],
        ["two/notes.txt", "not a photo"],
    ]


def test_masks_are_of_the_photo_in_their_batch(root: Path) -> None:
    for batch, photo in (("one", "a"), ("one", "b"), ("two", "a"), ("two", "z")):
        (root / batch / "masks").mkdir(exist_ok=True)
        (root / batch / "masks" / f"{photo}.png").touch()
    raw = read(root, masks="masks")
    assert raw.masks is not None
    assert raw.masks.names == ["one/a.png", "one/b.png", "two/a.png", "two/z.png"]
    assert raw.ignored.to_numpy().tolist() == [["two/masks/z.png", "mask without a photo"]]


def test_tables_without_pictures_can_be_batches(root: Path) -> None:
    raw = read(root, image_column=None, features=["age"])
    assert raw.usable["image"].tolist() == ["row one:2", "row one:3", "row two:2", "row two:3"]


def test_the_batch_of_a_sample_is_in_the_name_of_its_row(root: Path) -> None:
    write(root, "a:b", ONE, "a.png", "b.png")
    samples = pd.DataFrame({"row": read(root).usable.index})
    assert batches_of(samples).unique().tolist() == ["a:b", "one", "two"]
    assert batches_of(pd.DataFrame({"row": [2, 3]})).empty

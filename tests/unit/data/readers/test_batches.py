"""Which folders and zips are batches, and what is in each of them."""

import zipfile
from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.data.readers.batches import BatchImages, find_batches, open_masks, open_photos
from specimen.data.readers.images import ImageNotFoundError


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def write_zip(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, f"{path.stem}/{name}")


def data(root: Path, table: str = "*/labels.csv", **changes: object) -> Data:
    return Data.model_validate({"root": str(root), "task": "regression", "table": table} | changes)


def fault(root: Path, table: str = "*/labels.csv") -> str:
    with pytest.raises(SpecimenError) as caught:
        find_batches(data(root, table))
    return str(caught.value)


def test_the_name_of_one_table_means_no_batches(tmp_path: Path) -> None:
    write(tmp_path, "labels [final].csv", "a.png")
    assert find_batches(data(tmp_path, "labels [final].csv")) == {}


def test_week_10_comes_after_week_9_so_that_a_new_week_is_at_the_end(tmp_path: Path) -> None:
    for week in (10, 9, 1):
        write(tmp_path, f"week-{week}/labels.csv", f"week-{week}/a.png")
    assert list(find_batches(data(tmp_path))) == ["week-1", "week-9", "week-10"]


def test_a_batch_has_the_same_names_in_a_folder_and_in_a_zip(tmp_path: Path) -> None:
    write(tmp_path, "one/labels.csv", "one/photos/a.png")
    write_zip(tmp_path / "two.zip", "labels.csv", "photos/a.png")
    params = data(tmp_path, images="photos")
    images = open_photos(params, find_batches(params))
    assert images.names == ["one/a.png", "two/a.png"]
    assert [images.read(name) for name in images.names] == [b"one/photos/a.png", b"two/photos/a.png"]


def test_a_batch_may_be_packed_with_its_folder_around_it(tmp_path: Path) -> None:
    names = ("week-1/labels.csv", "week-1/photos/a.png", "week-1/masks/a.png", "__MACOSX/week-1/._a.png")
    write_zip(tmp_path / "week-1.zip", *names)
    params = data(tmp_path, images="photos", masks="masks")
    batches = find_batches(params)
    assert open_photos(params, batches).names == ["week-1/a.png"]
    masks = open_masks(params, batches)
    assert masks is not None
    assert masks.read("week-1/a.png") == b"week-1/week-1/masks/a.png"


def test_photos_of_a_batch_may_be_in_a_zip_next_to_its_sheet(tmp_path: Path) -> None:
    write(tmp_path, "one/labels.csv")
    write_zip(tmp_path / "one/photos.zip", "a.png")
    params = data(tmp_path, images="photos.zip")
    assert open_photos(params, find_batches(params)).names == ["one/a.png"]


def test_sheets_may_have_names_of_their_own_but_each_batch_has_one(tmp_path: Path) -> None:
    write(tmp_path, "one/week 1.csv", "two/week 2.csv", "two/~$week 2.csv")
    batches = find_batches(data(tmp_path, "*/*.csv"))
    assert [part.table for part in batches.values()] == ["week 1.csv", "week 2.csv"]
    write(tmp_path, "two/old.csv")
    assert f"batch '{tmp_path}/two' has 2 tables '*.csv': old.csv, week 2.csv. Keep one" in fault(tmp_path, "*/*.csv")


def test_what_the_pattern_leaves_out_and_what_is_hidden_is_not_a_batch(tmp_path: Path) -> None:
    write(tmp_path, "week-1/labels.csv", "notes/a.txt", ".cache/labels.csv", "week-2.txt", "@eaDir/labels.csv")
    assert list(find_batches(data(tmp_path, "week-*/labels.csv"))) == ["week-1"]
    (tmp_path / "notes/a.txt").unlink()
    (tmp_path / "notes").rmdir()
    assert list(find_batches(data(tmp_path))) == ["week-1"]


def test_all_batches_without_a_sheet_are_named_with_the_ways_out(tmp_path: Path) -> None:
    write(tmp_path, "one/label.csv", "two/labels.csv", "three/a.png")
    message = fault(tmp_path)
    assert f"data.table: batch '{tmp_path}/one' has no 'labels.csv'. Did you mean 'label.csv'?" in message
    assert f"data.table: batch '{tmp_path}/three' has no 'labels.csv'. Tables there: none." in message
    assert "move it out of data.root, or write a pattern that leaves it out" in message


def test_a_batch_that_is_a_folder_and_a_zip_is_one_too_many(tmp_path: Path) -> None:
    write(tmp_path, "one/labels.csv")
    write_zip(tmp_path / "one.zip", "labels.csv")
    assert fault(tmp_path) == (
        f"data.table: 'one' and 'one.zip' in '{tmp_path}' are one batch. Delete or rename one of them."
    )


def test_a_pattern_that_nothing_matches_says_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "week1/labels.csv")
    assert fault(tmp_path, "week-*/labels.csv") == (
        f"data.table: no folder or zip in '{tmp_path}' matches 'week-*'. Did you mean 'week1'? There: week1."
    )


def test_a_root_that_is_a_zip_has_no_batches(tmp_path: Path) -> None:
    write_zip(tmp_path / "raw.zip", "one/labels.csv")
    assert "raw.zip' is a file. Put it into a folder." in fault(tmp_path / "raw.zip")


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.zip").write_bytes(b"PK\3\4 half of it")
    assert "one.zip: cannot be read as a zip" in fault(tmp_path)


def test_a_link_that_leaves_the_data_is_not_a_batch(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/one/labels.csv", "raw/two/labels.csv")
    (tmp_path / "raw/one").symlink_to(tmp_path / "elsewhere/one")
    assert "data.table: 'one' leads out of data.root" in fault(tmp_path / "raw")


def test_batches_without_photos_or_masks_are_all_named(tmp_path: Path) -> None:
    write(tmp_path, "one/labels.csv", "two/labels.csv", "two/a.png", "three/labels.csv")
    params = data(tmp_path, masks="masks")
    with pytest.raises(SpecimenError) as caught:
        open_photos(params, find_batches(params))
    lines = str(caught.value).splitlines()
    assert [f"{batch}' holds no images" in line for batch, line in zip(("one", "three"), lines, strict=True)] == [
        True
    ] * 2
    with pytest.raises(SpecimenError, match=r"data.masks: 'masks' does not exist in .*one"):
        open_masks(params, find_batches(params))


def test_a_photo_of_an_unknown_batch_cannot_be_read() -> None:
    with pytest.raises(ImageNotFoundError):
        BatchImages({}).read("one/a.png")


@pytest.mark.parametrize("table", ["*.csv", "*/", "/*/labels.csv", "**/labels.csv", "../*/labels.csv"])
def test_other_patterns_are_refused(table: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a pattern for batches"):
        data(tmp_path, table)

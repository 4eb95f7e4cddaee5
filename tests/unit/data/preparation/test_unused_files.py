"""Each file below the root is used, or named with the reason why not."""

import zipfile
from pathlib import Path

import pytest

from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.preparation.raw_dataset import read_raw_dataset

SHEET = {"table": "labels.csv", "images": "photos", "target": "weight", "task": "regression"}


def unused(root: Path, **data: object) -> tuple[dict[str, str], list[str]]:
    """Return the files that are not used with the reasons, and the notes."""
    params = Data.model_validate({"root": str(root), "task": "classification"} | data)
    raw = read_raw_dataset(params, Rules())
    return dict(zip(raw.ignored["name"], raw.ignored["reason"], strict=True)), raw.notes


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sheet of two photos, with all of its files in use."""
    write(tmp_path, "photos/a.png", "photos/b.jpg")
    (tmp_path / "labels.csv").write_text("image,weight\na.png,1\nb.jpg,2\n")
    return tmp_path


def test_nothing_is_said_where_all_files_are_used(root: Path) -> None:
    write(root, "photos/.DS_Store", "photos/Thumbs.db", "desktop.ini", "~$labels.xlsx", "__MACOSX/photos/._a.png")
    assert unused(root, **SHEET) == ({}, [])


def test_photos_that_no_row_names(root: Path) -> None:
    write(root, "photos/c.png", "photos/d.png")
    files, notes = unused(root, **SHEET)
    assert files == {"photos/c.png": "no row names it", "photos/d.png": "no row names it"}
    assert notes == ["not used: photos that no row names: 2 (photos/c.png, ...)"]


def test_a_photo_of_a_rejected_row_is_accounted_for_there(root: Path) -> None:
    write(root, "photos/c.png")
    (root / "labels.csv").write_text("image,weight\na.png,1\nb.jpg,2\nc.png,\n")
    assert unused(root, **SHEET) == ({}, [])


def test_other_files_among_the_photos_and_elsewhere(root: Path) -> None:
    write(root, "photos/notes.txt", "photos/c", "photos/d.gif", "photos/e.zip", "old/a.png", "labels old.xlsx")
    files, notes = unused(root, **SHEET)
    assert files == {
        "labels old.xlsx": "not a photo",
        "old/a.png": "outside of data.images",
        "photos/c": "not a photo",
        "photos/d.gif": "format that is not read",
        "photos/e.zip": "zip that is not opened",
        "photos/notes.txt": "not a photo",
    }
    assert notes == [
        "not used: photos outside of data.images: 1 (old/a.png)",
        "not used: pictures in a format that is not read: 1 (1 .gif)",
        "not used: zips that are not opened; unpack them, or name one in data.images: 1 (photos/e.zip)",
        "not used: files that are not photos: 3 (1 .txt, 1 .xlsx, 1 without a suffix)",
    ]


def test_class_folders_without_a_photo(tmp_path: Path) -> None:
    write(tmp_path, "Healthy/a.png", "Sick/a.gif", "Sick/more/b.gif", "c.zip")
    files, notes = unused(tmp_path)
    assert files == {
        "Sick/": "class folder without a photo",
        "Sick/a.gif": "format that is not read",
        "Sick/more/b.gif": "format that is not read",
        "c.zip": "zip that is not opened",
    }
    assert notes[0] == "not used: class folders without a photo that is read: 1 (Sick/)"


def test_with_folders_of_splits_the_classes_are_the_folders_in_them(tmp_path: Path) -> None:
    write(tmp_path, "train/Healthy/a.png", "train/Sick/a.gif", "val/Healthy/b.png", "test/Healthy/c.png")
    assert unused(tmp_path, split_folders=True)[0] == {
        "train/Sick/": "class folder without a photo",
        "train/Sick/a.gif": "format that is not read",
    }


@pytest.mark.parametrize("masks", ["masks", "photos/masks"])
def test_masks_without_a_photo(root: Path, masks: str) -> None:
    write(root, f"{masks}/a.png", f"{masks}/c.png", f"{masks}/notes.txt")
    assert unused(root, **SHEET, masks=masks)[0] == {
        f"{masks}/c.png": "mask without a photo",
        f"{masks}/notes.txt": "not a photo",
    }


def test_files_in_a_zip_of_photos_and_in_a_zip_of_everything(root: Path) -> None:
    inside = {"photos.zip": ["a.png", "b.jpg", "c.png"], "all.zip": ["photos/a.png", "photos/b.jpg", "old/c.png"]}
    for name, files in inside.items():
        with zipfile.ZipFile(root / name, "w") as archive:
            for file in files:
                archive.writestr(file, b"")
            if name == "all.zip":
                archive.write(root / "labels.csv", "labels.csv")
    assert unused(root, **SHEET | {"images": "photos.zip"})[0] == {
        "all.zip": "zip that is not opened",
        "photos.zip/c.png": "no row names it",
        "photos/a.png": "outside of data.images",
        "photos/b.jpg": "outside of data.images",
    }
    assert unused(root / "all.zip", **SHEET)[0] == {"old/c.png": "outside of data.images"}


def test_the_sheet_among_the_photos_is_used(root: Path) -> None:
    (root / "labels.csv").rename(root / "photos" / "labels.csv")
    assert unused(root / "photos", **SHEET | {"images": "."}) == ({}, [])


def test_a_table_without_pictures_says_which_files_it_does_not_need(root: Path) -> None:
    files, _ = unused(root, **SHEET, image_column=None)
    assert files == {"photos/a.png": "outside of data.images", "photos/b.jpg": "outside of data.images"}

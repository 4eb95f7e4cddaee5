"""Folders train, val and test: never taken for classes without a word, and the split where that is asked for."""

from pathlib import Path

import pytest

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.data.preparation.label_table import read_labels
from specimen.data.readers.data_root import open_images

FILES = ["train/a/1.png", "Valid/a/2.png", "TESTING/b/3.png"]


def splits_and_classes(root: Path, files: list[str], split_folders: bool | None) -> list[tuple[str, str]]:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    data = Data(root=str(root), task="classification", split_folders=split_folders)
    labels, _, _ = read_labels(data, open_images(root, "."))
    return list(zip(labels["split"], labels["target_text"], strict=True))


def test_they_are_the_split_where_that_is_asked_for(tmp_path: Path) -> None:
    assert splits_and_classes(tmp_path, FILES, True) == [("test", "b"), ("val", "a"), ("train", "a")]


def test_they_are_classes_where_that_is_asked_for(tmp_path: Path) -> None:
    assert splits_and_classes(tmp_path, FILES, False) == [(None, "TESTING"), (None, "Valid"), (None, "train")]


def test_without_a_word_they_stop_the_run_and_the_message_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"^data\.images: TESTING, Valid, train look like splits.*split_folders: "):
        splits_and_classes(tmp_path, FILES, None)


def test_without_class_folders_in_them_the_labels_are_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match=r"test, train look like splits.* no class folders in them.*data\.table"):
        splits_and_classes(tmp_path, ["train/1.png", "test/2.png"], None)


def test_they_may_be_called_sets(tmp_path: Path) -> None:
    files = ["train_set/a/1.png", "dev-set/a/2.png", "TestImages/b/3.png"]
    assert splits_and_classes(tmp_path, files, True) == [("test", "b"), ("val", "a"), ("train", "a")]


@pytest.mark.parametrize(
    "files",
    [
        ["train/1.png", "track/2.png"],
        ["train/a/1.png", "bus/b/2.png"],
        ["val/a/1.png", "test/a/1.png"],
        ["a/train/1.png"],
    ],
)
def test_classes_that_only_have_such_a_name_are_classes(tmp_path: Path, files: list[str]) -> None:
    assert {split for split, _ in splits_and_classes(tmp_path, files, None)} == {None}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["train/a/1.png", "test/a/2.png"], r"no photos for val; the folders with photos are test, train\."),
        (
            [*FILES, "extra/a/4.png"],
            r"'extra' is not a split\..* Accepted: train, training, val, .* out of data\.images",
        ),
        ([*FILES, "tset/a/4.png"], r"Did you mean 'test'"),
        (["1.png"], r"no photos for train and val and test; the folders with photos are none"),
    ],
)
def test_what_is_not_a_whole_split_is_named(tmp_path: Path, files: list[str], message: str) -> None:
    with pytest.raises(SpecimenError, match=r"^data\.split_folders: .*" + message):
        splits_and_classes(tmp_path, files, True)


def test_a_photo_outside_of_the_class_folders_has_no_class(tmp_path: Path) -> None:
    assert ("train", None) in splits_and_classes(tmp_path, [*FILES, "train/4.png"], True)
    assert (None, None) in splits_and_classes(tmp_path, [*FILES, "5.png"], True)

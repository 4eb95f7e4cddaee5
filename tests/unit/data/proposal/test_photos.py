"""What photos and their names say: which belong together, and where they are."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.common.errors import SpecimenError
from specimen.data.proposal.layout import find_layout
from specimen.data.proposal.looks import Kinship, look_at
from specimen.data.proposal.name_groups import choose_pattern
from specimen.data.readers.folder_images import Folder


def draw(path: Path, seed: int, noise: int = 0) -> None:
    """Write a picture of its own for each seed; noise makes another photo of the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(40, 215, (4, 4, 3))
    pixels = small.repeat(10, axis=0).repeat(10, axis=1)
    pixels = pixels + np.random.default_rng(noise + 99).integers(-3 * bool(noise), 3 * bool(noise) + 1, pixels.shape)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def kinship_of(root: Path) -> tuple[Folder, Kinship]:
    images = Folder(root, root)
    return images, Kinship(look_at(images, images.names))


def pattern_of(root: Path) -> str | None:
    images, kinship = kinship_of(root)
    classes = [name.split("/")[0] for name in images.names]
    return choose_pattern(images.names, classes, kinship)[0].value


def test_photos_of_one_object_are_the_most_like_each_other(tmp_path: Path) -> None:
    for number in range(12):
        draw(tmp_path / f"{number:02}.png", seed=number // 2, noise=number)
    images, kinship = kinship_of(tmp_path)
    right = kinship.judge(pd.Series([number // 2 for number in range(12)], index=images.names))
    wrong = kinship.judge(pd.Series([number % 6 for number in range(12)], index=images.names))
    assert right.neighbours == 1
    assert right.chance == pytest.approx(1 / 11)
    assert wrong.neighbours == 0


def test_near_twins_are_counted_and_those_that_are_in_two_groups(tmp_path: Path) -> None:
    for number in range(12):
        draw(tmp_path / f"{number:02}.png", seed=number // 2)
    images, kinship = kinship_of(tmp_path)
    right = kinship.judge(pd.Series([number // 2 for number in range(12)], index=images.names))
    wrong = kinship.judge(pd.Series([number % 6 for number in range(12)], index=images.names))
    assert (right.twins, right.twins_apart) == (6, 0)
    assert (wrong.twins, wrong.twins_apart) == (6, 6)


def test_a_photo_that_cannot_be_read_is_counted_and_left_out(tmp_path: Path) -> None:
    draw(tmp_path / "good.png", 1)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    images = Folder(tmp_path, tmp_path)
    looks = look_at(images, images.names)
    assert (looks.names, looks.unreadable) == (["good.png"], 1)
    assert looks.sides.tolist() == [[40, 40]]


@pytest.mark.parametrize(
    ("name", "pattern_part"),
    [
        ("{kind}/plant {group}.{photo}.png", r" +\d+"),
        ("{kind}/apple{group:03}S({photo}).png", r"\(\d+\)"),
        ("{kind}/plant{group}_{photo}.png", r"[._-]\d{1,3}"),
        ("{kind}/plant{group}/{photo}.png", "^[^/]+/(?P<group>[^/]+)/"),
    ],
)
def test_photos_of_one_object_are_found_by_their_names(tmp_path: Path, name: str, pattern_part: str) -> None:
    for group in range(20):
        for photo in range(2):
            kind = "red" if group < 10 else "green"
            draw(tmp_path / name.format(kind=kind, group=group, photo=photo), seed=group, noise=photo + 1)
    found = pattern_of(tmp_path)
    assert found is not None
    assert pattern_part in found


def test_copies_go_with_what_they_are_copies_of(tmp_path: Path) -> None:
    for number in range(20):
        draw(tmp_path / ("red" if number < 10 else "green") / f"leaf{chr(97 + number)}.png", seed=number)
    draw(tmp_path / "red/leafa copy.png", seed=0)
    assert "copy" in (pattern_of(tmp_path) or "")


@pytest.mark.parametrize(
    "name", ["{kind}/{kind}_{number}.png", "{kind}/{kind} ({number}).png", "{kind}/IMG_2024_{number:03}.png"]
)
def test_a_plain_number_says_no_object(tmp_path: Path, name: str) -> None:
    for number in range(24):
        draw(tmp_path / name.format(kind="red" if number < 12 else "green", number=number), seed=number)
    assert pattern_of(tmp_path) is None


def test_names_that_say_objects_whose_photos_are_not_alike_are_not_believed(tmp_path: Path) -> None:
    for number in range(24):
        draw(tmp_path / f"{'red' if number < 12 else 'green'}/day{number // 3}_{number % 3}.png", seed=number)
    assert pattern_of(tmp_path) is None


def test_a_table_below_a_title_names_photos_in_a_folder_next_to_masks(tmp_path: Path) -> None:
    for number in range(4):
        draw(tmp_path / f"photos/{number}.png", number)
        draw(tmp_path / f"masks/{number}.png", 9)
    rows = ["Our plants;;", "file;plant;weight", *(f"{number}.png;a{number};1,{number}5" for number in range(4))]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    layout = find_layout(tmp_path)
    assert (layout.images_in, layout.masks_in, layout.table) == ("photos", "masks", "labels.csv")
    assert (layout.image_column, layout.header_row) == ("file", 2)


def test_of_two_tables_the_one_that_names_the_photos_is_taken(tmp_path: Path) -> None:
    draw(tmp_path / "one.png", 1)
    draw(tmp_path / "two.png", 2)
    (tmp_path / "a_notes.csv").write_text("day,who\nMonday,me\nTuesday,you\n")
    (tmp_path / "z_labels.csv").write_text("weight,picture\n1.5,one.png\n2.5,two.png\n")
    layout = find_layout(tmp_path)
    assert (layout.table, layout.image_column, layout.images_in) == ("z_labels.csv", "picture", ".")


def test_class_folders_are_found_below_a_folder_and_below_splits(tmp_path: Path) -> None:
    for name in ("red", "green"):
        draw(tmp_path / f"one/photos/{name}/1.png", 1)
        for split in ("train", "valid", "test"):
            draw(tmp_path / f"two/{split}/{name}/1.png", 1)
    layout = find_layout(tmp_path / "one")
    assert (layout.images_in, layout.split_folders, list(layout.classes)) == ("photos", None, ["green", "red"])
    layout = find_layout(tmp_path / "two")
    assert (layout.split_folders, set(layout.classes)) == (True, {"green", "red"})


def test_photos_without_labels_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match="neither photos nor a table"):
        find_layout(tmp_path)
    draw(tmp_path / "one.png", 1)
    with pytest.raises(SpecimenError, match=r"no labels\. There are 1 photos"):
        find_layout(tmp_path)
    (tmp_path / "one.png").rename(tmp_path / "two.png")
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    draw(tmp_path / "train/red/1.png", 1)
    draw(tmp_path / "test/red/1.png", 1)
    (tmp_path / "two.png").unlink()
    with pytest.raises(SpecimenError, match="no photos for val"):
        find_layout(tmp_path)


def batches(root: Path, sheets: tuple[str, ...], photos: str = "photos") -> None:
    for week, sheet in enumerate(sheets):
        for number in range(2):
            draw(root / f"week-{week}" / photos / f"{number}.png", 10 * week + number)
        rows = "\n".join(f"{number}.png,{number + 1},{week}.{number}5" for number in range(2))
        (root / f"week-{week}" / sheet).write_text(f"file,plant,weight\n{rows}\n")


@pytest.mark.parametrize(
    ("sheets", "pattern"), [(("labels.csv",) * 2, "*/labels.csv"), (("one.csv", "two.csv"), "*/*.csv")]
)
def test_batches_with_a_sheet_each_are_one_pattern(tmp_path: Path, sheets: tuple[str, ...], pattern: str) -> None:
    batches(tmp_path, sheets)
    layout = find_layout(tmp_path)
    assert (layout.table, layout.images_in, layout.image_column) == (pattern, "photos", "file")
    assert layout.find_images().tolist() == ["week-0/0.png", "week-0/1.png", "week-1/0.png", "week-1/1.png"]


def test_a_zip_can_be_a_batch(tmp_path: Path) -> None:
    batches(tmp_path, ("labels.csv",) * 2, photos=".")
    shutil.make_archive(str(tmp_path / "week-9"), "zip", tmp_path / "week-1")
    shutil.rmtree(tmp_path / "week-1")
    layout = find_layout(tmp_path)
    assert (layout.table, layout.images_in) == ("*/labels.csv", ".")
    assert layout.find_images().tolist()[2:] == ["week-9/0.png", "week-9/1.png"]


def test_class_folders_with_a_note_in_one_are_no_batches(tmp_path: Path) -> None:
    for name in ("red", "green"):
        draw(tmp_path / name / "1.png", 1)
    (tmp_path / "red/notes.csv").write_text("day,who\nMonday,me\n")
    assert find_layout(tmp_path).table is None

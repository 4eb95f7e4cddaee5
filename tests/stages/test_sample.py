"""The embedded data set: complete, the same for one seed, faulty where it should be, and learnable."""

import hashlib
import re
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

import sample

PLANTS = 40
COLUMNS = [
    "filename",
    "experiment_id",
    "farmbot_name",
    "plant_number",
    "timestamp",
    "temperature",
    "humidity",
    "illuminancelux",
    "illuminanceinfrared",
    "illuminancevisible",
    "illuminancefullspectrum",
    "is_active",
    "fresh_weight_total",
    "fresh_weight_shoot",
    "fresh_weight_root",
    "dry_weight_shoot",
    "age_days",
    "condition",
    "shoot_root_ratio_fresh",
    "plant_surface_area",
    "leaf_surface_area",
    "small_leaves",
    "big_leaves",
    "total_leaves",
    "artificial_light",
    "lab_book_page",
]


def draw(folder: Path, seed: int = 7, plants: int = 12) -> Path:
    sample.draw_sample(folder, seed, plants, image_size=48)
    return folder


def read_labels(folder: Path) -> pd.DataFrame:
    return pd.read_excel(folder / "labels.xlsx", sheet_name="labels", engine="openpyxl")


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def pictures(folder: Path) -> list[Path]:
    return sorted((folder / "images").iterdir())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("data") / "sample", plants=PLANTS)


@pytest.fixture(scope="module")
def labels(drawn: Path) -> pd.DataFrame:
    return read_labels(drawn)


def test_sheet_has_the_columns_in_order(labels: pd.DataFrame) -> None:
    assert list(labels) == COLUMNS


def test_sheet_has_a_row_for_each_photo(labels: pd.DataFrame) -> None:
    assert list(labels["filename"]) == [f"image_{number}.jpg" for number in range(1, 2 * PLANTS + 1)]


def test_timestamps_are_real_datetimes(labels: pd.DataFrame) -> None:
    assert pd.api.types.is_datetime64_any_dtype(labels["timestamp"])


def test_both_photos_of_a_plant_share_one_label(labels: pd.DataFrame) -> None:
    label = labels.drop(columns="filename")
    first, second = label[::2].reset_index(drop=True), label[1::2].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, second)


def test_experiment_farmbot_and_number_name_one_plant(labels: pd.DataFrame) -> None:
    assert set(labels.groupby(["experiment_id", "farmbot_name", "plant_number"]).size()) == {2}


def test_a_plant_without_total_has_no_derived_weight(labels: pd.DataFrame) -> None:
    derived = ["fresh_weight_shoot", "fresh_weight_root", "dry_weight_shoot", "shoot_root_ratio_fresh"]
    unweighed = labels[labels["fresh_weight_total"].isna()]
    assert len(unweighed) > 0
    assert unweighed[derived].isna().all(axis=None)


def test_some_ages_are_missing(labels: pd.DataFrame) -> None:
    assert 0 < labels["age_days"].isna().mean() < 0.3


def test_drawing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    assert digests(draw(tmp_path / "one")) == digests(draw(tmp_path / "two"))


def test_sheet_does_not_tell_when_it_was_made(drawn: Path) -> None:
    with ZipFile(drawn / "labels.xlsx") as sheet:
        assert {entry.date_time[0] for entry in sheet.infolist()} == {1980}
        assert re.findall(r"(\d{4})-\d\d-\d\dT", sheet.read("docProps/core.xml").decode()) == ["2024", "2024"]


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    one, two = digests(draw(tmp_path / "one", seed=1)), digests(draw(tmp_path / "two", seed=2))
    assert not set(one.values()) & set(two.values())


def test_a_new_drawing_replaces_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "stale.txt").touch()
    assert sorted(path.name for path in draw(tmp_path / "sample").iterdir()) == ["images", "labels.xlsx", "masks"]


def test_each_photo_has_a_mask_of_its_size(drawn: Path) -> None:
    masks = {path.stem: path for path in (drawn / "masks").iterdir()}
    assert set(masks) == {path.stem for path in pictures(drawn)}
    for photo in pictures(drawn):
        with Image.open(photo) as image, Image.open(masks[photo.stem]) as mask:
            turned = image.getexif().get(ExifTags.Base.Orientation) == 6
            assert mask.size == (image.size[::-1] if turned else image.size)
            assert mask.mode == "1"
            assert mask.getextrema() == (0, 255)


def test_masks_cover_the_green_of_the_photos(drawn: Path, labels: pd.DataFrame) -> None:
    greener = []
    for name in labels.loc[~labels["artificial_light"], "filename"]:
        try:
            with Image.open(drawn / "images" / name) as photo:
                red, green, blue = (np.asarray(band, int) for band in photo.convert("RGB").split())
        except OSError:  # one of the planted faults
            continue
        with Image.open(drawn / "masks" / Path(name).with_suffix(".png")) as mask:
            inside = np.asarray(mask)
        if inside.shape == green.shape:
            excess = 2 * green - red - blue
            greener.append(excess[inside].mean() > excess[~inside].mean())
    assert np.mean(greener) > 0.9


def test_a_failed_drawing_leaves_the_old_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests(draw(tmp_path / "sample"))
    monkeypatch.delattr(sample, "photograph")
    with pytest.raises(NameError):
        draw(tmp_path / "sample", seed=8)
    assert digests(tmp_path) == {f"sample/{name}": digest for name, digest in before.items()}


def test_one_plant_alone_can_be_drawn(tmp_path: Path) -> None:
    assert len(pictures(draw(tmp_path / "sample", plants=1))) == 2


def test_an_image_file_is_missing(drawn: Path, labels: pd.DataFrame) -> None:
    assert len(set(labels["filename"]) - {path.name for path in pictures(drawn)}) == 1


def test_one_photo_is_grey(drawn: Path) -> None:
    def is_grey(path: Path) -> bool:
        with Image.open(path) as photo:
            return photo.mode == "L"

    assert sum(map(is_grey, pictures(drawn))) == 1


def test_one_photo_is_turned_by_its_exif_orientation(drawn: Path) -> None:
    def orientation(path: Path) -> int | None:
        with Image.open(path) as photo:
            return photo.getexif().get(ExifTags.Base.Orientation)

    assert [orientation(path) for path in pictures(drawn)].count(6) == 1


def test_one_photo_is_truncated(drawn: Path) -> None:
    def is_truncated(path: Path) -> bool:
        with Image.open(path) as photo:
            try:
                photo.load()
            except OSError as error:
                return "truncated" in str(error)
        return False

    assert sum(map(is_truncated, pictures(drawn))) == 1


def test_one_photo_is_a_copy_of_another_plants(drawn: Path) -> None:
    by_content: dict[bytes, list[str]] = {}
    for path in pictures(drawn):
        by_content.setdefault(path.read_bytes(), []).append(path.stem.removeprefix("image_"))
    [copies] = [names for names in by_content.values() if len(names) > 1]
    assert len({(int(number) - 1) // 2 for number in copies}) == len(copies) == 2


def test_one_plant_has_a_negative_weight(labels: pd.DataFrame) -> None:
    assert (labels["fresh_weight_total"] < 0).sum() == 2


def test_faults_are_planted_in_a_dozen_plants(tmp_path: Path) -> None:
    assert len(pictures(draw(tmp_path / "sample", plants=12))) == 23


def test_green_area_predicts_the_weight(drawn: Path, labels: pd.DataFrame) -> None:
    def green_area(name: str) -> float:
        try:
            with Image.open(drawn / "images" / name) as photo:
                red, green, blue = (np.asarray(band, int) for band in photo.convert("RGB").split())
        except OSError:  # one of the planted faults
            return np.nan
        return float(((green > red + 8) & (green > blue + 8)).sum())

    daylight = labels[~labels["artificial_light"] & (labels["fresh_weight_total"] > 0)]
    area = daylight["filename"].map(green_area)
    assert area.rank().corr(daylight["fresh_weight_total"].rank()) > 0.8

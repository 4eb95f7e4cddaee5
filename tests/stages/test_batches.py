"""A collection that grows by a batch a week, from the sheets to predictions."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import DrawPhotos
from PIL import Image
from projects import SMALL, fail_script, run_script, write_params

from specimen.data.dataset.store import Store

PREPARED = Path("data/prepared")


@pytest.fixture
def project(tmp_path: Path, draw_photos: DrawPhotos) -> Path:
    """Two batches of 40 photos each, with the same file names and the same plants; the second is a zip."""
    make_batch(tmp_path, draw_photos, "week-1", 0)
    pack(make_batch(tmp_path, draw_photos, "week-2", 40))
    data = {"table": "*/labels.csv", "images": "photos", "features": ["batch"]}
    write_params(tmp_path, SMALL, data=data, evaluate={"by": ["batch"]})
    return tmp_path


def make_batch(project: Path, draw_photos: DrawPhotos, name: str, first: int) -> Path:
    """Draw a batch of 40 photos; which pictures they are begins at `first`."""
    folder = project / "data/raw" / name
    table = draw_photos(folder / "photos", first + 40).tail(40)
    names = [f"{number}.png" for number in range(40)]
    for old, new in zip(table["filename"], names, strict=True):
        (folder / "photos" / old).rename(folder / "photos" / f"new {new}")
    for left in folder.glob("photos/photo_*"):
        left.unlink()
    for new in names:
        (folder / "photos" / f"new {new}").rename(folder / "photos" / new)
    plants = [f"plant {number // 2}" for number in range(40)]
    table.assign(filename=names, plant=plants).to_csv(folder / "labels.csv", index=False)
    return folder


def pack(folder: Path) -> None:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    shutil.rmtree(folder)


def samples(project: Path) -> pd.DataFrame:
    return pd.read_csv(project / PREPARED / "samples.csv")


def test_the_same_name_in_two_batches_is_two_photos_of_one_plant(project: Path) -> None:
    run_script(project, "prepare")
    table = samples(project)
    assert len(table) == 80
    assert table["image"].iloc[[0, 40]].tolist() == ["week-1/0.png", "week-2/0.png"]
    assert table["row"].iloc[[0, 40]].tolist() == ["week-1:2", "week-2:2"]
    assert table["image_md5"].is_unique
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert table["group"].nunique() == 20


def test_a_new_week_leaves_all_other_samples_as_they_are(
    project: Path, draw_photos: DrawPhotos, capsys: pytest.CaptureFixture[str]
) -> None:
    run_script(project, "prepare")
    before = samples(project)
    pictures = Store.load(project / PREPARED).images[:]
    pack(make_batch(project, draw_photos, "week-10", 80))
    run_script(project, "validate")
    assert "120 of 120 rows have a label and an image" in capsys.readouterr().out
    run_script(project, "prepare")
    after = samples(project)
    assert after["image"].iloc[80] == "week-10/0.png"
    pd.testing.assert_frame_equal(after.head(80), before)
    assert (Store.load(project / PREPARED).images[:80] == pictures).all()


def test_what_is_wrong_with_a_photo_names_its_batch(project: Path) -> None:
    (project / "data/raw/week-1/photos/3.png").write_bytes(b"not a photo")
    (project / "data/raw/week-1/photos/4.png").unlink()
    run_script(project, "prepare")
    rejected = pd.read_csv(project / PREPARED / "rejected.csv")
    assert rejected[["row", "image", "rule"]].to_numpy().tolist() == [
        ["week-1:6", "week-1/4.png", "missing_image"],
        ["week-1:5", "week-1/3.png", "unreadable_image"],
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"table": "*/label.csv"}, "has no 'label.csv'. Did you mean 'labels.csv'?"),
        ({"table": "year-*/labels.csv"}, "no folder or zip in 'data/raw' matches 'year-*'"),
        ({"images": "photo"}, "data.images: 'photo' does not exist in 'data/raw/week-1'. Did you mean 'photos'?"),
        ({"masks": "masks"}, "data.masks: 'masks' does not exist in 'data/raw/week-1'."),
    ],
)
def test_validate_finds_what_is_wrong_with_batches(project: Path, data: dict[str, Any], fault: str) -> None:
    write_params(project, SMALL, data={"table": "*/labels.csv", "images": "photos"} | data)
    assert fault in fail_script(project, "validate")


def test_masks_go_with_the_photos_of_their_batch(project: Path) -> None:
    with zipfile.ZipFile(project / "data/raw/week-2.zip") as archive:
        archive.extractall(project / "data/raw/week-2")
    (project / "data/raw/week-2.zip").unlink()
    for batch, colour in (("week-1", 0), ("week-2", 255)):
        make_masks(project / "data/raw" / batch, colour)
    write_params(project, SMALL, data={"table": "*/labels.csv", "images": "photos", "masks": "masks"})
    run_script(project, "prepare")
    masks = Store.load(project / PREPARED).masks
    assert masks is not None
    assert [int(mask.max()) for mask in masks[[0, 39, 40, 79]]] == [0, 0, 255, 255]


def make_masks(batch: Path, colour: int) -> None:
    (batch / "masks").mkdir()
    for photo in (batch / "photos").iterdir():
        Image.new("L", (32, 32), colour).save(batch / "masks" / photo.name)


def test_a_batch_can_be_predicted_by_itself(project: Path, write_onnx: Any) -> None:
    model = write_onnx(project / "model.onnx")
    for place, first in (("data/raw/week-1", "data/raw/week-1/photos/0.png"), ("data/raw/week-2.zip", "week-2.zip")):
        run_script(project, "predict", place, "-o", "out.csv", "--model", str(model))
        table = pd.read_csv(project / "out.csv")
        assert len(table) == 40
        assert first in table["image"].iloc[0]

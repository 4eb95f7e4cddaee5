"""The packed store: pictures in the order of the table, whole or not there, and the same bytes for the same photos."""

from collections.abc import Callable
from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.common.files import write_csv, write_json
from specimen.data.dataset.store import Store

SIZE = 16
PICTURES = np.random.default_rng(0).integers(0, 256, (40, SIZE, SIZE, 3), np.uint8)


SHARD = "images/*.npy"


@pytest.fixture
def write_store(tmp_path: Path) -> Callable[..., Path]:
    def write(**columns: list[object]) -> Path:
        """Write a store of one sample for each entry of the columns."""
        samples = pd.DataFrame({"row": 2, "image": "a.png", "group": "g", "split": "train", "target": "x"} | columns)
        folder = tmp_path / "prepared"
        folder.mkdir()
        samples["image"] = [f"{number}.png" for number in range(len(samples))]
        builders.write_pictures(folder, PICTURES[: len(samples)], samples["image"])
        write_csv(folder / "samples.csv", samples)
        class_names = tuple(sorted(samples["target"].unique()))
        meta = builders.dataset_meta(task="classification", class_names=class_names, image_size=SIZE)
        write_json(folder / "meta.json", meta.model_dump(mode="json"))
        return folder

    return write


def test_strange_names_of_classes_survive(write_store) -> None:
    names = ["NA", "null", "None", "1.0", "nan", 'a "b", c', "two\nlines", "007", "True", " x"]
    assert Store.load(write_store(target=names)).samples["target"].tolist() == names


def test_rows_of_a_split(write_store) -> None:
    loaded = Store.load(write_store(split=["train", "test", "train"]))
    assert loaded.rows("train").tolist() == [0, 2]
    assert loaded.rows("val").tolist() == []


def test_pictures_are_those_of_the_samples_in_whichever_order(write_store) -> None:
    folder = write_store(target=["x"] * 40)
    samples = pd.read_csv(folder / "samples.csv")
    write_csv(folder / "samples.csv", samples.iloc[[39, 3, 3, 20]])
    assert np.array_equal(Store.load(folder).images[:], PICTURES[[39, 3, 3, 20]])


def test_a_sample_without_a_picture_is_named(write_store) -> None:
    folder = write_store(target=["x", "y"])
    builders.write_pictures(folder, PICTURES[:1], ["0.png"])
    with pytest.raises(SpecimenError, match=r"shards\.csv has no picture of 1\.png\)\. `dvc repro prepare`"):
        Store.load(folder)


def test_a_table_alone_has_pictures_of_no_size(write_store) -> None:
    folder = write_store(target=["x", "y"])
    facts = builders.dataset_meta(task="classification", class_names=("x", "y"), image_size=0)
    write_json(folder / "meta.json", facts.model_dump(mode="json"))
    (folder / "shards.csv").unlink()
    assert Store.load(folder).images.shape == (2, 0, 0, 3)


@pytest.mark.parametrize("name", ["meta.json", "samples.csv", "shards.csv", SHARD])
@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY\x01\x00\xff", b"[]", b"null", b'"\xff,\n1', b"\0" * 500])
def test_a_store_that_is_not_whole(write_store, name: str, content: bytes | None) -> None:
    folder = write_store(target=["x", "y"])
    name = str(next(folder.glob(name)))
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(SpecimenError, match=r"prepared: .*`dvc repro prepare`"):
        Store.load(folder)


def test_a_truncated_shard(write_store) -> None:
    folder = write_store(target=["x", "y"])
    shard = next(folder.glob(SHARD))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(SpecimenError, match="not a complete store"):
        Store.load(folder)


@pytest.mark.parametrize(
    "images", [np.zeros((1, SIZE, SIZE, 3), np.uint8), np.zeros((2, SIZE, SIZE, 3)), np.zeros((2, 8, 8, 3), np.uint8)]
)
def test_pictures_that_do_not_match_the_samples(write_store, images: np.ndarray) -> None:
    folder = write_store(target=["x", "y"])
    np.save(next(folder.glob(SHARD)), images)
    with pytest.raises(SpecimenError, match=r"images/\w+\.npy does not have 2 pictures of \(16, 16, 3\)"):
        Store.load(folder)


def test_masks_are_there_only_if_prepare_wrote_them(write_store) -> None:
    folder = write_store(target=["x", "y"])
    assert Store.load(folder).masks is None
    masks = PICTURES[:2, :, :, 0]
    builders.write_pictures(folder, PICTURES[:2], ["0.png", "1.png"], masks)
    stored = Store.load(folder).masks
    assert stored is not None
    assert np.array_equal(stored[:], masks)


@pytest.mark.parametrize("masks", [np.zeros((1, SIZE, SIZE), np.uint8), np.zeros((2, SIZE, SIZE), bool)])
def test_masks_that_do_not_match_the_pictures(write_store, masks: np.ndarray) -> None:
    folder = write_store(target=["x", "y"])
    builders.write_pictures(folder, PICTURES[:2], ["0.png", "1.png"], PICTURES[:2, :, :, 0])
    np.save(next((folder / "masks").iterdir()), masks)
    with pytest.raises(SpecimenError, match=r"masks/\w+\.npy does not have 2 pictures of \(16, 16\)"):
        Store.load(folder)


def test_samples_without_splits(write_store) -> None:
    folder = write_store(target=["x"])
    (folder / "samples.csv").write_text("row,image,target\n2,a.png,x\n")
    with pytest.raises(SpecimenError, match=r"no column 'split'\)\. `dvc repro prepare`"):
        Store.load(folder)

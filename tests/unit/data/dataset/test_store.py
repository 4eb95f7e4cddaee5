"""The packed store: pictures in the order of the table, whole or not there, and the same bytes for the same photos."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import specimen
from specimen.common import prefetch
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically, write_csv, write_json
from specimen.data.dataset.store import Store
from specimen.data.preparation.packing import keep_rows, pack
from specimen.data.preparation.picture_rules import ALIKE
from specimen.data.readers.decode import decode
from specimen.data.readers.folder_images import Folder

SIZE = 16


@pytest.fixture
def photos(tmp_path: Path, draw_photos) -> Folder:
    draw_photos(tmp_path / "photos", 40, side=24)
    return Folder(tmp_path / "photos", tmp_path)


@pytest.fixture
def write_store(tmp_path: Path) -> Callable[..., Path]:
    def write(**columns: list[object]) -> Path:
        """Write a store of one sample for each entry of the columns."""
        samples = pd.DataFrame({"row": 2, "image": "a.png", "group": "g", "split": "train", "target": "x"} | columns)
        folder = tmp_path / "prepared"
        folder.mkdir()
        np.save(folder / "images.npy", np.zeros((len(samples), SIZE, SIZE, 3), np.uint8))
        write_csv(folder / "samples.csv", samples)
        class_names = tuple(sorted(samples["target"].unique()))
        meta = builders.dataset_meta(task="classification", class_names=class_names, image_size=SIZE)
        write_json(folder / "meta.json", meta.model_dump(mode="json"))
        return folder

    return write


def pack_all(images: Folder, path: Path) -> pd.DataFrame:
    return pack(images, pd.Series(images.names), path, SIZE, "pad")


def test_pictures_are_in_the_order_of_the_table(photos: Folder, tmp_path: Path) -> None:
    files = pd.Series(photos.names[::-1], index=range(2, 42))
    facts = pack(photos, files, tmp_path / "images.npy", SIZE, "pad")
    expected = [decode(photos.read(name), SIZE, "pad")[0] for name in files]
    assert np.array_equal(np.load(tmp_path / "images.npy"), expected)
    assert facts.index.equals(files.index)


@pytest.mark.parametrize("workers", [1, 7])
def test_the_number_of_workers_changes_nothing(
    photos: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    expected = pack_all(photos, tmp_path / "one.npy")
    monkeypatch.setattr(prefetch, "available_cores", lambda: workers)
    pd.testing.assert_frame_equal(pack_all(photos, tmp_path / "two.npy"), expected)
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()


def test_unreadable_pictures_are_black_until_they_are_dropped_and_have_a_reason(photos: Folder, tmp_path: Path) -> None:
    (tmp_path / "photos" / photos.names[0]).write_bytes(b"no image")
    (tmp_path / "photos" / photos.names[2]).unlink()
    facts = pack_all(photos, tmp_path / "images.npy")
    assert facts["decode_error"].dropna().index.tolist() == [0, 2]
    assert facts["decode_error"][2] == "not a regular file"
    pictures = np.load(tmp_path / "images.npy")
    assert len(pictures) == 40
    assert not pictures[[0, 2]].any()
    keep_rows(tmp_path / "images.npy", np.flatnonzero(facts["decode_error"].isna()))
    pictures = np.load(tmp_path / "images.npy")
    assert len(pictures) == 38
    assert np.array_equal(pictures[0], decode(photos.read(photos.names[1]), SIZE, "pad")[0])


def test_facts_tell_upright_sides_and_equal_pixels(photos: Folder, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "photos" / "photo_0.png", tmp_path / "photos" / "photo_1.png")
    facts = pack_all(photos, tmp_path / "images.npy").set_index(pd.Index(photos.names))
    assert facts.loc["photo_0.png", ["image_width", "image_height"]].tolist() == [24, 24]
    assert facts["pixels"]["photo_0.png"] == facts["pixels"]["photo_1.png"]
    assert facts["pixels"].nunique() == 39


def test_a_photo_saved_again_looks_alike_and_another_does_not(photos: Folder, tmp_path: Path) -> None:
    with Image.open(tmp_path / "photos" / "photo_0.png") as photo:
        photo.resize((48, 48)).save(tmp_path / "photos" / "again.jpg", quality=90)
    facts = pack(photos, pd.Series(["photo_0.png", "again.jpg", "photo_2.png"]), tmp_path / "images.npy", 64, "pad")
    first, again, other = facts["perceptual_hash"].astype(object)
    grey, grey_again, grey_other = (np.frombuffer(grey, np.uint8).astype(int) for grey in facts["thumbnail"])
    assert (first ^ again).bit_count() <= 1 < (first ^ other).bit_count()
    assert np.abs(grey - grey_again).mean() <= ALIKE < np.abs(grey - grey_other).mean()


@pytest.mark.parametrize("rows", [[], [0], [39], [1, 2, 30], range(40), range(0, 40, 3)])
def test_keep_rows_is_numpys_indexing_in_place(photos: Folder, tmp_path: Path, rows: list[int]) -> None:
    pack_all(photos, tmp_path / "images.npy")
    before = np.load(tmp_path / "images.npy")
    keep_rows(tmp_path / "images.npy", rows)
    assert np.array_equal(np.load(tmp_path / "images.npy"), before[list(rows)])
    np.save(tmp_path / "expected.npy", before[list(rows)])
    assert (tmp_path / "images.npy").stat().st_size == (tmp_path / "expected.npy").stat().st_size


def test_too_small_a_disk_is_reported_before_anything_is_written(
    photos: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 0, 40 * SIZE * SIZE * 3 - 1))
    with pytest.raises(SpecimenError, match=r"the store needs 31 kB, 31 kB are free\..*prepare\.image_size"):
        pack_all(photos, tmp_path / "images.npy")
    assert not (tmp_path / "images.npy").exists()


def test_a_disk_that_fills_up_leaves_the_earlier_store(photos: Folder, tmp_path: Path) -> None:
    def write() -> None:
        with replace_atomically(tmp_path / "prepared") as folder:
            folder.mkdir()
            (folder / "images.npy").symlink_to("/dev/full")
            pack_all(photos, folder / "images.npy")

    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "old").touch()
    with pytest.raises(SpecimenError, match=r"prepared: the disk is full, nothing was changed"):
        write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "prepared"]
    assert (tmp_path / "prepared" / "old").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
import pandas as pd
from specimen.common.files import replace_atomically
from specimen.data.preparation import packing
from specimen.data.readers.folder_images import Folder

folder = Path(sys.argv[1])
images = Folder(folder / "photos", folder)
decoded = []
look = packing.make_thumbnail

def dies(picture):
    decoded.append(1)
    if len(decoded) == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return look(picture)

packing.make_thumbnail = dies
with replace_atomically(folder / "prepared") as aside:
    aside.mkdir()
    packing.pack(images, pd.Series(images.names), aside / "images.npy", 16, "pad")
"""


def test_a_killed_run_leaves_the_earlier_store_and_the_next_starts_clean(photos: Folder, tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "old").touch()
    env = os.environ | {"PYTHONPATH": str(Path(specimen.__file__).parents[1])}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=env, check=False, capture_output=True)
    assert killed.returncode == -9
    assert (tmp_path / "prepared" / "old").exists()
    assert (tmp_path / ".prepared.new" / "images.npy").exists()
    with replace_atomically(tmp_path / "prepared") as aside:
        aside.mkdir()
        pack_all(photos, aside / "images.npy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "prepared"]
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["images.npy"]


def test_strange_names_of_classes_survive(write_store) -> None:
    names = ["NA", "null", "None", "1.0", "nan", 'a "b", c', "two\nlines", "007", "True", " x"]
    assert Store.load(write_store(target=names)).samples["target"].tolist() == names


def test_rows_of_a_split(write_store) -> None:
    loaded = Store.load(write_store(split=["train", "test", "train"]))
    assert loaded.rows("train").tolist() == [0, 2]
    assert loaded.rows("val").tolist() == []


def test_pictures_stay_on_the_disk(write_store) -> None:
    assert isinstance(Store.load(write_store(target=["x"])).images, np.memmap)


@pytest.mark.parametrize("name", ["meta.json", "samples.csv", "images.npy"])
@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY\x01\x00\xff", b"[]", b"null", b'"\xff,\n1', b"\0" * 500])
def test_a_store_that_is_not_whole(write_store, name: str, content: bytes | None) -> None:
    folder = write_store(target=["x", "y"])
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(SpecimenError, match=r"prepared: .*`dvc repro prepare`"):
        Store.load(folder)


def test_a_truncated_file_of_pictures(write_store) -> None:
    folder = write_store(target=["x", "y"])
    content = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(content[:-1])
    with pytest.raises(SpecimenError, match="not a complete store"):
        Store.load(folder)


@pytest.mark.parametrize(
    "images", [np.zeros((1, SIZE, SIZE, 3), np.uint8), np.zeros((2, SIZE, SIZE, 3)), np.zeros((2, 8, 8, 3), np.uint8)]
)
def test_pictures_that_do_not_match_the_samples(write_store, images: np.ndarray) -> None:
    folder = write_store(target=["x", "y"])
    np.save(folder / "images.npy", images)
    with pytest.raises(SpecimenError, match=r"samples\.csv and meta\.json ask for uint8 \(2, 16, 16, 3\)"):
        Store.load(folder)


def test_masks_are_there_only_if_prepare_wrote_them(write_store) -> None:
    folder = write_store(target=["x", "y"])
    assert Store.load(folder).masks is None
    np.save(folder / "masks.npy", np.zeros((2, SIZE, SIZE), np.uint8))
    masks = Store.load(folder).masks
    assert masks is not None
    assert masks.shape == (2, SIZE, SIZE)


@pytest.mark.parametrize("masks", [np.zeros((1, SIZE, SIZE), np.uint8), np.zeros((2, SIZE, SIZE), bool)])
def test_masks_that_do_not_match_the_pictures(write_store, masks: np.ndarray) -> None:
    folder = write_store(target=["x", "y"])
    np.save(folder / "masks.npy", masks)
    with pytest.raises(SpecimenError, match=r"masks\.npy has .* but images\.npy needs uint8 \(2, 16, 16\)"):
        Store.load(folder)


def test_samples_without_splits(write_store) -> None:
    folder = write_store(target=["x"])
    (folder / "samples.csv").write_text("row,image,target\n2,a.png,x\n")
    with pytest.raises(SpecimenError, match=r"in splits\. `dvc repro prepare`"):
        Store.load(folder)

"""Packing photos into shards: in the order of the table, whole or not there, the same bytes for the same photos."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import specimen
from specimen.common import prefetch
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.config.prepare import Prepare
from specimen.data.dataset.shards import open_shards
from specimen.data.preparation.packing import pack
from specimen.data.preparation.picture_rules import ALIKE
from specimen.data.readers.decode import decode
from specimen.data.readers.folder_images import Folder

SIZE = 16


@pytest.fixture
def photos(tmp_path: Path, draw_photos) -> Folder:
    draw_photos(tmp_path / "photos", 40, side=24)
    return Folder(tmp_path / "photos", tmp_path)


def pack_all(images: Folder, folder: Path, names: list[str] | None = None, size: int = SIZE) -> pd.DataFrame:
    """Pack photos, each a group of its own; in rows 2, 3, ..."""
    listed = images.names if names is None else names
    rows = pd.DataFrame({"image": listed, "group": listed}, index=range(2, len(listed) + 2))
    return pack(images, rows, folder, Prepare(image_size=size))


def pictures(folder: Path, facts: pd.DataFrame) -> np.ndarray:
    """Return the pictures that were packed, in the order of the rows."""
    rows = np.arange(len(facts))
    return open_shards(folder, facts["shard"], facts["position"], rows, (SIZE, SIZE, 3))[rows]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_colours_are_the_means_of_the_pictures(photos: Folder, tmp_path: Path) -> None:
    facts = pack_all(photos, tmp_path / "images")
    means = pictures(tmp_path / "images", facts).mean(axis=(1, 2))
    np.testing.assert_allclose(facts[["mean_red", "mean_green", "mean_blue"]], means)


def test_pictures_are_in_the_order_of_the_table(photos: Folder, tmp_path: Path) -> None:
    names = photos.names[::-1]
    facts = pack_all(photos, tmp_path / "images", names)
    expected = [decode(photos.read(name), SIZE, "pad")[0] for name in names]
    assert np.array_equal(pictures(tmp_path / "images", facts), expected)
    assert facts.index.tolist() == list(range(2, 42))
    assert len(files(tmp_path / "images")) > 1


def test_a_photo_that_two_rows_name_is_packed_once(photos: Folder, tmp_path: Path) -> None:
    facts = pack_all(photos, tmp_path / "images", ["photo_0.png", "photo_1.png", "photo_0.png"])
    assert facts["position"].tolist() == [0, 1, 0]
    assert len(np.load(tmp_path / "images" / f"{facts['shard'].iloc[0]}.npy")) == 2


def test_the_photos_of_a_group_are_in_one_shard(photos: Folder, tmp_path: Path) -> None:
    rows = pd.DataFrame({"image": photos.names, "group": np.repeat(np.arange(4).astype(str), 10)})
    facts = pack(photos, rows, tmp_path / "images", Prepare(image_size=SIZE))
    assert (facts.groupby(rows["group"])["shard"].nunique() == 1).all()


def test_shards_with_the_same_pictures_are_one_file(photos: Folder, tmp_path: Path) -> None:
    names = [f"copy_{copy}_{number}.png" for copy in range(2) for number in range(20)]
    for name in names:
        number = name.split("_")[2]
        shutil.copy(tmp_path / "photos" / f"photo_{number}", tmp_path / "photos" / name)
    copies = Folder(tmp_path / "photos", tmp_path)
    rows = pd.DataFrame({"image": names, "group": ["a"] * 20 + ["b"] * 20})
    facts = pack(copies, rows, tmp_path / "images", Prepare(image_size=SIZE))
    assert facts["position"].tolist() == [*range(20), *range(20)]
    assert len(files(tmp_path / "images")) == 1
    expected = [decode(copies.read(name), SIZE, "pad")[0] for name in names]
    assert np.array_equal(pictures(tmp_path / "images", facts), expected)


@pytest.mark.parametrize("workers", [1, 7])
def test_the_number_of_workers_changes_nothing(
    photos: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    expected = pack_all(photos, tmp_path / "one")
    monkeypatch.setattr(prefetch, "available_cores", lambda: workers)
    pd.testing.assert_frame_equal(pack_all(photos, tmp_path / "two"), expected)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_unreadable_pictures_are_black_like_no_other_and_have_a_reason(photos: Folder, tmp_path: Path) -> None:
    (tmp_path / "photos" / photos.names[0]).write_bytes(b"no image")
    (tmp_path / "photos" / photos.names[2]).unlink()
    facts = pack_all(photos, tmp_path / "images")
    assert facts["decode_error"].dropna().index.tolist() == [2, 4]
    assert facts["decode_error"][4] == "not a regular file"
    stored = pictures(tmp_path / "images", facts)
    assert len(stored) == 40
    assert not stored[[0, 2]].any()
    assert facts["pixels"].nunique() == 40
    assert np.array_equal(stored[1], decode(photos.read(photos.names[1]), SIZE, "pad")[0])


def test_facts_tell_upright_sides_and_equal_pixels(photos: Folder, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "photos" / "photo_0.png", tmp_path / "photos" / "photo_1.png")
    facts = pack_all(photos, tmp_path / "images").set_index(pd.Index(photos.names))
    assert facts.loc["photo_0.png", ["image_width", "image_height"]].tolist() == [24, 24]
    assert facts["pixels"]["photo_0.png"] == facts["pixels"]["photo_1.png"]
    assert facts["pixels"].nunique() == 39


def test_a_photo_saved_again_looks_alike_and_another_does_not(photos: Folder, tmp_path: Path) -> None:
    with Image.open(tmp_path / "photos" / "photo_0.png") as photo:
        photo.resize((48, 48)).save(tmp_path / "photos" / "again.jpg", quality=90)
    facts = pack_all(photos, tmp_path / "images", ["photo_0.png", "again.jpg", "photo_2.png"], 64)
    first, again, other = facts["perceptual_hash"].astype(object)
    grey, grey_again, grey_other = (np.frombuffer(grey, np.uint8).astype(int) for grey in facts["thumbnail"])
    assert (first ^ again).bit_count() <= 1 < (first ^ other).bit_count()
    assert np.abs(grey - grey_again).mean() <= ALIKE < np.abs(grey - grey_other).mean()


def test_too_small_a_disk_is_reported_before_anything_is_written(
    photos: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 0, 40 * SIZE * SIZE * 3 - 1))
    with pytest.raises(SpecimenError, match=r"the store needs 31 kB, 31 kB are free\..*prepare\.image_size"):
        pack_all(photos, tmp_path / "images")
    assert not (tmp_path / "images").exists()


def test_a_disk_that_fills_up_leaves_the_earlier_store(
    photos: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        with Path("/dev/full").open("wb") as file:
            file.write(content)

    def write() -> None:
        monkeypatch.setattr(Path, "write_bytes", full)
        with replace_atomically(tmp_path / "prepared") as folder:
            folder.mkdir()
            pack_all(photos, folder / "images")

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
from specimen.config.prepare import Prepare
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
    rows = pd.DataFrame({"image": images.names, "group": images.names})
    packing.pack(images, rows, aside / "images", Prepare(image_size=16))
"""


def test_a_killed_run_leaves_the_earlier_store_and_the_next_starts_clean(photos: Folder, tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "old").touch()
    env = os.environ | {"PYTHONPATH": str(Path(specimen.__file__).parents[1])}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=env, check=False, capture_output=True)
    assert killed.returncode == -9
    assert (tmp_path / "prepared" / "old").exists()
    assert (tmp_path / ".prepared.new" / "images").exists()
    with replace_atomically(tmp_path / "prepared") as aside:
        aside.mkdir()
        pack_all(photos, aside / "images")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "prepared"]
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["images"]

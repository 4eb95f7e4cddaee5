"""Shards read as one array: what NumPy gives, from files of any cut, in any process and thread."""

from __future__ import annotations

import pickle
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest

from specimen.common.errors import SpecimenError
from specimen.data.dataset import shards
from specimen.data.dataset.shards import MANIFEST, Shards, open_shards, read_manifest

PICTURES = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), np.uint8)


def load(folder: Path) -> Shards:
    manifest = read_manifest(folder / MANIFEST)
    entries = np.arange(len(manifest))
    return open_shards(folder / "images", manifest["shard"], manifest["position"], entries, (4, 4, 3))


@pytest.fixture(params=[7, 16, 50])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Shards:
    """The same pictures, so many in a shard."""
    builders.write_pictures(tmp_path, PICTURES, step=request.param)
    return load(tmp_path)


@pytest.mark.parametrize("rows", [
    3, -1, np.int64(49), slice(None), slice(40, 3, -2), slice(60, 70), [], [5], [6, 7, 8, 6, 0, 49],
    np.arange(50)[::-1], np.arange(50) % 3 == 0, range(13, 20),
])  # fmt: skip
def test_indexing_is_that_of_numpy(stored: Shards, rows: Any) -> None:
    found = stored[rows]
    assert found.dtype == np.uint8
    assert np.array_equal(found, PICTURES[np.array(rows, int) if isinstance(rows, list) else rows])


@pytest.mark.parametrize("rows", [50, -51, [0, 50], "a", 1.5, (0, 0)])
def test_what_is_not_there_cannot_be_read(stored: Shards, rows: Any) -> None:
    with pytest.raises(IndexError):
        stored[rows]


def test_it_describes_itself_as_an_array(stored: Shards) -> None:
    assert (len(stored), stored.shape, stored.nbytes, stored.dtype) == (50, (50, 4, 4, 3), PICTURES.nbytes, np.uint8)
    assert np.array_equal(np.asarray(stored), PICTURES)
    assert all(np.array_equal(one, other) for one, other in zip(stored, PICTURES, strict=True))


def test_another_process_opens_the_files_itself(stored: Shards) -> None:
    assert np.array_equal(stored[[3, 30]], PICTURES[[3, 30]])
    sent = pickle.dumps(stored)
    assert np.array_equal(pickle.loads(sent)[:], PICTURES)
    assert len(sent) < PICTURES.nbytes + 2_000


def test_threads_share_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builders.write_pictures(tmp_path, PICTURES, step=2)
    monkeypatch.setattr(shards, "MOST_MAPPED", 3)
    stored = load(tmp_path)
    rows = [np.random.default_rng(seed).integers(0, 50, 20) for seed in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(stored.__getitem__, rows))
    assert all(np.array_equal(one, PICTURES[which]) for one, which in zip(found, rows, strict=True))
    assert 3 <= len(stored._mapped) < 3 + 8, "of the others, each thread may have one"


def open_files() -> list[int]:
    return sorted(int(path.name) for path in Path("/dev/fd").iterdir())


@pytest.fixture
def few_files() -> Iterator[None]:
    """Let the process open some files more, but fewer than there are shards."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(open_files()) + 40, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_store_may_have_more_shards_than_a_process_may_open(
    tmp_path: Path, few_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shards.most_mapped() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4
    monkeypatch.setattr(shards, "MOST_MAPPED", 10)
    builders.write_pictures(tmp_path, PICTURES, step=1)
    stored = load(tmp_path)
    assert np.array_equal(stored[:], PICTURES)
    assert len(stored._mapped) == 10


def test_files_are_closed_with_it(tmp_path: Path) -> None:
    builders.write_pictures(tmp_path, PICTURES)
    before = open_files()
    stored = load(tmp_path)
    assert stored[:].any()
    assert len(open_files()) > len(before)
    del stored
    assert open_files() == before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(Path.unlink, "cannot be read: No such file"), (lambda path: path.write_bytes(b""), "ends early")],
)
def test_a_shard_that_is_damaged_later_is_named(tmp_path: Path, damage: Any, reason: str) -> None:
    builders.write_pictures(tmp_path, PICTURES)
    stored = load(tmp_path)
    damage(stored._files[1])
    with pytest.raises(SpecimenError, match=rf"images/\w+\.npy: {reason}.*`dvc checkout`"):
        stored[:]


def test_the_header_is_that_of_numpy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", PICTURES)
    assert (tmp_path / "a.npy").read_bytes() == shards.npy_header(50, (4, 4, 3)) + PICTURES.tobytes()
    assert len(shards.npy_header(1, (1024, 1024, 3))) == len(shards.npy_header(10**9, (1024, 1024, 3)))

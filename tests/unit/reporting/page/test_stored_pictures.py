"""Single pictures of a store are read without the others."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import builders
import numpy as np
import pytest

from specimen.reporting.page.stored_pictures import PREPARED, SHARDS, StoredPictures
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.revisions import Revision

PICTURES = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 3), np.uint8)


class Counting(io.BytesIO):
    """A file that adds what was read of it to a list."""

    def __init__(self, content: bytes, counts: list[int]) -> None:
        super().__init__(content)
        self.counts = counts

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.counts.append(len(content))
        return content


class Stored(Revision):
    """A revision whose files are in a folder."""

    counts: list[int]
    whole: list[str]
    """The files that were read whole."""

    def read(self, path: str) -> bytes:
        self.whole.append(path)
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"{path} is not in {self.label}") from None

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        yield Counting((self.root / path).read_bytes(), self.counts)


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    (tmp_path / PREPARED).mkdir(parents=True)
    builders.write_pictures(tmp_path / PREPARED, PICTURES)
    revision = Stored(tmp_path, None, "base")
    object.__setattr__(revision, "counts", [])
    object.__setattr__(revision, "whole", [])
    return revision


def shard_of(revision: Stored, picture: int) -> Path:
    name = (revision.root / PREPARED / "shards.csv").read_text().splitlines()[picture + 1].split(",")[-1]
    return revision.root / PREPARED / "images" / f"{name}.npy"


def test_pictures_come_in_the_order_asked_for_and_no_others_are_read(stored: Stored) -> None:
    assert np.array_equal(StoredPictures(stored).read(["7", "99", "0"]), PICTURES[[7, 99, 0]])
    assert sum(stored.counts) < 3 * (200 + PICTURES[0].nbytes)


def test_where_the_pictures_are_is_read_once_for_all_groups_of_photos(stored: Stored) -> None:
    pictures = StoredPictures(stored)
    pictures.read(["7"])
    pictures.read(["99", "0"])
    assert stored.whole == [SHARDS]


def test_a_photo_that_the_store_does_not_have_is_named(stored: Stored) -> None:
    with pytest.raises(NotAvailableError, match=r"^data/prepared/shards\.csv of base has no picture of 100$"):
        StoredPictures(stored).read(["1", "100"])


def test_data_without_pictures_or_of_another_version_are_named(stored: Stored) -> None:
    (stored.root / PREPARED / "shards.csv").unlink()
    with pytest.raises(NotFoundError, match=r"is not in base: the data have no pictures, or are of another version"):
        StoredPictures(stored).read(["1"])


def test_a_table_that_is_damaged_is_named(stored: Stored) -> None:
    (stored.root / PREPARED / "shards.csv").write_bytes(b"\xff\0")
    with pytest.raises(NotAvailableError, match=r"^data/prepared/shards\.csv of base cannot be read"):
        StoredPictures(stored).read(["1"])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:-1], "ends early"),
        (lambda content: b"version https://git-lfs" + content, "not a shard"),
        (lambda content: content.replace(b"(16, 8", b"(15, 8"), "not a shard"),
        (lambda content: content.replace(b"|u1", b"|i1"), "not a shard"),
    ],
)
def test_a_shard_that_is_damaged_is_named(stored: Stored, damage, reason: str) -> None:  # type: ignore[no-untyped-def]
    path = shard_of(stored, 15)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(NotAvailableError, match=rf"^data/prepared/images/.*\.npy of base .*{reason}"):
        StoredPictures(stored).read(["15"])

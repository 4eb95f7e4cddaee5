"""Single pictures of a store are read without the others."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from specimen.reporting.page.stored_pictures import IMAGES, read_pictures
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.revisions import Revision


class Counting(io.BytesIO):
    """A file that knows how much of it was read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


class Stored(Revision):
    """A revision with one store."""

    def let_have(self, content: bytes) -> "Stored":
        object.__setattr__(self, "file", Counting(content))
        return self

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        assert path == IMAGES
        yield self.__dict__["file"]


def stored(images: object) -> Stored:
    file = io.BytesIO()
    np.save(file, np.asarray(images))
    return Stored(Path(), None, "base").let_have(file.getvalue())


def test_rows_come_in_the_order_asked_for_and_no_others_are_read() -> None:
    images = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 3), np.uint8)
    revision = stored(images)
    assert np.array_equal(read_pictures(revision, [7, 99, 0]), images[[7, 99, 0]])
    assert revision.__dict__["file"].count < 200 + 3 * images[0].nbytes


@pytest.mark.parametrize(("images", "reason"), [
    (np.zeros((0, 0, 0, 3), np.uint8), "have no pictures"),
    (np.zeros((2, 4, 4, 3), np.float32), "not a store"),
    (np.asfortranarray(np.zeros((2, 4, 4, 3), np.uint8)), "not a store"),
    (np.zeros((1, 4, 4, 3), np.uint8), "no row 1"),
])  # fmt: skip
def test_what_cannot_be_read_is_named(images: object, reason: str) -> None:
    with pytest.raises(NotAvailableError, match=reason):
        read_pictures(stored(images), [1])


def test_a_file_that_is_cut_off_is_named() -> None:
    whole = stored(np.zeros((2, 4, 4, 3), np.uint8)).__dict__["file"].getvalue()
    with pytest.raises(NotAvailableError, match="ends early"):
        read_pictures(Stored(Path()).let_have(whole[:-1]), [1])
    with pytest.raises(NotAvailableError, match="not a store"):
        read_pictures(Stored(Path()).let_have(b"version https://git-lfs"), [0])

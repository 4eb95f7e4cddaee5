"""Pictures in many small files, shards, that are read as one array: what is added later leaves the earlier files alone.

A shard is a plain .npy of uint8, its name a hash of its pictures. `shards.csv` says which picture is where:

image, image_md5               name of the photo, and the MD5 of its file
image_width, image_height      of the photo itself, upright
pixels                         hash of the picture in the store
shard, position                file in `images/`, without its suffix, and row in it
mask_md5, mask_pixels, mask_shard   likewise in `masks/`, at the same position; only with data.masks
"""

from __future__ import annotations

import io
import mmap
import os
import resource
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.errors import SpecimenError

IMAGES, MASKS = "images", "masks"
"""Folders of the shards."""
MANIFEST = "shards.csv"
MANIFEST_COLUMNS = ["image", "image_md5", "image_width", "image_height", "pixels", "shard", "position"]
MASK_COLUMNS = ["mask_md5", "mask_pixels", "mask_shard"]
MAPPED_SHARE = 4
"""The most files that are mapped: of those that a process may open, one in so many. Each mapped file counts as open."""
MOST_MAPPED = 16_000
"""And no more than these: Linux maps 65,530 regions for a process."""

Rows = npt.NDArray[np.int64]


class Shards:
    """Read-only uint8 array N x ... over shards: `len`, `shape`, `[int]`, `[slice]` and `[list or array of rows]`.

    What is asked for is copied into a new array, out of files that are mapped into memory, or that are opened each time
    where they are too many. Threads may share it, and so may processes, forked or not.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: Sequence[Path], file: Rows, position: Rows, shape: tuple[int, ...]) -> None:
        """Row i is the picture at `position[i]` of `files[file[i]]`; each has this `shape`."""
        self.shape = (len(file), *shape)
        self._files = files
        self._length = int(np.prod(shape))
        self._rows = np.arange(len(file))
        self._file = file
        self._start = len(npy_header(0, shape)) + position * self._length  # of each picture, in its file
        self._mapped: dict[int, memoryview] = {}  # by file
        self._pictures: dict[int, memoryview] = {}  # by row: those of mapped files that were asked for
        self._most_mapped = most_mapped()

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        """Return the number of pictures."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> npt.NDArray[np.uint8]:
        """Return a copy of one picture, or of some. Raises `SpecimenError` where a file is damaged."""
        chosen = self._rows[rows]
        return self._read(np.ravel(chosen).tolist()).reshape(*np.shape(chosen), *self.shape[1:])

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield one picture after the other."""
        return (self[row] for row in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the whole array in memory."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def _read(self, rows: list[int]) -> npt.NDArray[np.uint8]:
        """Return these pictures, all their bytes in a row."""
        known = self._pictures
        found = [known[row] if row in known else self._read_picture(row) for row in rows]
        joined = bytearray().join(found)  # one copy of all: faster than into an array, one by one
        if len(joined) != len(rows) * self._length:
            short = next(row for row, part in zip(rows, found, strict=True) if len(part) != self._length)
            raise SpecimenError(f"{self._files[self._file[short]]}: ends early. `dvc checkout` brings it back.")
        return np.frombuffer(joined, np.uint8)

    def _read_picture(self, row: int) -> bytes | memoryview:
        """Read a picture that was not read before; its file is mapped for the next ones, if there may be one more."""
        number, start = int(self._file[row]), int(self._start[row])
        path = self._files[number]
        try:
            if number not in self._mapped:
                with path.open("rb") as file:
                    if len(self._mapped) >= self._most_mapped or not os.fstat(file.fileno()).st_size:
                        file.seek(start)
                        return file.read(self._length)
                    mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
                    self._mapped.setdefault(number, mapped)
            return self._pictures.setdefault(row, self._mapped[number][start : start + self._length])
        except OSError as error:
            raise SpecimenError(f"{path}: cannot be read: {error.strerror}. `dvc checkout` brings it back.") from error

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to open the files itself."""
        return self.__dict__ | {"_mapped": {}, "_pictures": {}}


def most_mapped() -> int:
    """Return how many files a store may map into memory."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_MAPPED if soft == resource.RLIM_INFINITY else min(MOST_MAPPED, soft // MAPPED_SHARE)


@cache
def npy_header(count: int, shape: tuple[int, ...]) -> bytes:
    """Return how the .npy file of `count` pictures begins; the length depends on the shape of a picture alone.

    NumPy leaves room in it for the first axis to grow to 21 digits.
    """
    file = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


def read_manifest(file: Path | io.BytesIO) -> pd.DataFrame:
    """Return `shards.csv`: names and hashes as text. Raises what a damaged file makes pandas raise."""
    types: defaultdict[str, Any] = defaultdict(lambda: str)
    types |= dict.fromkeys(("image_width", "image_height", "position"), np.int64)
    return pd.read_csv(file, dtype=types, keep_default_na=False)


def open_shards(
    folder: Path, shard: pd.Series[Any], position: pd.Series[Any], entries: Rows, shape: tuple[int, ...]
) -> Shards:
    """Return the pictures at `entries` of a manifest, whose columns `shard` and `position` are given.

    Raises `ValueError` where a file is missing, or is not one of so many pictures.
    """
    numbers, names = pd.factorize(shard)
    files = [folder / f"{name}.npy" for name in names]
    positions = position.to_numpy(np.int64)
    counts = np.zeros(len(files), np.int64)
    np.maximum.at(counts, numbers, positions + 1)
    for file, count in zip(files, counts.tolist(), strict=True):
        header = npy_header(count, shape)
        with file.open("rb") as opened:
            whole = opened.read(len(header)) == header
            if not whole or opened.seek(0, os.SEEK_END) != len(header) + count * int(np.prod(shape)):
                raise ValueError(f"{folder.name}/{file.name} does not have {count} pictures of {shape}")
    return Shards(files, numbers[entries].astype(np.int64), positions[entries], shape)

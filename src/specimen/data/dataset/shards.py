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
import os
from collections.abc import Iterator, Sequence
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
KEPT_OPEN = 256
"""Files that stay open; a store has thousands, and a process may often open 1,024."""

Rows = npt.NDArray[np.int64]


class Shards:
    """Read-only uint8 array N x ... over shards: `len`, `shape`, `[int]`, `[slice]` and `[list or array of rows]`.

    What is asked for is read from the disk into a new array. The files are not mapped into memory, because Python keeps
    each mapped file open. Threads may share it, and so may processes, forked or not.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: Sequence[Path], file: Rows, position: Rows, shape: tuple[int, ...]) -> None:
        """Row i is the picture at `position[i]` of `files[file[i]]`; each has this `shape`."""
        self.shape = (len(file), *shape)
        self._files = files
        self._file = file
        self._position = position
        self._open: dict[int, int] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        """Return the number of pictures."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> npt.NDArray[np.uint8]:
        """Return a copy of one picture, or of some. Raises `SpecimenError` where a file is damaged."""
        chosen = np.arange(len(self))[rows]
        return self._read(np.atleast_1d(chosen)).reshape(*np.shape(chosen), *self.shape[1:])

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield one picture after the other."""
        return (self[row] for row in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the whole array in memory."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def _read(self, rows: Rows) -> npt.NDArray[np.uint8]:
        read = np.empty((len(rows), *self.shape[1:]), np.uint8)
        length = int(np.prod(self.shape[1:]))
        if not read.size:
            return read
        start = len(npy_header(0, self.shape[1:]))
        files, positions = self._file[rows], self._position[rows]
        # Neighbours of one file are read at once.
        ends = np.flatnonzero((np.diff(files) != 0) | (np.diff(positions) != 1)) + 1
        buffer = read.data.cast("B")
        for first, end in zip([0, *ends.tolist()], [*ends.tolist(), len(rows)], strict=True):
            part = buffer[first * length : end * length]
            self._read_into(part, int(files[first]), start + int(positions[first]) * length)
        return read

    def _read_into(self, part: memoryview, number: int, offset: int) -> None:
        path = self._files[number]
        kept = self._open.get(number)
        try:
            file = os.open(path, os.O_RDONLY) if kept is None else kept
            try:
                count = os.preadv(file, [part], offset)
            finally:
                if kept is None and (len(self._open) >= KEPT_OPEN or self._open.setdefault(number, file) != file):
                    os.close(file)
        except OSError as error:
            raise SpecimenError(f"{path}: cannot be read: {error.strerror}. `dvc checkout` brings it back.") from error
        if count != len(part):
            raise SpecimenError(f"{path}: ends early. `dvc checkout` brings it back.")

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to open the files itself."""
        return self.__dict__ | {"_open": {}}

    def __del__(self) -> None:
        """Close the files."""
        for file in self.__dict__.get("_open", {}).values():
            os.close(file)


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
    numbers = dict.fromkeys(("image_width", "image_height", "position"), np.int64)
    names = pd.read_csv(file, nrows=0).columns
    if isinstance(file, io.BytesIO):
        file.seek(0)
    return pd.read_csv(file, dtype={name: numbers.get(name, str) for name in names}, keep_default_na=False)


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

"""From image files to the one packed file of the store, in one pass over the files."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from tqdm import tqdm

from specimen.common.errors import SpecimenError
from specimen.common.prefetch import map_ahead
from specimen.data.readers.decode import DecodeError, Resize, decode_image
from specimen.data.readers.images import ImageNotFoundError, Images

CHUNK = 16
"""Images that a worker decodes and writes at a time: fewer hand-overs between threads."""
THUMBNAIL = (18, 16)
"""Width and height: two pixels each way for a cell of the perceptual hash."""
REDUCED_SIDE = 32
"""Before a thumbnail is made, whole pixels are averaged down to about this side, which is much faster."""


class Fact(NamedTuple):
    """What decoding one image file found."""

    decode_error: str | None
    image_width: int = 0
    image_height: int = 0
    thumbnail: bytes = bytes(THUMBNAIL[0] * THUMBNAIL[1])


def pack(images: Images, files: pd.Series[str], path: Path, size: int, resize: Resize) -> pd.DataFrame:
    """Decode `files` in order into one .npy file; a picture that fails leaves no row there.

    Returns, with the index of `files`: `decode_error` (None if fine), `image_width`, `image_height`, `thumbnail` (grey,
    as bytes), `perceptual_hash` (uint64) and `pixels` (the same text for the same picture). Raises `SpecimenError`
    where the disk is too small.
    """
    _check_space(path.parent, len(files) * size * size * 3)
    with path.open("wb") as file:
        start = _write_header(file, (len(files), size, size, 3))

    def work(first: int) -> list[Fact]:
        facts, pictures = [], []
        for name in files.iloc[first : first + CHUNK]:
            fact, picture = _decode(images, name, size, resize)
            facts.append(fact)
            pictures.append(picture)
        with path.open("r+b") as file:
            file.seek(start + first * size * size * 3)
            file.write(b"".join(pictures))
        return facts

    facts: list[Fact] = []
    # Pillow lets go of the interpreter while it decodes, so threads are enough.
    with tqdm(desc="pictures", total=len(files), unit=" images", disable=None) as bar:
        for found in map_ahead(work, range(0, len(files), CHUNK)):
            facts += found
            bar.update(len(found))
    table = pd.DataFrame(facts, index=files.index, columns=list(Fact._fields))
    good = np.flatnonzero(table["decode_error"].isna())
    if len(good) < len(table):
        keep_rows(path, good.tolist())
    return table.assign(perceptual_hash=_difference_hash(table["thumbnail"]), pixels=_hash_twins(path, facts))


def _decode(images: Images, name: str, size: int, resize: Resize) -> tuple[Fact, bytes]:
    """Return what was found, and the picture as bytes: black where it cannot be read, to be dropped afterwards."""
    try:
        image, (width, height) = decode_image(images.read(name), size, resize)
    except (DecodeError, ImageNotFoundError, OSError) as error:
        return Fact(str(error)), bytes(size * size * 3)
    return Fact(None, width, height, _thumbnail(image)), image.tobytes()


def _thumbnail(image: Image.Image) -> bytes:
    """Return a small grey copy, by which alike pictures are found."""
    small = image.reduce(max(1, image.width // REDUCED_SIDE)).convert("L")
    return small.resize(THUMBNAIL, Image.Resampling.BOX).tobytes()


def _difference_hash(thumbnails: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Return the 64 bits that say of each cell of 9 x 8 whether it is darker than its right neighbour.

    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    width, height = THUMBNAIL
    pixels = np.frombuffer(b"".join(thumbnails), np.uint8).reshape(-1, height // 2, 2, width // 2, 2)
    cells = pixels.sum(axis=(2, 4), dtype=np.uint16)
    bits = cells[:, :, :-1] < cells[:, :, 1:]
    return np.packbits(bits.reshape(len(bits), -1), axis=1).view(">u8").astype(np.uint64).ravel()


def _hash_twins(path: Path, facts: list[Fact]) -> list[str]:
    """Return a text for each picture that others share only if all pixels are the same.

    Equal pictures have equal thumbnails, so only pictures whose thumbnail is not alone are read again and hashed.
    """
    counts = Counter(fact.thumbnail for fact in facts if fact.decode_error is None)
    texts, row = [], 0
    stored = np.lib.format.open_memmap(path, mode="r")
    start, length = stored.offset, int(np.prod(stored.shape[1:]))
    with path.open("rb") as file:  # not mapped: what is read of a mapped file counts as memory
        for fact in facts:
            if fact.decode_error is None and counts[fact.thumbnail] > 1:
                file.seek(start + row * length)
                texts.append(hashlib.blake2b(file.read(length), digest_size=16).hexdigest())
            else:
                texts.append(f"row {len(texts)}")
            row += fact.decode_error is None
    return texts


def pack_none(path: Path, count: int) -> None:
    """Write the store's file for `count` samples without pictures: of side 0."""
    np.save(path, np.empty((count, 0, 0, 3), np.uint8))


def keep_rows(path: Path, rows: Iterable[int]) -> None:
    """Drop all but the given (ascending) rows of a packed .npy file, in place, one picture in memory at a time."""
    shape = np.load(path, mmap_mode="r").shape
    length = int(np.prod(shape[1:]))
    with path.open("r+b") as file:
        start = _write_header(file, shape)
        kept = 0
        for kept, row in enumerate(rows, start=1):
            if kept - 1 != row:
                file.seek(start + row * length)
                picture = file.read(length)
                file.seek(start + (kept - 1) * length)
                file.write(picture)
        _write_header(file, (kept, *shape[1:]))
        file.truncate(start + kept * length)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> int:
    """Write the .npy header at the start of the file, without moving what follows; return its length.

    NumPy leaves room in it for the first axis to grow to 21 digits, so that its length does not depend on N.
    """
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    length = file.tell()
    file.seek(0, os.SEEK_END)
    return length


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SpecimenError(
            f"{folder}: the store needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free. Free some space, "
            "or lower prepare.image_size."
        )

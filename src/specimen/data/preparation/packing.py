"""From image files to the one packed file of the store, in one pass over the files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from tqdm import tqdm

from specimen.common.errors import SpecimenError
from specimen.common.hashing import content_md5
from specimen.common.prefetch import prefetch_map
from specimen.common.sizes import format_bytes
from specimen.config.base import Resize
from specimen.data.preparation.image_hashes import (
    DecodeResult,
    difference_hash,
    hash_equal_pictures,
    make_thumbnail,
    range_of,
)
from specimen.data.readers.decode import DecodeError, decode_image
from specimen.data.readers.images import ImageNotFoundError, Images

CHUNK = 16
"""Images that a worker decodes and writes at a time: fewer hand-overs between threads."""


def pack(
    images: Images, files: pd.Series[str], path: Path, size: int, resize: Resize, white_level: float | None = None
) -> pd.DataFrame:
    """Decode `files` in order into one .npy file, N x size x size x 3 uint8; one that cannot be read becomes black.

    Returns what was found, with the index of `files`: `decode_error` (None if fine), `image_width` and `image_height`
    (upright), `value_range` (from the darkest to the brightest, of 255), `thumbnail` (grey, as bytes), `image_md5` (of
    the file), `perceptual_hash` (uint64) and `pixels` (the same text for the same picture).

    Raises `SpecimenError` where the disk is too small, and `MemoryError` where the memory is.
    """
    _check_space(path.parent, len(files) * size * size * 3)
    with path.open("wb") as file:
        start = _write_header(file, (len(files), size, size, 3))

    def pack_chunk(first: int) -> list[DecodeResult]:
        decoded = [_decode(images, name, size, resize, white_level) for name in files.iloc[first : first + CHUNK]]
        with path.open("r+b") as file:
            file.seek(start + first * size * size * 3)
            file.write(b"".join(picture for _, picture in decoded))
        return [result for result, _ in decoded]

    results: list[DecodeResult] = []
    # Pillow lets go of the interpreter while it decodes, so threads are enough.
    with tqdm(desc="pictures", total=len(files), unit=" images", disable=None) as bar:
        for chunk in prefetch_map(pack_chunk, range(0, len(files), CHUNK)):
            results += chunk
            bar.update(len(chunk))
    table = pd.DataFrame(results, index=files.index, columns=list(DecodeResult._fields))
    return table.assign(perceptual_hash=difference_hash(table["thumbnail"]), pixels=hash_equal_pictures(path, results))


def _decode(
    images: Images, name: str, size: int, resize: Resize, white_level: float | None
) -> tuple[DecodeResult, bytes]:
    """Return what was found, and the picture as bytes: black where it cannot be read."""
    try:
        content = images.read(name)
        image, (width, height) = decode_image(content, size, resize, white_level)
    except (DecodeError, ImageNotFoundError, OSError) as error:
        return DecodeResult(str(error)), bytes(size * size * 3)
    except MemoryError as error:
        raise MemoryError(f"{name}: {error}") from error
    pixels = image.tobytes()
    found = DecodeResult(None, width, height, range_of(pixels), make_thumbnail(image), content_md5(content))
    return found, pixels


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
        for row in rows:
            if row != kept:
                file.seek(start + row * length)
                picture = file.read(length)
                file.seek(start + kept * length)
                file.write(picture)
            kept += 1
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
            f"{folder}: the store needs {format_bytes(needed)}, {format_bytes(free)} are free. Free some "
            "space, or lower prepare.image_size."
        )

"""From image files to the one packed file of the store, in one pass over the files."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from specimen.decode import DecodeError, Picture, Resize, decode
from specimen.errors import SpecimenError
from specimen.images import ImageNotFoundError, Images

THUMBNAIL_SIDE = 16
REDUCED_SIDE = 32
"""Before a thumbnail is made, whole pixels are averaged down to about this side, which is much faster."""
IN_FLIGHT_PER_WORKER = 8
"""Pictures decoded ahead of the writer: enough to keep the workers busy, few enough to keep memory constant."""


def pack(images: Images, files: pd.Series[str], path: Path, size: int, resize: Resize) -> pd.DataFrame:
    """Decode `files` in order into one .npy file; a picture that fails leaves no row there.

    Returns, with the index of `files`: `decode_error` (None if fine), `width`, `height`, `perceptual_hash` (uint64),
    `thumbnail` (grey, as bytes) and `pixels` (the same text for the same picture). Raises `SpecimenError` where the
    disk is too small.
    """
    _check_space(path.parent, len(files) * size * size * 3)
    facts = []
    with path.open("wb") as file:
        _write_header(file, (0, size, size, 3))
        for picture, fact in tqdm(
            _in_order(images, files, size, resize), "pictures", len(files), unit=" images", disable=None
        ):
            if picture is not None:
                file.write(picture.data)
            facts.append(fact)
        _write_header(file, (sum(fact.decode_error is None for fact in facts), size, size, 3))
    table = pd.DataFrame(facts, index=files.index, columns=list(Fact._fields))
    return table.assign(pixels=_pixels(table, path))


def _pixels(table: pd.DataFrame, path: Path) -> list[str]:
    """Return a text for each picture that others share only if all pixels are the same.

    Equal pictures have equal thumbnails, so only pictures whose thumbnail is not alone are read again and hashed.
    """
    stored = np.load(path, mmap_mode="r") if table["decode_error"].isna().any() else np.empty(0)
    rows = table["decode_error"].isna().cumsum() - 1
    shared = table["thumbnail"].duplicated(keep=False) & table["decode_error"].isna()
    return [
        hashlib.blake2b(stored[row].tobytes(), digest_size=16).hexdigest() if twin else f"row {row}"
        for row, twin in zip(rows, shared, strict=True)
    ]


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


class Fact(NamedTuple):
    """What decoding one image file found."""

    decode_error: str | None
    width: int = 0
    height: int = 0
    perceptual_hash: int = 0
    thumbnail: bytes = b""


def _in_order(images: Images, files: Iterable[str], size: int, resize: Resize) -> Iterator[tuple[Picture | None, Fact]]:
    """Decode on all cores (Pillow lets go of the interpreter while it decodes), a few pictures ahead."""

    def work(name: str) -> tuple[Picture | None, Fact]:
        try:
            picture, (width, height) = decode(images.read(name), size, resize)
        except (DecodeError, ImageNotFoundError, OSError) as error:
            return None, Fact(str(error))
        return picture, Fact(None, width, height, *_look(picture))

    workers = os.cpu_count() or 1
    pending: deque[Future[tuple[Picture | None, Fact]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for name in files:
                pending.append(pool.submit(work, name))
                if len(pending) >= workers * IN_FLIGHT_PER_WORKER:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _look(picture: Picture) -> tuple[int, bytes]:
    """Return what tells alike pictures apart: a difference hash, and a grey thumbnail to verify what it finds.

    The 64 bits say of each cell of 8 x 9 whether it is darker than its right neighbour. Source: N. Krawetz, "Kind of
    Like That", hackerfactor.com, 2013.
    """
    grey = Image.fromarray(picture).reduce(max(1, len(picture) // REDUCED_SIDE)).convert("L")
    cells = np.asarray(grey.resize((9, 8), Image.Resampling.BOX))
    thumbnail = grey.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX)
    return int.from_bytes(np.packbits(cells[:, :-1] < cells[:, 1:]).tobytes(), "big"), thumbnail.tobytes()


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

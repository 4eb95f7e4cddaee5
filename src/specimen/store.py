"""The packed store: every picture decoded once, in one flat file that training maps into memory.

images.npy    uint8, N x size x size x 3; row i is the picture of row i of samples.csv
samples.csv   row, image, group, split, target, features
meta.json     what was found: task, target, class names, counts, statistics of the train split
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from tqdm import tqdm

from specimen.decode import DecodeError, Picture, Resize, decode
from specimen.errors import SpecimenError
from specimen.images import ImageNotFoundError, Images

THUMBNAIL_SIDE = 16
IN_FLIGHT_PER_WORKER = 8
"""Pictures decoded ahead of the writer: enough to keep the workers busy, few enough to keep memory constant."""


@dataclass(frozen=True)
class Store:
    """A prepared data set, opened for reading."""

    images: npt.NDArray[np.uint8]
    samples: pd.DataFrame
    meta: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Store:
        """Open a store; the pictures stay on disk until they are read. Raises `SpecimenError` if it is not whole."""
        try:
            meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            # A class named "NA" or "null" is a name, so only an empty cell is missing.
            text = {"image": str, "group": str, "split": str} | ({"target": str} if meta["class_names"] else {})
            samples = pd.read_csv(folder / "samples.csv", dtype=text, keep_default_na=False, na_values=[""])
            images = np.lib.format.open_memmap(folder / "images.npy", mode="r")
            shape = (len(samples), meta["image_size"], meta["image_size"], 3)
        # Parsers of damaged files raise whatever they stumble over.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise SpecimenError(f"{folder}: no whole store ({reason}). `dvc repro prepare` makes it.") from error
        if images.shape != shape or images.dtype != np.uint8 or "split" not in samples:
            raise SpecimenError(
                f"{folder}: images.npy holds {images.dtype} {images.shape}, samples.csv and meta.json speak of uint8 "
                f"{shape}, in splits. `dvc repro prepare` makes it anew."
            )
        return cls(images, samples, meta)

    def rows(self, split: str) -> npt.NDArray[np.int64]:
        """Return the row numbers of one split."""
        return np.flatnonzero(self.samples["split"] == split)


def pack(images: Images, files: pd.Series[str], path: Path, size: int, resize: Resize) -> pd.DataFrame:
    """Decode `files` in order into one .npy file; a picture that fails leaves no row there.

    Returns, with the index of `files`: `decode_error` (None if fine), `width`, `height`, `pixels` (a hash of the
    picture), `perceptual_hash` (uint64) and `thumbnail` (grey, as bytes). Raises `SpecimenError` where the disk is too
    small.
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
    return pd.DataFrame(facts, index=files.index, columns=list(Fact._fields))


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
    """What decoding one image file found; the columns that `pack` returns."""

    decode_error: str | None
    width: int = 0
    height: int = 0
    pixels: str = ""
    perceptual_hash: int = 0
    thumbnail: bytes = b""


def _in_order(images: Images, files: Iterable[str], size: int, resize: Resize) -> Iterator[tuple[Picture | None, Fact]]:
    """Decode on all cores (Pillow lets go of the interpreter while it decodes), a few pictures ahead."""

    def work(name: str) -> tuple[Picture | None, Fact]:
        try:
            picture, (width, height) = decode(images.read(name), size, resize)
        except (DecodeError, ImageNotFoundError, OSError) as error:
            return None, Fact(str(error))
        pixels = hashlib.blake2b(picture.data, digest_size=16).hexdigest()
        return picture, Fact(None, width, height, pixels, *_look(picture))

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
    grey = Image.fromarray(picture).convert("L")
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

"""Hashes of pictures, by which equal and alike ones are found."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

THUMBNAIL = (18, 16)
"""Width and height: two pixels each way for a cell of the perceptual hash."""
REDUCED_SIDE = 32
"""Before a thumbnail is made, whole pixels are averaged down to about this side, which is much faster."""


class DecodeResult(NamedTuple):
    """What decoding one image file found."""

    decode_error: str | None
    image_width: int = 0
    image_height: int = 0
    thumbnail: bytes = bytes(THUMBNAIL[0] * THUMBNAIL[1])


def make_thumbnail(image: Image.Image) -> bytes:
    """Return a small grey copy, by which alike pictures are found."""
    small = image.reduce(max(1, image.width // REDUCED_SIDE)).convert("L")
    return small.resize(THUMBNAIL, Image.Resampling.BOX).tobytes()


def difference_hash(thumbnails: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Return the 64 bits that say of each cell of 9 x 8 whether it is darker than its right neighbour.

    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    width, height = THUMBNAIL
    pixels = np.frombuffer(b"".join(thumbnails), np.uint8).reshape(-1, height // 2, 2, width // 2, 2)
    cells = pixels.sum(axis=(2, 4), dtype=np.uint16)
    bits = cells[:, :, :-1] < cells[:, :, 1:]
    return np.packbits(bits.reshape(len(bits), -1), axis=1).view(">u8").astype(np.uint64).ravel()


def hash_equal_pictures(path: Path, facts: list[DecodeResult]) -> list[str]:
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

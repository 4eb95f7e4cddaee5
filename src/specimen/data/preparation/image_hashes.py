"""Hashes of pictures, by which equal and similar ones are found."""

from __future__ import annotations

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
    """What decoding one image file has found."""

    decode_error: str | None
    image_width: int = 0
    image_height: int = 0
    value_range: int = 0
    """From the darkest to the brightest value of any colour, in the picture of the store."""
    thumbnail: bytes = bytes(THUMBNAIL[0] * THUMBNAIL[1])
    image_md5: str = ""
    """Of the bytes of the file: another photo under the same name has another one."""
    pixels: str = ""
    """Hash of the picture of the store."""
    image_darkest: float = 0.0
    """Of `Light`, as the next two."""
    image_brightest: float = 1.0
    image_sharpness: float = 0.0
    mean_red: float = 0.0
    """Of 255, as the next two."""
    mean_green: float = 0.0
    mean_blue: float = 0.0
    taken: bool = False
    """Whether it was decoded before, and taken from the last store."""


def make_thumbnail(image: Image.Image) -> bytes:
    """Return a small grey copy, by which similar pictures are found."""
    small = image.reduce(max(1, image.width // REDUCED_SIDE)).convert("L")
    return small.resize(THUMBNAIL, Image.Resampling.BOX).tobytes()


def range_of(pixels: bytes) -> int:
    """Return how far the darkest and the brightest value of a picture are apart, whatever their colours."""
    values = np.frombuffer(pixels, np.uint8)  # Pillow's own `getextrema` takes 20 times as long
    return int(values.max()) - int(values.min())


def mean_colour(pixels: bytes, width: int) -> tuple[float, float, float]:
    """Return the mean red, green and blue of a picture of this width, 0 to 255."""
    rows = np.frombuffer(pixels, np.uint8).reshape(-1, width * 3)
    columns = rows.sum(axis=0, dtype=np.uint32)  # far faster than the sum of all reds at once
    red, green, blue = (columns.reshape(width, 3).sum(axis=0) / (len(rows) * width)).tolist()
    return red, green, blue


def difference_hash(thumbnails: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Return the 64 bits that say of each cell of 9 x 8 whether it is darker than its right neighbour.

    Source: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    width, height = THUMBNAIL
    pixels = np.frombuffer(b"".join(thumbnails), np.uint8).reshape(-1, height // 2, 2, width // 2, 2)
    cells = pixels.sum(axis=(2, 4), dtype=np.uint16)
    bits = cells[:, :, :-1] < cells[:, :, 1:]
    return np.packbits(bits.reshape(len(bits), -1), axis=1).view(">u8").astype(np.uint64).ravel()

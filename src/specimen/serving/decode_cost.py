"""What it costs to decode an image, known from its head: before it is decoded, it is known where."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

from PIL import Image

from specimen.config.base import Resize
from specimen.data.readers.decode import FORMATS, draft, sides_of_webp, unpacked_pixels
from specimen.data.readers.heif import can_read_heif, is_heif
from specimen.data.readers.jpeg_scans import MAX_SCANS, count_scans

BYTES_PER_PIXEL = 20
"""Most memory that decoding takes, measured over the modes of each format: of a WebP with transparency."""
JPEG_BYTES_PER_PIXEL = 5
"""Of a JPEG, at the size to which it is decoded."""
SCANS_BYTES_PER_PIXEL = 8
"""What a JPEG of several scans takes besides, at its full size: the coefficients, in CMYK."""
SECONDS_PER_PIXEL = 30e-9
JPEG_SECONDS_PER_PIXEL = 3e-9
"""Of each scan."""


@dataclass(frozen=True)
class Cost:
    """What decoding takes: bytes of memory at most, and about so many seconds of one core."""

    memory: float
    seconds: float


NOTHING = Cost(0, 0)


def decode_cost(content: bytes, size: int, resize: Resize, max_pixels: int) -> Cost:
    """Return what it costs to decode an image to a square of `size`: nothing for what `decode` refuses at its head."""
    if is_heif(content):
        return Cost(math.inf, math.inf) if can_read_heif() else NOTHING
    if sides := sides_of_webp(content):  # to open one takes time and memory
        return _cost(math.prod(sides), max_pixels)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            pixels = unpacked_pixels(image)
            if image.format not in ("JPEG", "MPO"):
                return _cost(pixels, max_pixels)
            draft(image, size, resize)
            drafted = math.prod(image.size)
    except Exception:
        return NOTHING
    scans = count_scans(content)
    if pixels > max_pixels or scans > MAX_SCANS:
        return NOTHING
    memory = JPEG_BYTES_PER_PIXEL * drafted + SCANS_BYTES_PER_PIXEL * pixels * (scans > 1)
    return Cost(memory, JPEG_SECONDS_PER_PIXEL * pixels * scans)


def _cost(pixels: int, max_pixels: int) -> Cost:
    return NOTHING if pixels > max_pixels else Cost(BYTES_PER_PIXEL * pixels, SECONDS_PER_PIXEL * pixels)

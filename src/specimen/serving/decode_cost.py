"""What it costs to decode an image, known from its head: what costs too much is refused before it is decoded."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from specimen.data.readers.decode import FORMATS, DecodeError, TooManyPixelsError
from specimen.data.readers.jpeg_scans import MAX_SCANS, has_too_many_scans

BYTES_PER_PIXEL = {
    "JPEG": 10,  # decoded to an eighth of its size; but a progressive one is first kept whole, 8 in CMYK
    "MPO": 10,  # a JPEG that is followed by others
    "WEBP": 28,  # with transparency, to be turned
}
"""Most memory that decoding takes, measured over the modes of each format."""
OTHER_BYTES_PER_PIXEL = 20
"""PNG with transparency, to be turned, and TIFF of 32 bits; the others take less."""
SMALL = 16_000_000
"""An image that takes no more does not wait for the memory of large ones: there are no more of these than threads."""
MOST_BYTES_PER_PIXEL = max(BYTES_PER_PIXEL.values())

FEW_SCANS = 20
"""A JPEG of any size may have so many scans."""
PIXELS_TIMES_SCANS = 1_000_000_000
"""More scans of a large JPEG would keep a core busy for seconds."""


class TooManyScansError(DecodeError):
    """The JPEG has more scans than are accepted."""


def decode_cost(content: bytes, max_pixels: int) -> int:
    """Return how many bytes of memory decoding takes at most; 0 for what cannot be decoded anyway.

    Raises `DecodeError` for an image that would cost too much memory or time.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            pixels = image.width * image.height
            kind = image.format or ""
    except Image.DecompressionBombError:  # the limit of Pillow itself, far above ours
        raise TooManyPixelsError(f"more than {max_pixels:,} pixels") from None
    except Exception:
        return 0
    if pixels > max_pixels:
        return 0
    most_scans = min(MAX_SCANS, max(FEW_SCANS, PIXELS_TIMES_SCANS // max(1, pixels)))
    if kind in ("JPEG", "MPO") and has_too_many_scans(content, most_scans):
        raise TooManyScansError(f"a JPEG of more than {most_scans} scans; save it again, not as progressive")
    return pixels * BYTES_PER_PIXEL.get(kind, OTHER_BYTES_PER_PIXEL)


class DecodeMemory:
    """Memory for the images that threads decode at the same time; a thread waits until its image fits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._first = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def reserved(self, amount: int) -> Iterator[None]:
        """Hold so much memory; an image larger than all of it is decoded alone, a small one at once."""
        if amount <= SMALL:
            yield
            return
        # Only one waits for memory, the others for the one, so that small images do not keep a large one waiting.
        with self._first, self._changed:
            self._changed.wait_for(lambda: self._used + amount <= self._limit or not self._used)
            self._used += amount
        try:
            yield
        finally:
            with self._changed:
                self._used -= amount
                self._changed.notify_all()

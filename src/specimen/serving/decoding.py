"""The images of a request -> pictures for the model: most in a few threads, large ones in a process of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from specimen.common.cores import available_cores
from specimen.data.readers.decode import (
    DecodeError,
    NotAnImageError,
    Picture,
    TooManyPixelsError,
    TooManyScansError,
    decode,
)
from specimen.models.meta import ModelMeta
from specimen.serving.decode_cost import decode_cost
from specimen.serving.decode_process import DecodeProcess, TooMuchTimeError
from specimen.serving.fair_threads import FairThreads
from specimen.serving.limits import Limits
from specimen.serving.request_errors import RequestError
from specimen.serving.schemas import Code, Failure
from specimen.serving.uploads import FileTooLargeError, ImageFile

QUICK_SECONDS = 0.1
"""An image that takes longer is large."""
CODES: dict[type[Exception], Code] = {
    FileTooLargeError: "too_large",
    NotAnImageError: "not_an_image",
    TooManyPixelsError: "too_many_pixels",
    TooManyScansError: "too_many_scans",
    TooMuchTimeError: "too_costly",
    DecodeError: "damaged",
}


@dataclass(frozen=True)
class DecodedImage:
    """One image of a request, as the model sees it."""

    name: str
    picture: Picture
    sides: tuple[int, int]
    """Width and height of the upright photo, in pixels."""


class Decoder:
    """A thread for each core that decodes images, and a process for those that take long or much memory.

    So small images never wait for large ones. Both are for the client next that has used the least of their time. The
    threads have equal parts of the memory for them; an image that needs more is large, too.
    """

    def __init__(self, limits: Limits) -> None:
        threads = available_cores()
        self._max_pixels = limits.pixels
        self._quick_bytes = limits.quick_bytes / threads
        self._quick = FairThreads(threads, "decode")
        self._large = FairThreads(1, "decode-large", monotonic)
        self._process = DecodeProcess()

    async def decode(
        self, images: Sequence[ImageFile], meta: ModelMeta, client: str = ""
    ) -> list[DecodedImage | Failure]:
        """Return each image as the model wants it, or why it cannot be used, in the same order.

        Raises `RequestError` where the memory is too small, which says nothing about an image.
        """
        return await asyncio.gather(*(self._decode(image, meta, client) for image in images))

    def close(self) -> None:
        """End the threads once they have finished their current work, and the process at once."""
        self._process.close()
        self._large.close()
        self._quick.close()

    async def _decode(self, image: ImageFile, meta: ModelMeta, client: str) -> DecodedImage | Failure:
        try:
            decoded = await self._quick.run(client, partial(self._decode_quick, image, meta))
            if decoded is None:
                decoded = await self._large.run(client, partial(self._decode_large, image, meta))
        except tuple(CODES) as error:
            code = next(code for kind, code in CODES.items() if isinstance(error, kind))
            return Failure(file=image.name, code=code, error=f"{image.name}: {error}")
        except MemoryError as error:
            message = f"{image.name}: the server has too little memory for it now; try again later, or a smaller photo."
            raise RequestError(503, "no_memory", message) from error
        return DecodedImage(image.name, *decoded)

    def _decode_quick(self, image: ImageFile, meta: ModelMeta) -> tuple[Picture, tuple[int, int]] | None:
        """Return the picture and the sides of the photo, None if it is large."""
        content = image.read()
        cost = decode_cost(content, meta.image_size, meta.resize, self._max_pixels)
        if cost.memory > self._quick_bytes or cost.seconds > QUICK_SECONDS:
            return None
        return decode(content, meta.image_size, meta.resize, meta.white_level, self._max_pixels)

    def _decode_large(self, image: ImageFile, meta: ModelMeta) -> tuple[Picture, tuple[int, int]]:
        return self._process.decode(image.read(), meta.image_size, meta.resize, meta.white_level, self._max_pixels)

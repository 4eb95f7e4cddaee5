"""The images of a request -> pictures for the model, decoded in a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from specimen.common.cores import available_cores
from specimen.data.readers.decode import DecodeError, NotAnImageError, Picture, TooManyPixelsError, decode
from specimen.models.meta import ModelMeta
from specimen.serving.schemas import Failure
from specimen.serving.uploads import FileTooLargeError, ImageFile


@dataclass(frozen=True)
class DecodedImage:
    """One image of a request, as the model sees it."""

    name: str
    picture: Picture


class Decoder:
    """A thread for each core that decodes images."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._threads = ThreadPoolExecutor(available_cores(), "decode")

    async def decode(self, images: Sequence[ImageFile], meta: ModelMeta) -> list[DecodedImage | Failure]:
        """Return each image as the model wants it, or why it cannot be used, in the same order."""
        loop = asyncio.get_running_loop()
        tasks = [loop.run_in_executor(self._threads, self._decode, image, meta) for image in images]
        return await asyncio.gather(*tasks)

    def close(self) -> None:
        """End the threads once they have finished their current work."""
        self._threads.shutdown()

    def _decode(self, image: ImageFile, meta: ModelMeta) -> DecodedImage | Failure:
        try:
            picture, _ = decode(image.read(), meta.image_size, meta.resize, self._max_pixels)
        except FileTooLargeError as error:
            return _failure(image, "too_large", error)
        except NotAnImageError as error:
            return _failure(image, "not_an_image", error)
        except TooManyPixelsError as error:
            return _failure(image, "too_many_pixels", error)
        except DecodeError as error:
            return _failure(image, "damaged", error)
        return DecodedImage(image.name, picture)


def _failure(image: ImageFile, code: str, error: Exception) -> Failure:
    return Failure(file=image.name, code=code, error=f"{image.name}: {error}")

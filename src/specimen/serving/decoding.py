"""The images of a request -> pictures for the model, decoded in a few threads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import thread_time

from specimen.common.cores import available_cores
from specimen.data.readers.decode import DecodeError, NotAnImageError, Picture, TooManyPixelsError, decode
from specimen.models.meta import ModelMeta
from specimen.serving.decode_cost import DecodeMemory, TooManyScansError, decode_cost
from specimen.serving.limits import Limits
from specimen.serving.request_errors import RequestError
from specimen.serving.schemas import Failure
from specimen.serving.uploads import FileTooLargeError, ImageFile


@dataclass(frozen=True)
class DecodedImage:
    """One image of a request, as the model sees it."""

    name: str
    picture: Picture
    sides: tuple[int, int]
    """Width and height of the upright photo, in pixels."""


@dataclass(frozen=True)
class _Waiting:
    client: str
    image: ImageFile
    meta: ModelMeta
    result: asyncio.Future[DecodedImage | Failure]
    seconds: list[float]
    """What it took, once that is known: the time of its thread on a core, whatever else the machine does."""


class UsedTime:
    """How much decoding time clients have used lately: what was used half a minute ago counts half."""

    HALF_LIFE = 30.0
    LONG = 1.0
    """Seconds for one image; a photo from a phone takes a tenth."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._slow: set[str] = set()
        self._halved = 0.0

    def add(self, client: str, seconds: float) -> None:
        """Note that a client has used so much."""
        self._seconds[client] = self._seconds.get(client, 0.0) + seconds
        (self._slow.add if seconds > self.LONG else self._slow.discard)(client)

    def is_slow(self, client: str) -> bool:
        """Return whether the last image of a client took long."""
        return client in self._slow

    def least(self, waiting: Mapping[str, Sized], now: float) -> str:
        """Return the client that has used the least; of several, the one with the fewest images that wait."""
        if now > self._halved + self.HALF_LIFE:
            self._halved = now
            self._seconds = {client: used / 2 for client, used in self._seconds.items() if used > 0.1}
            self._slow &= self._seconds.keys()
        return min(waiting, key=lambda client: (self._seconds.get(client, 0.0), len(waiting[client])))


class Decoder:
    """A thread for each core that decodes images.

    The next image is of the client that has used the least time. The last free thread is not for a client whose images
    take long, so that quick ones do not wait for them. And after such an image comes a short rest: Pillow holds
    Python's lock during parts of its work, and everything else has to be done in between.
    """

    REST = 0.5

    def __init__(self, limits: Limits) -> None:
        self._max_pixels = limits.pixels
        self._memory = DecodeMemory(limits.decode_bytes)
        self._cores = self._free = available_cores()
        self._threads = ThreadPoolExecutor(self._cores, "decode")
        self._queues: dict[str, deque[_Waiting]] = {}
        """Of each client that waits."""
        self._used = UsedTime()
        self._rests_until = 0.0

    async def decode(
        self, images: Sequence[ImageFile], meta: ModelMeta, client: str = ""
    ) -> list[DecodedImage | Failure]:
        """Return each image as the model wants it, or why it cannot be used, in the same order.

        Raises `RequestError` where the memory is too small, which says nothing about an image.
        """
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(client, image, meta, loop.create_future(), []) for image in images]
        self._queues.setdefault(client, deque()).extend(waiting)
        self._start(loop)
        return await asyncio.gather(*(one.result for one in waiting))

    def close(self) -> None:
        """End the threads once they have finished their current work."""
        self._threads.shutdown()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give work to the threads that have none."""
        while self._free and (waiting := self._next(loop.time())):
            self._free -= 1
            done = loop.run_in_executor(self._threads, self._decode, waiting)
            done.add_done_callback(partial(self._finish, loop, waiting))

    def _next(self, now: float) -> _Waiting | None:
        only_quick = self._free == 1 < self._cores or now < self._rests_until
        while queues := {
            client: queue for client, queue in self._queues.items() if not (only_quick and self._used.is_slow(client))
        }:
            client = self._used.least(queues, now)
            queue = self._queues.pop(client)
            waiting = queue.popleft()
            if queue:
                self._queues[client] = queue  # at the end: those who have used as little come first
            if not waiting.result.done():  # else its request was given up
                return waiting
        return None

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        waiting: _Waiting,
        done: asyncio.Future[DecodedImage | Failure],
    ) -> None:
        self._free += 1
        self._used.add(waiting.client, waiting.seconds[0] if waiting.seconds else 0.0)
        if self._used.is_slow(waiting.client):
            self._rests_until = loop.time() + self.REST
            loop.call_later(self.REST, self._start, loop)
        self._start(loop)
        if done.cancelled():
            waiting.result.cancel()
        elif waiting.result.done():
            done.exception()  # nobody waits for it any more
        elif error := done.exception():
            waiting.result.set_exception(error)
        else:
            waiting.result.set_result(done.result())

    def _decode(self, waiting: _Waiting) -> DecodedImage | Failure:
        before = thread_time()
        try:
            return self._decode_image(waiting.image, waiting.meta)
        finally:
            waiting.seconds.append(thread_time() - before)

    def _decode_image(self, image: ImageFile, meta: ModelMeta) -> DecodedImage | Failure:
        try:
            content = image.read()
            with self._memory.reserved(decode_cost(content, self._max_pixels)):
                picture, sides = decode(content, meta.image_size, meta.resize, meta.white_level, self._max_pixels)
        except FileTooLargeError as error:
            return _failure(image, "too_large", error)
        except NotAnImageError as error:
            return _failure(image, "not_an_image", error)
        except TooManyPixelsError as error:
            return _failure(image, "too_many_pixels", error)
        except TooManyScansError as error:
            return _failure(image, "too_many_scans", error)
        except DecodeError as error:
            return _failure(image, "damaged", error)
        except MemoryError as error:
            message = f"{image.name}: the server has too little memory for it now; try again later, or a smaller photo."
            raise RequestError(503, "no_memory", message) from error
        return DecodedImage(image.name, picture, sides)


def _failure(image: ImageFile, code: str, error: Exception) -> Failure:
    return Failure(file=image.name, code=code, error=f"{image.name}: {error}")

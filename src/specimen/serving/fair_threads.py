"""Threads that clients share: whoever asks for little does not wait for all the work of another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import thread_time
from typing import Any, TypeVar

Result = TypeVar("Result")


class UsedTime:
    """How much time clients have used lately: what was used half a minute ago counts half."""

    HALF_LIFE = 30.0

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._halved = 0.0

    def add(self, client: str, seconds: float) -> None:
        """Note that a client has used so much."""
        self._seconds[client] = self._seconds.get(client, 0.0) + seconds

    def least(self, waiting: Mapping[str, Sized], now: float) -> str:
        """Return the client that has used the least; of several, the one with the least that waits."""
        if now > self._halved + self.HALF_LIFE:
            self._halved = now
            self._seconds = {client: used / 2 for client, used in self._seconds.items() if used > 0.1}
        return min(waiting, key=lambda client: (self._seconds.get(client, 0.0), len(waiting[client])))


@dataclass(frozen=True)
class _Waiting:
    client: str
    work: Callable[[], Any]
    result: asyncio.Future[Any]
    seconds: list[float]
    """What it took, once that is known."""


class FairThreads:
    """A few threads; what they do next is for the client that has used the least of their time lately."""

    def __init__(self, count: int, name: str, clock: Callable[[], float] = thread_time) -> None:
        """`clock` measures their time; by default it is that on a core, whatever else the machine does."""
        self._free = count
        self._threads = ThreadPoolExecutor(count, name)
        self._clock = clock
        self._queues: dict[str, deque[_Waiting]] = {}
        """Of each client that waits."""
        self._used = UsedTime()

    async def run(self, client: str, work: Callable[[], Result]) -> Result:
        """Do some work for a client, and return its result or raise its error."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(client, work, loop.create_future(), [])
        self._queues.setdefault(client, deque()).append(waiting)
        self._start(loop)
        result: Result = await waiting.result
        return result

    def close(self) -> None:
        """End the threads once they have finished their current work."""
        self._threads.shutdown()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give work to the threads that have none."""
        while self._free and (waiting := self._next(loop.time())):
            self._free -= 1
            done = loop.run_in_executor(self._threads, self._work, waiting)
            done.add_done_callback(partial(self._finish, loop, waiting))

    def _next(self, now: float) -> _Waiting | None:
        while self._queues:
            client = self._used.least(self._queues, now)
            queue = self._queues.pop(client)
            waiting = queue.popleft()
            if queue:
                self._queues[client] = queue  # at the end: those who have used as little come first
            if not waiting.result.done():  # else its request was given up
                return waiting
        return None

    def _work(self, waiting: _Waiting) -> Any:
        before = self._clock()
        try:
            return waiting.work()
        finally:
            waiting.seconds.append(self._clock() - before)

    def _finish(self, loop: asyncio.AbstractEventLoop, waiting: _Waiting, done: asyncio.Future[Any]) -> None:
        self._free += 1
        self._used.add(waiting.client, sum(waiting.seconds))
        self._start(loop)
        if done.cancelled():
            waiting.result.cancel()
        elif waiting.result.done():
            done.exception()  # nobody waits for it any more
        elif error := done.exception():
            waiting.result.set_exception(error)
        else:
            waiting.result.set_result(done.result())

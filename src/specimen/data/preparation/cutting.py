"""Where one shard ends and the next begins: decided by the photos around a cut, so that a change elsewhere moves none.

The photos of a group that follow each other stay together, so that a new or removed object touches one shard or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice
from typing import Protocol, TypeVar

FEWEST, MOST = 16, 32
"""Pictures in a shard; the last one may have fewer, and so may one before a large group."""
ONE_IN = 3
"""So many places where a cut is allowed are passed over, on average, for one where the hash asks for it. Simulated with
groups of 1 to 20 photos: an inserted row costs 21 to 57 rows, with 2 instead up to 159, with 4 up to 73."""


class Packable(Protocol):
    """What is put into a shard."""

    @property
    def group(self) -> str:
        """Name of the object."""

    @property
    def pixels(self) -> str:
        """Hash of the picture, in hexadecimal digits."""


P = TypeVar("P", bound=Packable)


def cut(pictures: Iterable[P]) -> Iterator[list[P]]:
    """Yield the pictures in lists of `FEWEST` to `MOST`, in order."""
    shard: list[P] = []
    for run in _runs(pictures):
        asked_for = len(shard) >= FEWEST and int(run[0].pixels, 16) % ONE_IN == 0
        if shard and (asked_for or len(shard) + len(run) > MOST):
            yield shard
            shard = []
        shard += run
    if shard:
        yield shard


def _runs(pictures: Iterable[P]) -> Iterator[list[P]]:
    """Yield neighbours of one group together; of a group that no shard could hold, one picture after the other."""
    for _, members in groupby(pictures, key=lambda picture: picture.group):
        first = list(islice(members, MOST + 1))
        if len(first) <= MOST:
            yield first
        else:
            yield from ([picture] for picture in chain(first, members))

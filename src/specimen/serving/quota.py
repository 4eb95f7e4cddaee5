"""A limit that clients share."""

from __future__ import annotations

from collections import Counter


class Quota:
    """So much at a time, over all clients; the last quarter is kept for those who have nothing yet.

    So one client cannot shut the others out, however much it sends.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = limit // 4
        self._held = Counter[str]()
        self._used = 0

    def take(self, client: str, amount: int, *, alone: bool = False) -> bool:
        """Take so much for a client, if there is so much left for it; with `alone`, whenever nothing is taken."""
        free = self._limit - self._used - (self._kept if self._held[client] else 0)
        if amount > free and not (alone and not self._used):
            return False
        self._held[client] += amount
        self._used += amount
        return True

    def give_back(self, client: str, amount: int) -> None:
        """Return what a client has taken, or a part of it."""
        self._held[client] -= amount
        self._used -= amount
        if not self._held[client]:
            del self._held[client]

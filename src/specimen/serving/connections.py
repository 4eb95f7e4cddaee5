"""Whose turn it is to be connected: a server has only so many connections, and nobody may hold them all."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeVar

MOST = 256
"""Connections at a time; each may hold about a quarter of a megabyte."""
OTHER_FILES = 64
"""Files that the server may have open besides: its listening socket, the model, libraries, connections that close."""


def most_connections() -> int:
    """Return how many connections the server accepts at a time: fewer where `ulimit -n` allows few open files."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return MOST
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if open_files == resource.RLIM_INFINITY else max(1, min(MOST, open_files - OTHER_FILES))


def client_of(address: str) -> str:
    """Return who is taken for one client: an IPv4 address, or the 64 bits of an IPv6 network, which one host owns."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a Unix socket, or a test
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class Connection(Protocol):
    """What is asked of a connection here."""

    @property
    def peer(self) -> str:
        """Who is at the other end, as `client_of` says."""

    @property
    def waiting(self) -> bool:
        """Whether the server waits for the client: for a request, or until it reads its answer."""

    @property
    def opened(self) -> float:
        """When it was opened, in seconds of any clock."""


AnyConnection = TypeVar("AnyConnection", bound=Connection)


def to_close(new: AnyConnection, others: Sequence[AnyConnection]) -> AnyConnection:
    """Return the connection to close when a new one is one too many.

    It is one that waits, of the client that has the most, the oldest first. If none waits, the client with the most
    gives one up, unless that is the client of the new connection, which is then closed itself.
    """
    held = Counter(connection.peer for connection in others)
    waiting = [connection for connection in others if connection.waiting]
    if waiting:
        return min(waiting, key=lambda connection: (-held[connection.peer], connection.opened))
    busiest, most = held.most_common(1)[0]
    if most <= held[new.peer] + 1:
        return new
    return min((one for one in others if one.peer == busiest), key=lambda connection: connection.opened)

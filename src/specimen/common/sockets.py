"""Ports on which a command serves."""

from __future__ import annotations

import errno
import socket

from specimen.common.errors import SpecimenError

LAST_PORT = 65_535


def bind(host: str, port: int, way_out: str) -> socket.socket:
    """Return a socket that listens on a port of this machine, on any free one with 0.

    Raises `SpecimenError` where that is not possible; `way_out` ends its message.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    failure = f"cannot serve on port {port} of {host}"
    if not 0 <= port <= LAST_PORT:
        raise SpecimenError(f"{failure}: ports are 0 to {LAST_PORT}. {way_out}")
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = "it is taken" if error.errno == errno.EADDRINUSE else str(error).rstrip(".")
        raise SpecimenError(f"{failure}: {reason}. {way_out}") from None

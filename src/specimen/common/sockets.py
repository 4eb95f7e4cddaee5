"""Ports on which a command serves."""

from __future__ import annotations

import errno
import socket

from specimen.common.errors import SpecimenError


def bind(host: str, port: int, way_out: str) -> socket.socket:
    """Return a socket that listens on a port of this machine, on any free one with 0.

    Raises `SpecimenError` where that is not possible; `way_out` ends its message.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "it is taken" if taken else str(error).rstrip(".")
        raise SpecimenError(f"cannot serve on port {port} of {host}: {reason}. {way_out}") from None

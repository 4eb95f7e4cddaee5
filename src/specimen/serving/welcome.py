"""What a server says at its start: where it can be reached, and by whom."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

WELCOME = """\
Drop photos on the page at {url}
or send them: curl -F images=@photo.jpg {url}predict
All of the API: {url}openapi.json. Ctrl-C stops the server."""
IN_THE_NETWORK = "Other devices in this network find it at {url}"
WITHOUT_A_KEY = """\
Warning: everyone in the network can use this server. A key in the variable {variable} locks it; see docs/serve.md."""


def welcome(bound: socket.socket, locked: bool, variable: str) -> str:
    """Return the lines for a server on this socket; `locked` if it has an API key, which is in this variable."""
    host, port = bound.getsockname()[:2]
    address = ipaddress.ip_address(host)
    everywhere = address.is_unspecified
    # What is bound to all addresses is bound to this one as well, and a browser can open it.
    own = ("::1" if address.version == 6 else "127.0.0.1") if everywhere else host
    lines = [WELCOME.format(url=_url(own, port))]
    if not address.is_loopback:
        outside = network_address(address.version) if everywhere else None
        if outside:
            lines.append(IN_THE_NETWORK.format(url=_url(outside, port)))
        if not locked:
            lines.append(WITHOUT_A_KEY.format(variable=variable))
    return "\n".join(lines)


def own_names() -> Sequence[str]:
    """Return the names of this machine in its network."""
    name = socket.gethostname()
    return name, f"{name}.local"


def network_address(version: int = 4) -> str | None:
    """Return the address from which this machine would reach others; None if it has no network."""
    # Connecting a UDP socket sends nothing: the system only chooses a route. The addresses are for documentation.
    family, elsewhere = (socket.AF_INET6, "2001:db8::1") if version == 6 else (socket.AF_INET, "192.0.2.1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

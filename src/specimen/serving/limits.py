"""What one request may ask of the server, and how a request beyond it is refused."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of the server's work; the defaults fit photos of a phone and a machine with a few cores."""

    file_bytes: int = 25_000_000
    """Largest image file."""
    request_bytes: int = 100_000_000
    """Largest request, all its images together; what is beyond 4 MB an image waits on the disk, not in memory."""
    pixels: int = 50_000_000
    """Largest image, width times height: what a small file may unpack to."""
    images: int = 32
    """Most images in one request."""
    requests: int = 32
    """Most requests at work at a time; one more is told to come again later."""
    pictures: int = 256
    """Most pictures at work at a time, over all requests; an explanation counts as 65. A single request always fits."""
    seconds: float = 30.0
    """Longest time to receive a request, and again to answer it."""


class RequestError(Exception):
    """A request that gets no prediction: an HTTP status, a code for programs and a message for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def megabytes(count: int) -> str:
    """Return `25 MB` for 25,000,000."""
    return f"{count / 1e6:g} MB"

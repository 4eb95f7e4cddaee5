"""What one request may ask of the server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the server's work; the defaults suit photos from a phone and a machine with a few cores."""

    file_bytes: int = 25_000_000
    """Largest image file."""
    request_bytes: int = 100_000_000
    """Largest request, with all its images; an image beyond 4 MB waits on disk, not in memory."""
    pixels: int = 50_000_000
    """Largest image, width times height: a small file may unpack to a huge picture."""
    images: int = 32
    """Most images in one request."""
    requests: int = 32
    """Most requests in progress at a time; further ones are asked to retry."""
    pictures: int = 256
    """Most pictures in progress at a time, over all requests; an explanation counts as 65. A single request always
    fits."""
    seconds: float = 30.0
    """Longest time to receive a request, and again to answer it."""


def megabytes(count: int) -> str:
    """Return `25 MB` for 25,000,000."""
    return f"{count / 1e6:g} MB"

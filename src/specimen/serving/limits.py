"""What requests may ask of the server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the server's work; the defaults suit photos from a phone, a few cores and 2 GiB of memory."""

    file_bytes: int = 25_000_000
    """Largest image file."""
    request_bytes: int = 100_000_000
    """Largest request, with all its images."""
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
    """Longest time without progress while a request comes in, and longest time to answer it."""
    memory_bytes: int = 1_600_000_000
    """Memory for images, over all requests: their files as they come in, and what they take while they are decoded."""

    @property
    def upload_bytes(self) -> int:
        """An eighth of the memory, for files."""
        return self.memory_bytes // 8

    @property
    def quick_bytes(self) -> int:
        """A quarter, for images that are decoded in threads."""
        return self.memory_bytes // 4

    @property
    def large_bytes(self) -> int:
        """The rest, for the one large image that is decoded at a time."""
        return self.memory_bytes - self.upload_bytes - self.quick_bytes


def megabytes(count: int) -> str:
    """Return `25 MB` for 25,000,000."""
    return f"{count / 1e6:g} MB"

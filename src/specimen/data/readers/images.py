"""What every place with images offers: the names of its images, and their bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Protocol

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MAX_BYTES = 1_000_000_000
"""A larger file is not a photo, and would be read into memory whole."""


class ImageNotFoundError(Exception):
    """A table names an image that is not there, or that must not be read; the message says why."""


class Images(Protocol):
    """Images in one place; a name is a path with `/`, relative to that place."""

    names: list[str]
    """Sorted, so that every machine sees the same order."""

    def read(self, name: str) -> bytes:
        """Return the bytes of one of `names`; safe to call from several threads.

        Raises `ImageNotFoundError` for an image that cannot or must not be read.
        """


def select_images(files: Iterable[str], excluded: str | None = None) -> list[str]:
    """Return the images among the files of one place, sorted, without those below the folder `excluded`."""
    return sorted(name for name in files if is_image(name) and not _is_below(name, excluded))


def is_image(name: str) -> bool:
    """Tell whether a path has the suffix of an image, in any case, and neither it nor a folder above it is hidden."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not any(step.startswith(".") for step in path.parts)


def _is_below(name: str, folder: str | None) -> bool:
    return folder is not None and PurePosixPath(name).is_relative_to(folder)

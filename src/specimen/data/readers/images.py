"""What every place with images offers: the names of its images, and their bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from posixpath import splitext
from typing import Protocol

from specimen.common.errors import accepted_hint

HEIF_SUFFIXES = (".heic", ".heif", ".hif")
SUFFIXES = (".bmp", *HEIF_SUFFIXES, ".jfif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
UNREAD_SUFFIXES = (
    *(".arw", ".avif", ".cr2", ".cr3", ".dng", ".gif", ".jp2", ".jxl", ".nef", ".orf", ".pgm"),
    *(".pnm", ".ppm", ".psd", ".raf", ".rw2", ".svg", ".tga"),
)
"""Of pictures, too, but not read: raw files need their camera's colours, and a GIF is a drawing or a film."""
SHOWN = 5
"""Suffixes that a message names."""
MAX_BYTES = 1_000_000_000
"""A larger file is not a photo, and would be read into memory whole."""
_LEFT_BY_SYSTEMS = frozenset(
    (
        *("__macosx", "desktop.ini", "ehthumbs.db", "thumbs.db", "$recycle.bin", "system volume information"),
        *("@eadir", "#recycle"),  # thumbnails and deleted files on a Synology NAS
    )
)


class ImageNotFoundError(Exception):
    """A table names an image that is not there, or that must not be read; the message says why."""


class Images(Protocol):
    """Images in one place; a name is a path with `/`, relative to that place."""

    names: list[str]
    """Sorted, so that every machine sees the same order."""
    others: list[str]
    """The other files there, sorted likewise; without what `is_hidden`."""

    def path(self, name: str) -> Path | None:
        """Return where the file of one of `names` is; None where it is in a zip, is a link, or must not be read."""

    def read(self, name: str) -> bytes:
        """Return the bytes of one of `names`; safe to call from several threads.

        Raises `ImageNotFoundError` for an image that cannot or must not be read.
        """


def sort_files(files: Iterable[str], excluded: str | None = None) -> tuple[list[str], list[str]]:
    """Return the images among the files of one place, and the others, without those below the folder `excluded`."""
    images: list[str] = []
    others: list[str] = []
    for name in sorted(files):
        if not is_hidden(name) and not is_below(name, excluded):
            (images if suffix(name) in SUFFIXES else others).append(name)
    return images, others


def suffix(name: str) -> str:
    """Return the suffix of a path in lower case: `.jpg`."""
    return splitext(name)[1].lower()


def is_hidden(name: str) -> bool:
    """Tell whether a file, or a folder above it, is hidden or left behind by a system: .DS_Store, Thumbs.db, ~$a.xlsx.

    `.dvcignore` has the same names, so that they do not change the hash of the data.
    """
    return any(step.startswith((".", "~$")) or step.lower() in _LEFT_BY_SYSTEMS for step in name.split("/"))


def is_below(name: str, folder: str | None) -> bool:
    """Tell whether a path is below a folder; nothing is below `None`."""
    return folder is not None and PurePosixPath(name).is_relative_to(folder)


def printable(name: str) -> str:
    """Return a path in UTF-8 and on one line, with other bytes written out, so that a table can contain it."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8").replace("\r", "\\r")


def what_is_there(others: Sequence[str]) -> str:
    """Return the end of a message on a place without images: what it holds, and what an image may be."""
    shown = f"There are only other files: {count_by_suffix(others)}. " if others else ""
    return shown + accepted_hint("", SUFFIXES)


def count_by_suffix(names: Iterable[str]) -> str:
    """Return counts such as `3 .txt, 1 without a suffix`, the largest first."""
    counts = Counter(suffix(name) or "without a suffix" for name in names)
    shown = [f"{count:,} {kind}" for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return ", ".join(shown[:SHOWN]) + (", ..." if len(shown) > SHOWN else "")

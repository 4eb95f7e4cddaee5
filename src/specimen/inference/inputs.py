"""What a user names on the command line -> the pictures in it: files, folders, patterns and zips."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.data.readers.folder_images import Folder, read_file
from specimen.data.readers.images import SUFFIXES
from specimen.data.readers.zip_images import Zip


class Input(NamedTuple):
    """One picture to predict."""

    name: str
    """Its path, for a picture in a zip behind that of the zip; in UTF-8, also where the path is not."""
    read: Callable[[], bytes]
    """Returns the bytes of the file. Raises `ImageNotFoundError` if that is impossible; safe in threads."""


def find_inputs(named: Sequence[str]) -> tuple[list[Input], int]:
    """Return the pictures, in the order named and sorted within, and how many were left out for being named before.

    A file is taken whatever its suffix; of a folder (with those below it) and of a zip, the pictures are taken. Raises
    `SpecimenError` for what does not exist, cannot be opened, or holds no picture.
    """
    found: dict[str, Input] = {}
    total = 0
    for text in named:
        before = total
        for path in _expand(text):
            for place, read in _pictures(path):
                total += 1
                found.setdefault(os.path.abspath(place), Input(_printable(place), read))  # noqa: PTH100 - follows no link
        if total == before:
            raise SpecimenError(f"input: no picture in '{_printable(text)}'. {accepted_hint('', SUFFIXES)}")
    return list(found.values()), total - len(found)


def _expand(text: str) -> list[Path]:
    """Return a path as it is, and a pattern as the paths that it matches; `**` stands for any folders."""
    if Path(text).exists():
        return [Path(text)]
    if not glob.has_magic(text):
        raise SpecimenError(f"input: '{_printable(text)}' does not exist.")
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - also takes absolute patterns
    if not matches:
        raise SpecimenError(f"input: nothing matches '{_printable(text)}'.")
    return [Path(match) for match in matches]


def _pictures(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the path of each picture, and what reads it."""
    if path.is_dir():
        # The folder is the user's own choice, so its links may lead anywhere.
        folder = Folder(path, Path(path.resolve().anchor))
        yield from ((str(path / name), partial(folder.read, name)) for name in folder.names)
    elif path.suffix.lower() == ".zip":
        archive = Zip(path)
        yield from ((str(path / name), partial(archive.read, name)) for name in archive.names)
    else:
        yield str(path), partial(read_file, path)


def _printable(path: str) -> str:
    """Return a path whose name is no UTF-8 with the bytes in question written out, so that a table can hold it."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")

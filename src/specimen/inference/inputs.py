"""What a user names on the command line -> photos: files, folders, patterns and zips."""

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
    """One photo to predict."""

    name: str
    """Its path; for a photo in a zip, its path in the zip after that of the zip. UTF-8, even if the path is not."""
    read: Callable[[], bytes]
    """Returns the bytes of the file. Raises `ImageNotFoundError` if that is impossible; safe in threads."""


def find_inputs(arguments: Sequence[str]) -> tuple[list[Input], int]:
    """Return the photos, in the order of the arguments and sorted within, and how many repetitions were left out.

    A file is taken whatever its suffix; from a folder (with those below it) and from a zip, the images are taken.
    Raises `SpecimenError` for what does not exist, cannot be opened, or contains no image.
    """
    inputs: dict[str, Input] = {}
    total = 0
    for argument in arguments:
        photos = [photo for path in _expand(argument) for photo in _photos(path)]
        if not photos:
            raise SpecimenError(f"input: no image in '{_printable(argument)}'. {accepted_hint('', SUFFIXES)}")
        total += len(photos)
        for path, read in photos:
            absolute = os.path.abspath(path)  # noqa: PTH100 - follows no link
            inputs.setdefault(absolute, Input(_printable(path), read))
    return list(inputs.values()), total - len(inputs)


def _expand(argument: str) -> list[Path]:
    """Return a path as it is, and a pattern as the paths that it matches; `**` matches any folders."""
    if Path(argument).exists():
        return [Path(argument)]
    if not glob.has_magic(argument):
        raise SpecimenError(f"input: '{_printable(argument)}' does not exist.")
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - also takes absolute patterns
    if not matches:
        raise SpecimenError(f"input: nothing matches '{_printable(argument)}'.")
    return [Path(match) for match in matches]


def _photos(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the path of each photo, and a function that reads it."""
    if path.is_dir():
        # The user chose the folder, so its links may lead anywhere.
        folder = Folder(path, Path(path.resolve().anchor))
        yield from ((str(path / name), partial(folder.read, name)) for name in folder.names)
    elif path.suffix.lower() == ".zip":
        archive = Zip(path)
        yield from ((str(path / name), partial(archive.read, name)) for name in archive.names)
    else:
        yield str(path), partial(read_file, path)


def _printable(path: str) -> str:
    """Return a path in UTF-8, with other bytes written out, so that a table can contain it."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")

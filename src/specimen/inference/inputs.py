"""What a user names on the command line -> photos: files, folders, patterns and zips."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from specimen.common.errors import SpecimenError
from specimen.data.readers.folder_images import Folder, read_file
from specimen.data.readers.images import Images, printable, what_is_there
from specimen.data.readers.zip_images import Zip


class Inputs(NamedTuple):
    """What the arguments name."""

    photos: list[Input]
    """In the order of the arguments, and sorted within."""
    repeated: int
    """How many photos were named once more."""
    unread: list[str]
    """Files in folders and zips whose suffix is not that of a photo; without hidden ones."""


class Input(NamedTuple):
    """One photo to predict."""

    name: str
    """Its path; for a photo in a zip, its path in the zip after that of the zip. UTF-8, even if the path is not."""
    read: Callable[[], bytes]
    """Returns the bytes of the file. Raises `ImageNotFoundError` if that is impossible; safe in threads."""


def find_inputs(arguments: Sequence[str], own: Sequence[Path] = ()) -> Inputs:
    """Return the photos, and what is not predicted.

    A file is taken whatever its suffix; from a folder (with those below it) and from a zip, the images are taken.
    `own` are tables of the run that may be in a folder: they do not count as files that are not read.
    Raises `SpecimenError` for what does not exist, cannot be opened, or contains no image.
    """
    inputs: dict[str, Input] = {}
    unread: dict[str, str] = {}
    used = {_absolute(path) for path in own}
    total = 0
    for argument in arguments:
        paths = _expand(argument)
        used.update(map(_absolute, paths))
        places = [_open(path) for path in paths]
        others = [other for place in places for other in place.others]
        if not any(place.photos for place in places):
            raise SpecimenError(f"input: no image in '{printable(argument)}'. {what_is_there(others)}")
        unread |= {_absolute(path): printable(path) for path in others}
        for path, read in (photo for place in places for photo in place.photos):
            total += 1
            inputs.setdefault(_absolute(path), Input(printable(path), read))
    left = [name for path, name in unread.items() if path not in used]
    return Inputs(list(inputs.values()), total - len(inputs), left)


def _expand(argument: str) -> list[Path]:
    """Return a path as it is, and a pattern as the paths that it matches; `**` matches any folders."""
    if Path(argument).exists():
        return [Path(argument)]
    if not glob.has_magic(argument):
        raise SpecimenError(f"input: '{printable(argument)}' does not exist.")
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - also takes absolute patterns
    if not matches:
        raise SpecimenError(f"input: nothing matches '{printable(argument)}'.")
    return [Path(match) for match in matches]


class _Place(NamedTuple):
    """A file, or what a folder or zip contains: paths, those of photos each with a function that reads it."""

    photos: Sequence[tuple[str, Callable[[], bytes]]]
    others: list[str]


def _open(path: Path) -> _Place:
    if path.is_dir():
        # The user chose the folder, so its links may lead anywhere.
        images: Images = Folder(path, Path(path.resolve().anchor))
    elif path.suffix.lower() == ".zip":
        images = Zip(path)
    else:
        return _Place([(str(path), partial(read_file, path))], [])
    photos = [(str(path / name), partial(images.read, name)) for name in images.names]
    return _Place(photos, [str(path / name) for name in images.others])


def _absolute(path: str | Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - follows no link

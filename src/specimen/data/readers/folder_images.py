"""The images below a folder.

A link is followed as long as it stays below `data.root`: DVC does not track what is outside. The one exception is a
link to an object in a DVC cache, wherever that cache is: with `cache.type symlink` DVC itself puts such links in place
of the files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from specimen.common.errors import SpecimenError
from specimen.data.readers.images import MAX_BYTES, SUFFIXES, ImageNotFoundError, is_hidden, sort_files, suffix

_CACHE_OBJECT = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")


class Folder:
    """The images below a folder, which is somewhere below `root`."""

    def __init__(self, folder: Path, root: Path, excluded: str | None = None) -> None:
        self._folder = folder
        self._root = root
        self._leaving: dict[Path, bool] = {}
        self.names, self.others = sort_files(self._files(), excluded)

    def path(self, name: str) -> Path | None:
        """Return where an image is; None where it is a link, or must not be read."""
        path = self._folder / name
        if path.parent not in self._leaving:
            self._leaving[path.parent] = leaves_root(path.parent, self._root)
        return path if not self._leaving[path.parent] and stat.S_ISREG(path.lstat().st_mode) else None

    def read(self, name: str) -> bytes:
        """Return the bytes of one image. Raises `ImageNotFoundError` for a link that leaves the root, or no file."""
        path = self._folder / name
        if leaves_root(path, self._root):
            raise ImageNotFoundError("link leaves the data folder")
        return read_file(path)

    def _files(self) -> Iterator[str]:
        """Yield all files; behind a link that leaves the root only the nearest images, for `read` to refuse them."""
        for prefix, files, leaves in walk(self._folder, self._root):
            yield from (prefix + file for file in files if not leaves or suffix(file) in SUFFIXES)


class Branch(NamedTuple):
    """One folder of a tree."""

    prefix: str
    """Its path from the top, with `/` at the end; empty at the top."""
    files: list[str]
    leaves_root: bool
    """Whether it is behind a link that leaves the root; nothing below it is listed."""


def walk(folder: Path, root: Path, apart: Collection[Path] = ()) -> Iterator[Branch]:
    """Yield the folder and all those below, without the folders in `apart` and hidden ones."""
    left = {_real(path) for path in apart}
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        here = Path(parent)
        above = here.relative_to(folder).as_posix()
        leaves = leaves_root(here, root)
        yield Branch("" if above == "." else f"{above}/", files, leaves)
        if leaves:
            folders.clear()
        else:
            closed = left | {_real(path) for path in (here, *here.parents)}  # those above: a link in a circle
            folders[:] = [name for name in folders if not is_hidden(name) and _real(here / name) not in closed]


def read_file(path: Path) -> bytes:
    """Return the bytes of a file. Raises `ImageNotFoundError` if it cannot be read, or cannot be a photo."""
    try:
        if not path.is_file():  # a pipe would never end
            raise ImageNotFoundError("not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise ImageNotFoundError(f"larger than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ImageNotFoundError(f"cannot be read: {error.strerror}") from error


def leaves_root(path: Path, root: Path) -> bool:
    """Tell whether a path leads out of `root`, other than into a DVC cache."""
    real = _real(path)
    return not real.is_relative_to(_real(root)) and not _CACHE_OBJECT.search(real.as_posix())


def _real(path: Path) -> Path:
    """Follow all links; unlike `Path.resolve`, also a link to itself."""
    return Path(os.path.realpath(path))


def _refuse(error: OSError) -> NoReturn:
    raise SpecimenError(f"data.images: cannot list '{error.filename}': {error.strerror}.") from error

"""Find the images in a folder or in a zip, and read their bytes.

A link is followed as long as it stays below `data.root`: what lies elsewhere is no part of what DVC tracks. The one
exception is a link to an object in a DVC cache, wherever that cache is: with `cache.type symlink` DVC itself puts such
links in place of the files.
"""

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn, Protocol

from specimen.common.errors import SpecimenError, accepted_hint

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MAX_BYTES = 1_000_000_000
"""A larger file is no photo; it would be read into memory whole."""

_CACHE_OBJECT = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")


class ImageNotFoundError(Exception):
    """A table names an image that is not there, or that must not be read; the message says why."""


class Images(Protocol):
    """Images in one place; a name is a path with `/`, relative to that place."""

    names: list[str]
    """Sorted, so that every machine sees the same order."""

    def read(self, name: str) -> bytes:
        """Return the bytes of one of `names`; safe to call from several threads."""


class Folder:
    """The images below a folder."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._root = folder, root
        self.names = sorted(name for name in self._walk() if is_image(name))

    def read(self, name: str) -> bytes:
        """Return the bytes of one image. Raises `ImageNotFoundError` for a link that leaves the root, or no file."""
        path = self._folder / name
        if _leaves(path, self._root):
            raise ImageNotFoundError("link leaves the data folder")
        return read_file(path)

    def _walk(self) -> Iterator[str]:
        for parent, folders, files in os.walk(self._folder, followlinks=True, onerror=_refuse):
            here = Path(parent)
            yield from ((here / file).relative_to(self._folder).as_posix() for file in files)
            if _leaves(here, self._root):
                folders.clear()  # the images right behind the link are listed, for `read` to refuse, and no more
            else:
                above = {_real(path) for path in (here, *here.parents)}
                folders[:] = [name for name in folders if _real(here / name) not in above]  # a link in a circle


def read_file(path: Path) -> bytes:
    """Return the bytes of a file. Raises `ImageNotFoundError` if it cannot be read, or cannot be a photo."""
    try:
        if not path.is_file():  # a pipe would never end
            raise ImageNotFoundError("no regular file")
        if path.stat().st_size > MAX_BYTES:
            raise ImageNotFoundError(f"larger than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ImageNotFoundError(f"cannot be read: {error.strerror}") from error


def _real(path: Path) -> Path:
    """Follow all links; unlike `Path.resolve`, also of a link to itself."""
    return Path(os.path.realpath(path))


def _leaves(path: Path, root: Path) -> bool:
    real = _real(path)
    return not real.is_relative_to(_real(root)) and not _CACHE_OBJECT.search(real.as_posix())


def _refuse(error: OSError) -> NoReturn:
    raise SpecimenError(f"data.images: cannot list '{error.filename}': {error.strerror}.") from error


class Zip:
    """The images inside a zip, read where they lie: nothing is unpacked."""

    def __init__(self, path: Path, inside: str = ".") -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        # Beside BadZipFile: struct, Unicode and other errors of a damaged directory.
        except Exception as error:
            raise SpecimenError(f"{path}: cannot be read as a zip: {error}") from error
        prefix = "" if PurePosixPath(inside) == PurePosixPath() else f"{_tidy(inside)}/"
        entries = {_tidy(entry.filename): entry for entry in self._archive.infolist() if not entry.is_dir()}
        self._entries = {
            name.removeprefix(prefix): entry
            for name, entry in entries.items()
            # macOS adds a shadow file for each picture.
            if name.startswith(prefix) and is_image(name.removeprefix(prefix)) and not name.startswith("__MACOSX/")
        }
        self.names = sorted(self._entries)

    def read(self, name: str) -> bytes:
        """Return the bytes of one image. Raises `ImageNotFoundError` when the entry is damaged or encrypted."""
        entry = self._entries[name]
        if entry.file_size > MAX_BYTES:
            raise ImageNotFoundError(f"zip entry: larger than {MAX_BYTES:,} bytes")
        try:
            return self._archive.read(entry)
        # Each way of compressing has errors of its own.
        except Exception as error:
            raise ImageNotFoundError(f"zip entry: {error}") from error


def _tidy(name: str) -> str:
    """Return the name of a zip entry as `unzip` would write it: Windows' separators turned, relative."""
    return PurePosixPath(name.replace("\\", "/").lstrip("/")).as_posix()


def open_images(root: Path, inside: str, key: str = "data.images") -> Images:
    """Open the images at `inside` below `root`, either of which may be a .zip. Raises `SpecimenError` if none.

    `key` is the parameter that says `inside`, for the messages.
    """
    require_root(root)
    images = Zip(root, inside) if root.is_file() else _open_below(root, inside, key)
    if not images.names:
        raise SpecimenError(f"{key}: '{inside}' in '{root}' holds no images. {accepted_hint(inside, SUFFIXES)}")
    # Neither names in another encoding than UTF-8 nor carriage returns survive in a CSV.
    strange = next((name for name in images.names if re.search("[\ud800-\udfff\r]", name)), None)
    if strange:
        raise SpecimenError(f"{key}: the file name {strange!r} is not UTF-8, or has two lines; rename the file.")
    return images


def require_root(root: Path) -> None:
    """Raise `SpecimenError` where there are no data."""
    if not root.exists():
        raise SpecimenError(f"data.root: '{root}' does not exist. `dvc pull` fetches it if DVC tracks it.")


def _open_below(root: Path, inside: str, key: str) -> Images:
    place = below(root, inside, key)
    if not place.exists():
        here = sorted(entry.name for entry in root.iterdir() if entry.is_dir() or entry.suffix.lower() == ".zip")
        raise SpecimenError(f"{key}: '{inside}' does not exist in '{root}'. {accepted_hint(inside, here, 'there')}")
    return Zip(place) if place.is_file() else Folder(place, root)


def below(root: Path, name: str, key: str) -> Path:
    """Return the path of what the parameter `key` names below `root`. Raises `SpecimenError` if it leaves `root`."""
    if _leaves(root / name, root):
        raise SpecimenError(f"{key}: '{name}' leads out of data.root '{root}'. Put the files there.")
    return root / name


def is_image(name: str) -> bool:
    """Tell whether a path has the suffix of an image, in any case, and neither it nor a folder on its way is hidden."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def read_member(archive: Path, name: str) -> bytes | None:
    """Return the bytes of one file inside a zip, `None` if there is none. Raises `SpecimenError` if it is damaged."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name) if name in opened.namelist() else None
    except Exception as error:
        raise SpecimenError(f"{archive}: cannot read '{name}' in it: {error}") from error

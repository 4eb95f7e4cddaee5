"""The images inside a zip, read from there: nothing is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from specimen.common.errors import SpecimenError
from specimen.data.readers.images import MAX_BYTES, ImageNotFoundError, sort_files


class Zip:
    """The images inside a zip, below the folder `inside` of it."""

    def __init__(self, path: Path, inside: str = ".", excluded: str | None = None) -> None:
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        # Besides BadZipFile: struct, Unicode and other errors of a damaged directory.
        except Exception as error:
            raise SpecimenError(f"{path}: cannot be read as a zip: {error}") from error
        prefix = "" if PurePosixPath(inside) == PurePosixPath() else f"{_tidy(inside)}/"
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            name = _tidy(entry.filename)
            if name.startswith(prefix) and not entry.is_dir():
                self._entries[name.removeprefix(prefix)] = entry
        self.names, self.others = sort_files(self._entries, excluded)

    def path(self, name: str) -> None:
        """Return nothing: an image is not a file of its own."""

    def read(self, name: str) -> bytes:
        """Return the bytes of one image. Raises `ImageNotFoundError` if it is not there, damaged or encrypted."""
        entry = self._entries.get(name)
        if entry is None:
            raise ImageNotFoundError(f"{self._path} has no '{name}': if another zip has replaced it, run again")
        if entry.file_size > MAX_BYTES:
            raise ImageNotFoundError(f"zip entry: larger than {MAX_BYTES:,} bytes")
        try:
            return self._archive.read(entry)
        # Each way of compressing has errors of its own.
        except Exception as error:
            raise ImageNotFoundError(f"zip entry: {error}") from error


def read_member(archive: Path, name: str) -> bytes | None:
    """Return the bytes of one file inside a zip, `None` if there is none. Raises `SpecimenError` if it is damaged."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name) if name in opened.namelist() else None
    # As above: damaged directories and each way of compressing have errors of their own.
    except Exception as error:
        raise SpecimenError(f"{archive}: cannot read '{name}' in it: {error}") from error


def _tidy(name: str) -> str:
    """Return the name of a zip entry as `unzip` would write it: Windows' separators turned, relative."""
    return PurePosixPath(name.replace("\\", "/").lstrip("/")).as_posix()

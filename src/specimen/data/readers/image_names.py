"""Names of images as sheets spell them, and as files are called."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath

from specimen.data.readers.images import ImageNotFoundError


class Finder:
    """Look up the names that people write into tables: in another case, without the subfolder."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_file: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._names):
            self._by_path[folded(name)].append(name)
            self._by_file[folded(PurePosixPath(name).name)].append(name)

    def find(self, written: str) -> str:
        """Return the image that a table calls `written`. Raises `ImageNotFoundError`, also when it is ambiguous."""
        if written in self._names:
            return written
        path = PureWindowsPath(written)  # which knows both separators, and drives
        if path.anchor or ".." in path.parts:
            raise ImageNotFoundError("path leaves the image folder")
        if path.as_posix() in self._names:
            return path.as_posix()
        key = folded(path.as_posix())
        matches = self._by_path.get(key, [])
        if not matches and len(path.parts) == 1:
            matches = self._by_file.get(key, [])
        if not matches:
            raise ImageNotFoundError("no such file")
        if len(matches) > 1:
            raise ImageNotFoundError(f"ambiguous: {', '.join(matches[:3])}")
        return matches[0]


def folded(name: str) -> str:
    """Return a name without case, and without the ways to write one letter as two signs (macOS: u and its dots)."""
    return unicodedata.normalize("NFC", name).lower()

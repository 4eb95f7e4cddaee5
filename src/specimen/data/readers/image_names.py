"""Names of images as sheets spell them, and as files are called."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple

from specimen.data.readers.images import SUFFIXES, UNREAD_SUFFIXES, ImageNotFoundError, suffix

SHOWN = 3
"""Files that a message names."""

Index = Mapping[str, Sequence[str]]
"""Files by a spelling of their name; one spelling may stand for several."""


class Found(NamedTuple):
    """The image that a name means."""

    image: str
    near: bool = False
    """Whether the name says something else than the file: another suffix, folders that are not there, a whole path."""


class Finder:
    """Look up the names that people write into tables: in another case, without the subfolder, without the suffix.

    `others` are files next to the images which cannot be read; a message says so where a name means one of them.
    """

    def __init__(self, names: Sequence[str], others: Sequence[str] = ()) -> None:
        self._names = names
        self._exact = frozenset(names)
        self._others = others

    def find(self, written: str) -> Found:
        """Return the image that a table calls `written`: the first way to read it that gives any, if it gives one.

        Raises `ImageNotFoundError` where there is none, with files of similar names, and where there are several.
        """
        if written in self._exact:
            return Found(written)
        path = PureWindowsPath(written)  # which knows both separators, and drives
        if path.as_posix() in self._exact:
            return Found(path.as_posix())
        parts = [part for part in path.parts if part not in (path.anchor, "..")]
        key = folded("/".join(parts))
        stem = _stem(key)
        as_it_is = len(parts) == len(path.parts)
        for near, index, spellings in (
            (not as_it_is, self._by_path, [key]),
            (not as_it_is, self._by_end if as_it_is else {}, [key]),
            (True, self._by_path, _ends(key)),
            (True, self._by_stem_end if as_it_is else {}, [stem]),
            (True, self._by_stem, _ends(stem)),
        ):
            matches = next((index[spelling] for spelling in spellings if spelling in index), [])
            if len(matches) > 1:
                raise ImageNotFoundError(f"ambiguous: {', '.join(matches[:SHOWN])}")
            if matches:
                return Found(matches[0], near)
        raise ImageNotFoundError(self._why_not(key))

    def _why_not(self, key: str) -> str:
        if key in self._unread:
            return f"{suffix(key) or 'a file without suffix'} is not read"
        similar = self._by_skeleton.get(_skeleton(key), [])
        shown = ", ".join(similar[:SHOWN]) + (", ..." if len(similar) > SHOWN else "")
        return f"no such file; similar: {shown}" if similar else "no such file"

    # Sheets mostly name the files as they are, and then none of these is made.
    @cached_property
    def _by_path(self) -> Index:
        return _index((folded(name), name) for name in self._names)

    @cached_property
    def _by_end(self) -> Index:
        return _index((end, name) for name in self._names for end in _ends(folded(name)))

    @cached_property
    def _by_stem(self) -> Index:
        return _index((_stem(folded(name)), name) for name in self._names)

    @cached_property
    def _by_stem_end(self) -> Index:
        return _index((end, name) for name in self._names for end in _ends(_stem(folded(name))))

    @cached_property
    def _unread(self) -> Index:
        return _index((end, name) for name in self._others for end in _ends(folded(name)))

    @cached_property
    def _by_skeleton(self) -> Index:
        return _index((_skeleton(name), name) for name in (*self._names, *self._others) if _skeleton(name))


def folded(name: str) -> str:
    """Return a name without case, and without the ways to write one letter as two signs (macOS: u and its dots)."""
    return unicodedata.normalize("NFC", name).lower()


def _index(spellings: Iterable[tuple[str, str]]) -> Index:
    index: dict[str, list[str]] = defaultdict(list)
    for spelling, name in spellings:
        index[spelling].append(name)
    return dict(index)


def _ends(path: str) -> Iterator[str]:
    """Yield a path, then without its first folder, then without the next: x/y/a.png, y/a.png, a.png."""
    parts = path.split("/")
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def _stem(path: str) -> str:
    """Return a path without the suffix of a picture; `plot 1.5` has none."""
    kind = suffix(path)
    return path.removesuffix(kind) if kind in SUFFIXES or kind in UNREAD_SUFFIXES else path


def _skeleton(path: str) -> str:
    """Return what is left of a file name without accents, blanks, signs and leading zeros: `img1` of IMG_001.png."""
    letters = unicodedata.normalize("NFKD", PurePosixPath(_stem(folded(path))).name)
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", letters))

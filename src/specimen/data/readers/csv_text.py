"""The rows of a CSV: in English or German, with the lines that programs and people write above the table."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.data.readers.headers import SEARCHED, first_filled, is_filled, match

DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
_COMMENT = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*[ \t]*(#[^\r\n]*)")


def read_rows(content: bytes, wanted: Sequence[str], notes: list[str], delimiters: str = DELIMITERS) -> list[list[Any]]:
    """Return the cells of each row as text. A comment above the table (`# ...`) is an empty row.

    `wanted` are names in the header, by which one of the `delimiters` is chosen; what surprises is added to `notes`.
    """
    text = _decode(content, notes)
    if separator := _SEPARATOR_LINE.match(text):
        # Excel shows neither this line nor a row for it.
        return _parse(text[separator.end() :], separator[1])
    text = _without_comments(text, wanted)
    return _parse(text, max(delimiters, key=lambda mark: _fit(text, mark, wanted)))


def _decode(content: bytes, notes: list[str]) -> str:
    """Decode UTF-8, UTF-16 that says so, or Excel's Western European."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if b"\0" in content:
        raise SpecimenError("contains NUL bytes, so it is not text in UTF-8. Export it again, as CSV UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", content[: error.start])) + 1
        raise SpecimenError(
            f"line {line} is text neither in UTF-8 nor in Windows-1252. Export the table again, as CSV UTF-8."
        ) from None
    notes.append("is not UTF-8, and is read as Windows-1252 (Western European)")
    return text


def _without_comments(text: str, wanted: Sequence[str]) -> str:
    """Empty the comments above the table; a line such as `#;image;weight` is its header if it has what is wanted."""
    start = 0
    while comment := _COMMENT.match(text, start):
        if wanted and any(_has_all(_first_rows(comment[1], mark), wanted) for mark in DELIMITERS):
            break
        text = text[: comment.start(1)] + text[comment.end(1) :]
        start = comment.start(1)
    return text


def _fit(text: str, delimiter: str, wanted: Sequence[str]) -> tuple[int, int]:
    """Return how many of the wanted names one row has with this delimiter, and how many cells its header."""
    rows = _first_rows(text, delimiter)
    if not rows:
        return 0, 0
    header = first_filled(rows)
    found, row = max((len(match(cells, wanted)), -number) for number, cells in enumerate(rows))
    return found, len(rows[-row if found else header])


def _has_all(rows: list[list[str]], wanted: Sequence[str]) -> bool:
    return any(len(match(cells, wanted)) == len(wanted) for cells in rows if is_filled(cells))


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    """Return the rows that may be the header; whether the rest is sound, `_parse` checks."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    read: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        read.extend(islice(rows, SEARCHED))
    return read


def _parse(text: str, delimiter: str) -> list[list[Any]]:
    read: list[list[Any]] = []
    try:
        # Strict: a quote that is never closed would otherwise swallow the rest of the sheet as one cell.
        read.extend(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SpecimenError(f"row {len(read) + 1} is not CSV: {error}. Is a quote missing there?") from error
    return read

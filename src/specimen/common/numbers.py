"""Numbers in the cells of a table, with the evidence for how they were read.

People write 1234.5, 1234,5, 1,234.5, 1.234,5 and 1 234,5. Most cells say by themselves which sign is the decimal mark.
A cell such as `1.007` does not: it is 1.007 or 1007, and only the rest of its column can decide. Where that does not
decide either, nothing is guessed: the column is ambiguous, and whoever reads it stops.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Decimal = Literal["auto", "point", "comma"]

MISSING_MARKS = (
    *("NA", "N/A", "n.a.", "n/d", "n.d.", "NaN", "#N/A", "#NA", "#NV", "null", "none", "nil", "k.A.", "k. A."),
    *("?", "-", "--", "\u2013", "\u2014", "."),
    *("#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#BEZUG!", "#WERT!", "#ZAHL!"),
)
"""What people write into a cell that has no value, in any case of its letters, and what Excel writes for an error."""

SHOWN = 3
"""Cells that a message names."""

_BOOLEANS = {"true": 1.0, "wahr": 1.0, "false": 0.0, "falsch": 0.0}
_PLAIN = re.compile(r"[+-]?\d+(?:[eE][+-]?\d+)?")
_ONE_MARK = re.compile(r"[+-]?(?P<before>\d*)(?P<mark>[.,])(?P<after>\d+)(?P<exponent>[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*(?:(?P<mark>[.,])\d+)?")
_INFINITE = re.compile(r"[+-]?(?:inf|infinity|∞)", re.IGNORECASE)
_MARKS = {"point": ".", "comma": ","}
_SIGNS = str.maketrans({"\u2212": "-", "\u2019": "'"})
"""A typographic minus, and the apostrophe that separates thousands in Switzerland, as people type them."""


@dataclass(frozen=True)
class Ambiguity:
    """Cells that can be read in two ways, with nothing in their column that decides."""

    cells: tuple[tuple[Any, str], ...]
    """The first of them: index of the row, and text."""
    count: int

    def describe(self) -> str:
        """Return the cells and both readings, as part of a message."""
        named = ", ".join(f"'{text}' in row {row}" for row, text in self.cells)
        text = self.cells[0][1]
        mark = "." if "." in text else ","
        decimal, thousands = float(text.replace(",", ".")), float(text.replace(mark, ""))
        more = f" and {self.count - len(self.cells)} more" if self.count > len(self.cells) else ""
        return f"{named}{more}: is '{text}' {decimal:g} or {thousands:g}?"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, and what was found in it."""

    values: pd.Series[float]
    """float64; NaN where a cell has no value or is not a finite number."""
    missing: dict[str, int]
    """How often each mark of a missing value occurs, as it is written; empty cells are not counted here."""
    infinite: int
    """Cells that are infinite, or too large for a float; they count as missing."""
    strange: pd.Series[str]
    """The cells that are neither a number nor a mark of a missing value."""
    ambiguity: Ambiguity | None
    """None: every number has one reading."""


def read_numbers(cells: pd.Series[Any], decimal: Decimal = "auto", marks: Iterable[str] = MISSING_MARKS) -> Numbers:
    """Read a column of numbers; a cell is a number as the file stores it, or a text.

    `decimal` settles what the decimal mark is; `auto` takes it from the cells themselves. `marks` are texts that stand
    for a missing value. Ambiguous cells are NaN.
    """
    known = {mark.casefold() for mark in marks}
    values = np.full(len(cells), np.nan)
    missing: Counter[str] = Counter()
    texts: list[tuple[int, str]] = []
    for position, cell in enumerate(cells):
        if isinstance(cell, (bool, np.bool_, int, float, np.number)):
            values[position] = float(cell)
            continue
        text = "" if cell is None or cell is pd.NA or cell is pd.NaT else " ".join(str(cell).split())
        if text.casefold() in known:
            missing[text] += 1
        elif text:
            texts.append((position, text.translate(_SIGNS)))
    strange: list[int] = []
    open_cells: list[tuple[int, str]] = []
    evidence = _Evidence() if decimal == "auto" else _Evidence(decimal_marks={_MARKS[decimal]}, is_settled=True)
    if decimal == "auto":
        for _, text in texts:
            evidence.add(text)
    for position, text in texts:
        reading = evidence.read(text)
        if isinstance(reading, float):
            values[position] = reading
        elif reading == "ambiguous":
            open_cells.append((position, text))
        else:
            strange.append(position)
    booleans = _find_booleans(cells, values)
    values[booleans] = np.nan
    infinite = np.isinf(values)
    values[infinite] = np.nan
    index = cells.index
    named = tuple((index[position], text) for position, text in open_cells[:SHOWN])
    return Numbers(
        values=pd.Series(values, index=index, name=cells.name),
        missing=dict(missing),
        infinite=int(infinite.sum()),
        strange=cells.iloc[sorted([*strange, *booleans])].astype(str),
        ambiguity=Ambiguity(named, len(open_cells)) if open_cells else None,
    )


def join_numbers(parts: Sequence[Numbers]) -> Numbers:
    """Return columns that were read one by one as a single one; of those that are ambiguous, the first is named."""
    missing: Counter[str] = Counter()
    for part in parts:
        missing.update(part.missing)
    return Numbers(
        values=pd.concat([part.values for part in parts]),
        missing=dict(missing),
        infinite=sum(part.infinite for part in parts),
        strange=pd.concat([part.strange for part in parts]),
        ambiguity=next((part.ambiguity for part in parts if part.ambiguity is not None), None),
    )


def _find_booleans(cells: pd.Series[Any], values: npt.NDArray[np.float64]) -> list[int]:
    """Return the positions of true and false in a column that has other numbers than 1 and 0, where they mean none."""
    binary = np.isin(values, (0, 1))
    if (binary | np.isnan(values)).all():
        return []
    found = ((position, cells.iloc[position]) for position in np.flatnonzero(binary).tolist())
    return [
        position
        for position, cell in found
        if isinstance(cell, (bool, np.bool_)) or (isinstance(cell, str) and cell.strip().lower() in _BOOLEANS)
    ]


class _Evidence:
    """What the cells of a column say about its marks."""

    def __init__(self, decimal_marks: set[str] | None = None, *, is_settled: bool = False) -> None:
        self.decimal_marks = decimal_marks or set()
        self.group_marks: set[str] = set()
        """Marks that separate thousands in a cell that cannot be read otherwise: 1,234.5 or 1.234.567."""
        self.is_settled = is_settled

    def add(self, text: str) -> None:
        """Take note of a cell that has one reading by itself."""
        if single := _ONE_MARK.fullmatch(text):
            if not _could_be_thousands(single):
                self.decimal_marks.add(single["mark"])
        elif (grouped := _grouped(text)) and grouped["group"] in ".,":
            self.group_marks.add(grouped["group"])
            if grouped["mark"]:
                self.decimal_marks.add(grouped["mark"])

    def read(self, text: str) -> float | Literal["ambiguous"] | None:
        """Return the value of a cell; None where it is not a number."""
        if text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        if _PLAIN.fullmatch(text) or _INFINITE.fullmatch(text):
            return float(text.replace("∞", "inf"))
        if single := _ONE_MARK.fullmatch(text):
            return self._read_single(text, single)
        grouped = _grouped(text)
        return None if grouped is None else self._read_grouped(text, grouped)

    def _read_grouped(self, text: str, grouped: re.Match[str]) -> float | None:
        """Read 1.234,5 or 1 234; if the decimal mark is settled, only what agrees with it."""
        group, mark = grouped["group"], grouped["mark"]
        if self.is_settled and (group in self.decimal_marks or (mark and mark not in self.decimal_marks)):
            return None
        digits = text.replace(group, "")
        return float(digits.replace(mark, ".") if mark else digits)

    def _read_single(self, text: str, single: re.Match[str]) -> float | Literal["ambiguous"] | None:
        mark = single["mark"]
        as_decimal = float(text.replace(mark, "."))
        if self.is_settled:
            if mark in self.decimal_marks:
                return as_decimal
            return float(text.replace(mark, "")) if _could_be_thousands(single) else None
        if not _could_be_thousands(single):
            return as_decimal
        # In a column that has 3,5 as well as 3.5, 1.007 may be a number of either hand.
        is_decimal = mark in self.decimal_marks and len(self.decimal_marks) == 1
        is_group = mark in self.group_marks
        if is_decimal == is_group:
            return "ambiguous"
        return as_decimal if is_decimal else float(text.replace(mark, ""))


def _could_be_thousands(single: re.Match[str]) -> bool:
    """Tell whether a number with one mark may be a whole one with its thousands separated: 1.007, but not 0.007."""
    before, after = single["before"], single["after"]
    return len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0") and not single["exponent"]


def _grouped(text: str) -> re.Match[str] | None:
    """Match a number whose thousands are separated, other than by a single point or comma."""
    found = _GROUPED.fullmatch(text)
    if not found or found["mark"] == found["group"]:
        return None
    return found

"""One column of a label table: what its cells mean, what is odd about them, and what cannot be decided."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from specimen.common.cells import count_marks, to_key, to_text
from specimen.common.errors import SpecimenError
from specimen.common.numbers import SHOWN, Decimal, Numbers, join_numbers, read_numbers
from specimen.data.preparation.joined_sheets import name_batches

_MEASURED = re.compile(r"(\W*)(?:\d{1,3}(?:[.,'\u2019\s]\d{3})+|\d+)(?:[.,]\d+)?\s*(\D*(?:m[23])?)")
"""A number with a sign in front or a unit behind; not the date 24.12.2024."""


@dataclass(frozen=True)
class ColumnReader:
    """Reads columns the way `params.yaml` says, and keeps what the user has to know."""

    decimal: Decimal
    marks: tuple[str, ...]
    """Texts that stand for a missing value."""
    categories: Collection[str] = ()
    """Features that are categories, even if they look like numbers."""
    batches: pd.Series[str] | None = None
    """The batch that each row is from: each has its own decimal mark. None: there is one sheet."""
    notes: list[str] = field(default_factory=list)
    """What was read in a way that may surprise."""

    def text(self, cells: pd.Series[Any], key: str) -> pd.Series[Any]:
        """Return the cells as text, `None` where one has no value."""
        return self._without_marks(to_text(cells), key)

    def file(self, cells: pd.Series[Any], key: str) -> pd.Series[Any]:
        """Return the cells as names of files, with the batch in front if there are batches; `None` for no value."""
        names = self.text(cells, key)
        if self.batches is None:
            return names
        paths = self.batches + "/" + names.astype(object)
        return paths.where(names.notna(), None)

    def name(self, cells: pd.Series[Any], key: str) -> pd.Series[Any]:
        """Return the cells as parts of a name: 3 and 3.0 are the same."""
        names = self._without_marks(to_key(cells), key)
        numbers, texts = _kinds(self._read_sheets(names)) if self.batches is not None else ([], [])
        if numbers and texts:
            self.notes.append(
                f"{key}: '{cells.name}' is a number in {name_batches(numbers)} and a text in {name_batches(texts)}; "
                "3 and P3, say, are two names"
            )
        return names

    def target(self, cells: pd.Series[Any], key: str) -> pd.Series[float]:
        """Return the cells as numbers, NaN where one is not; the rule `label_not_a_number` names those.

        Raises `SpecimenError` where a cell has two readings.
        """
        numbers = join_numbers([*self._read_sheets(cells).values()])
        self._check(numbers, key)
        return numbers.values

    def feature(self, cells: pd.Series[Any], name: str, key: str) -> pd.Series[Any]:
        """Return the cells as numbers, or as text if they are categories.

        Raises `SpecimenError` where a cell has two readings, and where most cells are numbers and some are not.
        """
        if name in self.categories:
            return self.name(cells, key)
        sheets = self._read_sheets(cells)
        _refuse_other_kind(sheets, name, key)
        numbers = join_numbers([*sheets.values()])
        count = int(numbers.values.notna().sum())
        if len(numbers.strange) > count:
            self._refuse_other_marks(numbers.strange, name, key)
            _refuse_units(numbers.strange, name, key)
            return self.text(cells, key)
        if len(numbers.strange):
            raise SpecimenError(
                f"{key}: '{name}' has {count} numbers and {len(numbers.strange)} other cells: "
                f"{_named(numbers.strange)}. Correct these cells, name the text in data.missing if it stands for a "
                "missing value, or name the column in data.categories if its numbers are names."
            )
        self._check(numbers, key)
        return numbers.values

    def _read_sheets(self, cells: pd.Series[Any]) -> dict[str, Numbers]:
        """Return a column as numbers, by batch; a single sheet without batches goes by an empty name."""
        if self.batches is None:
            return {"": read_numbers(cells, self.decimal, self.marks)}
        parts = cells.groupby(self.batches, sort=False)
        return {str(batch): read_numbers(part, self.decimal, self.marks) for batch, part in parts}

    def _refuse_other_marks(self, strange: pd.Series[str], name: str, key: str) -> None:
        """Raise `SpecimenError` where texts are numbers, but not with the decimal mark that `data.decimal` says."""
        otherwise = read_numbers(strange, "auto", self.marks)
        if self.decimal != "auto" and len(otherwise.strange) < len(strange):
            numbers = strange.drop(otherwise.strange.index)
            raise SpecimenError(
                f"{key}: '{name}' has numbers that data.decimal: {self.decimal} does not allow: {_named(numbers)}."
            )

    def _check(self, numbers: Numbers, key: str) -> None:
        name = numbers.values.name
        if numbers.ambiguity is not None:
            raise SpecimenError(
                f"{key}: '{name}' cannot be read for certain: {numbers.ambiguity.describe()} Set data.decimal to point "
                "(1.5 is one and a half) or to comma (1,5 is one and a half)."
            )
        self._note_missing(numbers.missing, name, key)
        if numbers.infinite:
            self.notes.append(f"{key}: '{name}': infinite values read as missing: {numbers.infinite}")

    def _without_marks(self, text: pd.Series[Any], key: str) -> pd.Series[Any]:
        marks = count_marks(text, self.marks)
        if not marks:
            return text
        self._note_missing(marks, text.name, key)
        return text.where(~text.isin(list(marks)), None)

    def _note_missing(self, marks: dict[str, int], name: object, key: str) -> None:
        if marks:
            named = ", ".join(f"'{mark}' {count}" for mark, count in marks.items())
            self.notes.append(f"{key}: '{name}': cells read as missing: {named}")


def _kinds(sheets: Mapping[str, Numbers]) -> tuple[list[str], list[str]]:
    """Return the batches with numbers and those with texts, each by most of its cells."""
    numbers: list[str] = []
    texts: list[str] = []
    for batch, read in sheets.items():
        ambiguous = read.ambiguity.count if read.ambiguity is not None else 0
        if len(read.strange) > read.values.notna().sum() + ambiguous:
            texts.append(batch)
        elif read.values.notna().any() or ambiguous:
            numbers.append(batch)
    return numbers, texts


def _refuse_other_kind(sheets: Mapping[str, Numbers], name: str, key: str) -> None:
    """Raise `SpecimenError` where a column has numbers in one batch and text in another."""
    numbers, texts = _kinds(sheets)
    if numbers and texts:
        raise SpecimenError(
            f"{key}: '{name}' is a number in {name_batches(numbers)} and a text in {name_batches(texts)}. Correct "
            "the sheets, or name the column in data.categories if its numbers are names."
        )


def _refuse_units(strange: pd.Series[str], name: str, key: str) -> None:
    """Raise `SpecimenError` where most texts are numbers with the same sign or unit: 45 %, 12 g, € 3; not 1A and 1B."""
    parts = strange.map(_MEASURED.fullmatch).dropna().map(lambda found: (found[1].strip(), found[2].strip()))
    most = parts.mode()
    measured = strange[parts.index[parts == most[0]]] if len(most) else parts
    if 2 * len(measured) > len(strange):
        raise SpecimenError(
            f"{key}: '{name}' has {len(measured)} numbers that are written with a unit or a sign: {_named(measured)}. "
            "Leave only the number in these cells, or name the column in data.categories if each text is a category."
        )


def _named(cells: pd.Series[str]) -> str:
    shown = ", ".join(f"'{text}' in row {row}" for row, text in cells.head(SHOWN).items())
    return shown + (f" and {len(cells) - SHOWN} more" if len(cells) > SHOWN else "")

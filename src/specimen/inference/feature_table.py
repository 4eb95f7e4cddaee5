"""Features of photos from a user's table, found by the names of the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

import pandas as pd

from specimen.common.cells import count_marks, to_key, to_text
from specimen.common.errors import SpecimenError
from specimen.common.numbers import MISSING_MARKS, Decimal, Numbers, read_numbers
from specimen.data.dataset.features import CategoryFeature, Features, NumberFeature
from specimen.data.readers.image_names import folded
from specimen.data.readers.tables import Table

MAX_EXAMPLES = 3
"""In a note."""
NO_ROW = -1
"""Instead of the number of a row; tables count from 2, the first row below the header."""


class Style(NamedTuple):
    """How the cells of a table are written."""

    decimal: Decimal = "auto"
    """The decimal mark of numbers that are texts."""
    missing: tuple[str, ...] = MISSING_MARKS
    """Texts that stand for a missing value."""


def unknown_features(count: int, features: Features) -> pd.DataFrame:
    """Return `count` samples in which all features are missing."""
    return pd.DataFrame(index=range(count), columns=list(features), dtype=object)


def join_features(
    table: Table, image_column: str, images: Sequence[str], features: Features, style: Style
) -> tuple[pd.DataFrame, list[str]]:
    """Return the features of each image, in the order of `images`, and notes for the user.

    A cell of `image_column` names an image by its file name, or by as much of its path as is needed to make it unique.
    The features of an image without a row are missing. Raises `SpecimenError` if a column is missing, if a number has
    two readings, or if it is unclear which row belongs to an image.
    """
    path = table.path
    values, notes = read_features(table, features, style)
    names = to_text(table.column(image_column, "--image-column"))
    rows = _match_rows(names, images, path)
    without_row = [image for image, row in zip(images, rows, strict=True) if row == NO_ROW]
    if without_row:
        examples = ", ".join(without_row[:MAX_EXAMPLES])
        notes.append(
            f"{path}: no row for {len(without_row)} of {len(images)} photos, so their features are missing: {examples}"
        )
    return values.reindex(rows).reset_index(drop=True), [*table.notes, *notes]


def read_features(table: Table, features: Features, style: Style) -> tuple[pd.DataFrame, list[str]]:
    """Return the values of the features in each row, and a note for each feature with cells that have none.

    Raises `SpecimenError` if a column is missing, or if a number has two readings.
    """
    values = pd.DataFrame(index=table.cells.index)
    notes = []
    for name, feature in features.items():
        cells = table.column(name, "features")
        notes += [f"{table.path}: '{name}': cells read as missing: {marks}"] if (marks := _marks(cells, style)) else []
        match feature:
            case NumberFeature():
                numbers = _read_numbers(cells, table.path, style)
                values[name], unusable = numbers.values, numbers.strange
                if numbers.infinite:
                    notes.append(f"{table.path}: '{name}': infinite values read as missing: {numbers.infinite}")
            case CategoryFeature():
                values[name], unusable = _read_categories(cells, feature, style)
        if len(unusable):
            examples = ", ".join(f"'{cell}' (row {row})" for row, cell in unusable.head(MAX_EXAMPLES).items())
            notes.append(
                f"{table.path}: '{name}' takes {feature.accepted}; {len(unusable)} other "
                f"{'cell counts' if len(unusable) == 1 else 'cells count'} as missing: {examples}"
            )
    return values, notes


def _marks(cells: pd.Series[Any], style: Style) -> str:
    """Return how often each mark of a missing value occurs, for a note."""
    return ", ".join(f"'{mark}' {count}" for mark, count in count_marks(to_text(cells), style.missing).items())


def _read_numbers(cells: pd.Series[Any], path: Path, style: Style) -> Numbers:
    numbers = read_numbers(cells, style.decimal, style.missing)
    if numbers.ambiguity is not None:
        raise SpecimenError(
            f"{path}: '{cells.name}' cannot be read for certain: {numbers.ambiguity.describe()} Say --decimal point "
            "(1.5 is one and a half) or --decimal comma (1,5 is one and a half)."
        )
    return numbers


def _read_categories(
    cells: pd.Series[Any], feature: CategoryFeature, style: Style
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return the categories, and the texts that are none; 3.0 is the category 3 if the model knows no 3.0."""
    text = to_text(cells, style.missing)
    known = text.where(text.isin(feature.categories), to_key(cells, style.missing))
    values = feature.parse(known)
    return values, text[text.notna() & values.isna()]


def _match_rows(names: pd.Series[Any], images: Sequence[str], path: Path) -> list[int]:
    """Return the row of the table for each image: the row with the longest name that is the end of the image's path."""
    rows_by_name: dict[str, list[int]] = defaultdict(list)
    present = names.dropna()
    for row, name in zip(present.index.tolist(), present, strict=True):
        rows_by_name[folded(PureWindowsPath(name).as_posix())].append(row)
    matched: dict[int, str] = {}
    rows = []
    for image in images:
        matches = next((rows_by_name[end] for end in _path_ends(image) if end in rows_by_name), [])
        if not matches:
            rows.append(NO_ROW)
            continue
        row = matches[0]
        if len(matches) > 1:
            raise SpecimenError(f"{path}: rows {', '.join(map(str, matches))} all name {image}. Keep one of them.")
        if matched.setdefault(row, image) != image:
            raise SpecimenError(
                f"{path}: '{names[row]}' in row {row} could be {matched[row]} or {image}. Add the folder to the name."
            )
        rows.append(row)
    return rows


def _path_ends(image: str) -> Iterator[str]:
    """Yield the path of an image without its first folders: x/y/a.png, y/a.png, a.png."""
    parts = PurePosixPath(folded(image.replace("\\", "/"))).parts
    for start in range(len(parts)):
        yield "/".join(parts[start:])

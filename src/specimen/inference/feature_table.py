"""Features of pictures out of a table of the user, found by the names of the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from specimen.common.cells import to_text
from specimen.common.errors import SpecimenError
from specimen.data.dataset.features import Features
from specimen.data.readers import tables
from specimen.data.readers.image_names import folded

NOTED = 3
"""Examples in a note."""


def unknown_features(count: int, features: Features) -> pd.DataFrame:
    """Return `count` samples whose features are all missing."""
    return pd.DataFrame(index=range(count), columns=list(features), dtype=object)


def join_features(
    table: pd.DataFrame, column: str, images: Sequence[str], features: Features, path: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Return the features of each image, those of an image without a row missing; also what the user should know.

    A cell of `column` names an image by its file name, or by as much of its path as is needed to tell it from others.
    Raises `SpecimenError` where a column is missing, or where it is open which row belongs to which image.
    """
    given = pd.DataFrame(index=table.index)
    notes = []
    for name, feature in features.items():
        cells = tables.column(table, name, "features", path)
        given[name] = feature.parse(cells)
        text = to_text(cells)
        strange = text[text.notna() & given[name].isna()]
        if len(strange):
            notes.append(
                f"{path}: {len(strange)} cells of '{name}' are not {feature.accepted}, and count as missing: "
                f"{_some(strange)}"
            )
    rows = _rows(to_text(tables.column(table, column, "--image-column", path)), images, path)
    samples = given.reindex([-1 if row is None else row for row in rows]).reset_index(drop=True)
    without = [image for image, row in zip(images, rows, strict=True) if row is None]
    if without:
        some = ", ".join(without[:NOTED])
        notes.append(f"{path}: no row for {len(without)} of {len(images)} pictures, whose features are missing: {some}")
    return samples, notes


def _rows(names: pd.Series, images: Sequence[str], path: Path) -> list[int | None]:
    """Return the row of the table for each image; the longest name counts that is the end of its path."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in names.dropna().items():
        rows[folded(PureWindowsPath(name).as_posix())].append(int(str(row)))
    found: list[int | None] = []
    owners: dict[int, str] = {}
    for image in images:
        parts = PurePosixPath(folded(image.replace("\\", "/"))).parts
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        match = next((rows[end] for end in ends if end in rows), [])
        if len(match) > 1:
            raise SpecimenError(f"{path}: rows {', '.join(map(str, match))} all name {image}. Keep one of them.")
        if match and owners.setdefault(match[0], image) != image:
            raise SpecimenError(
                f"{path}: row {match[0]} names '{names[match[0]]}', which is {owners[match[0]]} as well as {image}. "
                "Write the folder before the name."
            )
        found.append(match[0] if match else None)
    return found


def _some(cells: pd.Series) -> str:
    return ", ".join(f"'{cell}' (row {row})" for row, cell in cells.head(NOTED).items())

"""Features of pictures out of a table of the user, found by the names of the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import pandas as pd

from specimen.common.cells import to_number, to_text
from specimen.common.errors import SpecimenError
from specimen.data.dataset.features import Description
from specimen.data.readers import tables
from specimen.data.readers.image_names import folded

NOTED = 3
"""Examples in a note."""


def unknown_features(count: int, description: Description) -> pd.DataFrame:
    """Return `count` samples whose features are all missing."""
    return pd.DataFrame(index=range(count), columns=list(description), dtype=object)


def join_features(
    table: pd.DataFrame, column: str, images: Sequence[str], description: Description, path: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Return the features of each image, those of an image without a row missing; also what the user should know.

    A cell of `column` names an image by its file name, or by as much of its path as is needed to tell it from others.
    Raises `SpecimenError` where a column is missing, or where it is open which row belongs to which image.
    """
    cells = {name: tables.column(table, name, "features", path) for name in description}
    given = pd.DataFrame(index=table.index)
    notes = []
    for name, facts in description.items():
        text = to_text(cells[name])
        number = facts["kind"] == "number"
        given[name] = to_number(cells[name]) if number else text
        strange = text[text.notna() & (given[name].isna() if number else ~text.isin(facts["categories"]))]
        if len(strange):
            what = "are no numbers" if number else "are none of the model's " + ", ".join(facts["categories"])
            notes.append(f"{path}: {len(strange)} cells of '{name}' {what}, and count as missing: {_some(strange)}")
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

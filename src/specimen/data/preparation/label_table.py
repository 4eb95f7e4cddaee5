"""From a sheet or from class folders to the label table, whose index is the row number of the sheet.

The sheets of all batches become one table, whose index names rows as `batch_rows.py` does.

image_name    the image as the sheet writes it; which file that is, `row_images.py` finds
target_text   the label as the sheet writes it
target        the label as a number (NaN where the text is not one) or as the name of a class
group         the columns of `data.group`, joined; split, and a column for each feature

An empty cell is `None`, in numbers NaN. No row is rejected here: the rules do that.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pandas as pd

from specimen.common.cells import to_text
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.stage_deps import require_dep
from specimen.config.data import Data
from specimen.data.dataset.batch_rows import name_rows
from specimen.data.preparation.class_names import note_alike
from specimen.data.preparation.joined_sheets import Sheets, join_sheets, note_differences
from specimen.data.preparation.sheet_labels import read_columns, sheet_columns
from specimen.data.preparation.split_folders import cut_splits, refuse_splits_as_classes
from specimen.data.preparation.summary_rows import note_summary_rows
from specimen.data.readers import tables
from specimen.data.readers.batches import Batches, collect
from specimen.data.readers.data_root import below, require_root
from specimen.data.readers.header_choice import Place
from specimen.data.readers.images import Images
from specimen.data.readers.tables import Table
from specimen.data.readers.zip_images import read_member


def read_labels(
    data: Data, images: Images | None, batches: Batches = MappingProxyType({})
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read the label table that `data` describes; also return the whole sheet, and what the user should know of it.

    `images` are the files in the class folders; a table needs none. Without an image column, `image_name` names a row.
    Raises `SpecimenError` that lists every fault of its columns.
    """
    if data.table is None:
        assert images is not None, "params refuse class folders without pictures"
        labels = _from_folders(images, data)
        sheet = labels[["image_name", "target_text"]].set_axis(["image", "target"], axis="columns")
        return labels, sheet, note_alike(labels["target_text"], "data.images", "classes")
    wanted = list(sheet_columns(data).values())
    if batches:
        read = collect(batches, partial(_read_sheet, wanted=wanted))
        sheets: Sheets = {batch: _call_rows(sheet, batch) for batch, sheet in read.items()}
    else:
        sheets = {None: _read_sheet(data, wanted)}
    labels, notes = read_columns(sheets, data)
    of_sheets = [note for sheet in sheets.values() for note in sheet.notes]
    of_rows = [note for sheet in sheets.values() for note in note_summary_rows(sheet.cells)] if images is None else []
    return labels, join_sheets(sheets), [*of_sheets, *note_differences(sheets), *notes, *of_rows]


def _read_sheet(data: Data, wanted: list[str]) -> Table:
    assert data.table is not None
    path, content = _locate(data, data.table)
    return tables.read_table(path, wanted, Place(data.sheet, data.header_row), content)


def _call_rows(sheet: Table, batch: str) -> Table:
    return replace(sheet, cells=sheet.cells.set_axis(name_rows(batch, sheet.cells.index), axis="index"))


def _from_folders(images: Images, data: Data) -> pd.DataFrame:
    """One folder per class: the first folder of a path names the class; a photo outside of the folders has none."""
    paths = images.names
    splits: list[str | None] = [None] * len(paths)
    if data.split_folders:
        splits, paths = cut_splits(paths)
    elif data.split_folders is None:
        refuse_splits_as_classes(paths)
    classes = [PurePosixPath(path).parts[0] if "/" in path else None for path in paths]
    if not any(classes):
        raise SpecimenError(
            f"data.images: no class folders with images in '{data.root}/{data.images}'. With a label table, name it in "
            "data.table."
        )
    index = pd.RangeIndex(1, len(classes) + 1, name="row")
    labels = pd.DataFrame({"image_name": images.names, "group": None, "split": splits}, index=index, dtype=object)
    labels.insert(1, "target_text", to_text(pd.Series(classes, index=index, dtype=object)))
    return labels.assign(target=labels["target_text"])


def _locate(data: Data, name: str) -> tuple[Path, bytes | None]:
    """Return the path of the table and, if it is inside a zip, its bytes."""
    root = Path(data.root)
    require_root(root)
    if root.is_dir():
        path = below(root, name, "data.table")
        if path.is_file():
            return path, None
        present = sorted(
            file.name for file in root.iterdir() if file.suffix.lower() in tables.SUFFIXES and file.is_file()
        )
        raise SpecimenError(f"data.table: no file '{name}' in '{root}'. {accepted_hint(name, present, 'tables there')}")
    content = read_member(root, name)
    if content is not None:
        return root / name, content
    path = root.parent / name
    if not path.is_file():
        raise SpecimenError(f"data.table: '{name}' is neither inside '{root}' nor next to it.")
    otherwise = f", or put both into a folder that is data.root, with data.images: {root.name}, which needs no line"
    for stage in ("validate", "prepare"):
        require_dep(stage, path, "data.table", otherwise)
    return path, None

"""Folders and zips that each have a sheet and photos of their own: batches, for which one pattern is the table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.config.data import BATCH, Data
from specimen.data.readers import tables
from specimen.data.readers.batches import Batches, BatchImages, find_batches, open_photos
from specimen.data.readers.folder_images import Folder
from specimen.data.readers.images import is_hidden, suffix
from specimen.data.readers.zip_images import Zip, read_member

FEWEST = 2


@dataclass(frozen=True)
class Batched:
    """The sheets of all batches as one, with the column `batch`, and their photos."""

    pattern: str
    sheet: pd.DataFrame
    images: BatchImages
    images_in: str


def find_batched(root: Path) -> Batched | None:
    """Return the batches in a folder, None where it is not a folder of batches."""
    pattern = _find_pattern(root) if root.is_dir() else None
    if pattern is None:
        return None
    try:
        return _open(root, pattern)
    except SpecimenError:  # the rest of the proposal says what there is
        return None


def _find_pattern(root: Path) -> str | None:
    """Return a pattern that means one table in each folder and zip, such as `*/labels.xlsx`."""
    places = [entry for entry in sorted(root.iterdir()) if not is_hidden(entry.name)]
    places = [entry for entry in places if entry.is_dir() or suffix(entry.name) == ".zip"]
    if len(places) < FEWEST:
        return None
    found: dict[str, int] = defaultdict(int)
    suffixes: dict[str, int] = defaultdict(int)
    for place in places:
        names = _tables_at_the_top(place)
        for name in names:
            found[name] += 1
        if len(names) == 1:
            suffixes[suffix(names[0])] += 1
    same = [name for name, count in found.items() if count == len(places)]
    if same:
        return f"*/{same[0]}"
    kinds = [kind for kind, count in suffixes.items() if count == len(places)]
    return f"*/*{kinds[0]}" if kinds else None


def _tables_at_the_top(place: Path) -> list[str]:
    """Return the tables in a folder or zip, or in the only folder that is in it."""
    content = Folder(place, place) if place.is_dir() else Zip(place)
    names = [*content.names, *content.others]
    tops = {name.partition("/")[0] if "/" in name else "" for name in names}
    if len(tops) == 1 and "" not in tops:
        names = [name.partition("/")[2] for name in names]
    return [name for name in names if "/" not in name and suffix(name) in tables.SUFFIXES]


def _open(root: Path, pattern: str) -> Batched:
    data = Data(root=root.as_posix(), task="classification", table=pattern)
    batches, images = _open_photos(data)
    inside = _common(images)
    if inside != data.images:
        batches, images = _open_photos(data.model_copy(update={"images": inside}))
    sheets = [_read(part).assign(**{BATCH: name}) for name, part in batches.items()]
    return Batched(pattern, pd.concat(sheets, ignore_index=True).astype(object), images, inside)


def _open_photos(data: Data) -> tuple[Batches, BatchImages]:
    batches = find_batches(data)
    images = open_photos(data, batches)
    assert isinstance(images, BatchImages)
    return batches, images


def _read(part: Data) -> pd.DataFrame:
    root = Path(part.root)
    assert part.table is not None
    content = read_member(root, part.table) if root.is_file() else None
    cells = tables.read_table(root / part.table, content=content).cells
    if cells.columns.has_duplicates or BATCH in cells:
        raise SpecimenError(f"{root}: a column is there twice.")
    return cells


def _common(images: BatchImages) -> str:
    """Return the folder that the photos of all batches are in, `.` for the top."""
    names = [name for part in images.batches.values() for name in part.names]
    folders = {name.partition("/")[0] if "/" in name else "." for name in names}
    return folders.pop() if len(folders) == 1 else "."

"""What is in a folder: a table that names photos, class folders, or a table alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from specimen.common.cells import to_text
from specimen.common.errors import SpecimenError
from specimen.config.data import BATCH
from specimen.data.preparation.split_folders import FOLDERS, cut_splits
from specimen.data.proposal.batch_layout import Batched, find_batched
from specimen.data.readers import tables
from specimen.data.readers.batches import BatchFinder, BatchImages, make_finder
from specimen.data.readers.data_root import list_elsewhere, open_images, require_root
from specimen.data.readers.header_choice import Place
from specimen.data.readers.image_names import Finder
from specimen.data.readers.images import ImageNotFoundError, Images, suffix
from specimen.data.readers.zip_images import read_member

FEWEST_FOUND = 0.5
"""Share of the cells of a column that must name a photo."""
ASKED = 400
"""Cells of a column that are asked."""
HEADERS = (None, 2, 3, 4, 5, 6)
"""Rows that may be the header; None: the first that is filled."""
MASKS = ("mask", "masks", "segmentation", "segmentations", "masken")


@dataclass(frozen=True)
class Layout:
    """Where photos and labels are; paths are below the root."""

    root: str
    images: Images | None
    """None: there are none."""
    images_in: str = "."
    masks_in: str | None = None
    table: str | None = None
    header_row: int | None = None
    sheet: pd.DataFrame | None = None
    image_column: str | None = None
    split_folders: bool | None = None
    classes: Sequence[str | None] = ()
    """The class of each photo, with class folders."""

    def find_images(self) -> pd.Series:
        """Return the photo that each row of the sheet names, None where there is none."""
        assert self.sheet is not None
        if self.image_column is None or self.images is None:
            return pd.Series(None, index=self.sheet.index, dtype=object)
        names = to_text(self.sheet[self.image_column])
        if isinstance(self.images, BatchImages):
            names = self.sheet[BATCH] + "/" + names
        return _look_up(names, make_finder(self.images))


def find_layout(root: Path) -> Layout:
    """Look through a folder or zip. Raises `SpecimenError` where neither a table nor class folders say any labels."""
    require_root(root)
    batched = find_batched(root)
    if batched is not None and (layout := _of_batches(root, batched)):
        return layout
    images_in, images = _find_images(root)
    names = images.names if images else []
    masks_in = _masks(names)
    if masks_in is not None:
        images = open_images(root, images_in, excluded=masks_in)
    named = [one for name in _tables(root) if (one := _read(root, name, images))]
    with_photos = [one for one in named if one[2] is not None]
    if images is not None and with_photos:
        table, header_row, column, sheet, _ = max(with_photos, key=lambda one: one[4])
        inside = _common_folder(images.names) if images_in == "." else images_in
        images = open_images(root, inside, excluded=masks_in)
        return Layout(root.as_posix(), images, inside, masks_in, table, header_row, sheet, column)
    if images is not None:
        return _class_folders(root, images_in, images)
    if named:
        table, header_row, _, sheet, _ = max(named, key=lambda one: len(one[3]))
        return Layout(root.as_posix(), None, table=table, header_row=header_row, sheet=sheet)
    raise SpecimenError(f"{root}: neither photos nor a table. Tables are {', '.join(tables.SUFFIXES)}.")


def _of_batches(root: Path, batched: Batched) -> Layout | None:
    """Return the layout of batches, None where no column names their photos."""
    sheet, finder = batched.sheet, make_finder(batched.images)
    shares = {
        column: float(_look_up(sheet[BATCH] + "/" + to_text(sheet[column]), finder).notna().mean())
        for column in sheet.columns
        if column != BATCH
    }
    best = max(shares, key=lambda column: shares[column])
    if shares[best] < FEWEST_FOUND:
        return None
    return Layout(
        root.as_posix(), batched.images, batched.images_in, table=batched.pattern, sheet=sheet, image_column=best
    )


def _look_up(names: pd.Series, finder: Finder | BatchFinder) -> pd.Series:
    def find(name: str) -> str | None:
        with suppress(ImageNotFoundError):
            return finder.find(name).image
        return None

    return names.map(find, na_action="ignore")


def _find_images(root: Path) -> tuple[str, Images | None]:
    """Return the photos, which may be in a zip in the folder, or in the zip that is the root."""
    places = ["."]
    if root.is_dir():
        places += sorted(path.name for path in root.iterdir() if path.suffix.lower() == ".zip")
    for place in places:
        with suppress(SpecimenError):
            return place, open_images(root, place)
    return ".", None


def _masks(names: Sequence[str]) -> str | None:
    """Return the folder of masks among the photos, each named like one of them."""
    tops = Counter(PurePosixPath(name).parts[0] for name in names if "/" in name)
    found = [top for top in tops if top.lower() in MASKS]
    if len(found) != 1:
        return None
    stems = {PurePosixPath(name).stem for name in names if PurePosixPath(name).parts[0] != found[0]}
    own = [PurePosixPath(name).stem for name in names if PurePosixPath(name).parts[0] == found[0]]
    return found[0] if sum(stem in stems for stem in own) > len(own) / 2 else None


def _tables(root: Path) -> list[str]:
    return [name for name in list_elsewhere(root, ()) if suffix(name) in tables.SUFFIXES]


Read = tuple[str, int | None, str | None, pd.DataFrame, float]
"""Table, header row, image column, cells, and the share of cells that name a photo."""


def _read(root: Path, name: str, images: Images | None) -> Read | None:
    """Return a table as it is read best: with the header under which a column names photos and most have a name."""
    finder = Finder(images.names, images.others) if images is not None else None
    readings = [one for header_row in HEADERS if (one := _read_below(root, name, header_row, finder))]
    with_photos = [one for one in readings if one[2] is not None]
    # The first of those with the fewest columns without a name, which are many below a title.
    return min(with_photos or readings, key=lambda one: _unnamed(one[3]), default=None)


def _read_below(root: Path, name: str, header_row: int | None, finder: Finder | None) -> Read | None:
    """Return a table with its header in a row, None where there is none."""
    try:
        content = read_member(root, name) if root.is_file() else None
        cells = tables.read_table(root / name, place=Place(header_row=header_row), content=content).cells
    except SpecimenError:
        return None
    if cells.empty or cells.columns.has_duplicates:
        return None
    shares = {column: _share_found(cells[column], finder) for column in cells.columns} if finder else {}
    best = max(shares, key=lambda column: shares[column], default=None)
    if best is None or shares[best] < FEWEST_FOUND:
        return name, header_row, None, cells, 0.0
    return name, header_row, best, cells, shares[best]


def _unnamed(cells: pd.DataFrame) -> int:
    return sum(name == f"column {number}" for number, name in enumerate(cells.columns, start=1))


def _share_found(cells: pd.Series, finder: Finder) -> float:
    """Return the share of the cells that name a photo, each another one."""
    texts = to_text(cells).dropna()
    asked = texts.iloc[:: max(1, len(texts) // ASKED)]
    found = set()
    for text in asked:
        with suppress(ImageNotFoundError):
            found.add(finder.find(text).image)
    return len(found) / max(1, len(asked))


def _common_folder(names: Sequence[str]) -> str:
    """Return the deepest folder that all photos are in, `.` for the top."""
    parents = [PurePosixPath(name).parent.parts for name in names]
    common: list[str] = []
    for parts in zip(*parents, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/".join(common) or "."


def _class_folders(root: Path, images_in: str, images: Images) -> Layout:
    """Return class folders, below folders that all photos are in, or below those of the splits."""
    inside = images_in
    if images_in == ".":
        inside = _common_folder(images.names)
    images = open_images(root, inside)
    tops = sorted({name.split("/", 1)[0] for name in images.names if "/" in name})
    if len(tops) < 2:
        raise SpecimenError(
            f"{root}: no labels. There are {len(images.names):,} photos, but neither a folder for each class "
            f"nor a table with a column of their names. Tables are {', '.join(tables.SUFFIXES)}."
        )
    split_folders = None
    paths = images.names
    if all(top.lower() in FOLDERS for top in tops):
        try:
            _, paths = cut_splits(images.names)
            split_folders = True
        except SpecimenError as error:
            raise SpecimenError(f"{root}: {error}") from None
    classes = [path.split("/", 1)[0] if "/" in path else None for path in paths]
    return Layout(root.as_posix(), images, inside, split_folders=split_folders, classes=classes)

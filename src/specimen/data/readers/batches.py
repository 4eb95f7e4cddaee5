"""Batches: folders and zips below `data.root`, each with a sheet and photos of its own; a lab adds one every week."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TypeVar

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.config.data import Data
from specimen.data.readers import tables
from specimen.data.readers.data_root import below, open_images, require_root
from specimen.data.readers.folder_images import Folder
from specimen.data.readers.image_names import Finder, Found
from specimen.data.readers.images import ImageNotFoundError, Images, is_hidden, suffix
from specimen.data.readers.zip_images import Zip

Batches = Mapping[str, Data]
"""By name, what `data` says of each batch, as if it were alone; empty where there are none."""
_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


class BatchImages:
    """The images of all batches, as `batch/name`."""

    def __init__(self, batches: Mapping[str, Images]) -> None:
        self.batches = batches
        self.names = sorted(f"{batch}/{name}" for batch, images in batches.items() for name in images.names)
        self.others = sorted(f"{batch}/{name}" for batch, images in batches.items() for name in images.others)

    def path(self, name: str) -> Path | None:
        """Return where an image is; see `Images.path`."""
        batch, _, inside = name.partition("/")
        return self.batches[batch].path(inside) if batch in self.batches else None

    def read(self, name: str) -> bytes:
        """Return the bytes of one image. Raises `ImageNotFoundError` where that is impossible."""
        batch, _, inside = name.partition("/")
        if batch not in self.batches:
            raise ImageNotFoundError("no such batch")
        return self.batches[batch].read(inside)


class BatchFinder:
    """Looks up `batch/name` among the images of this batch alone."""

    def __init__(self, images: BatchImages) -> None:
        self._finders = {batch: Finder(part.names, part.others) for batch, part in images.batches.items()}

    def find(self, written: str) -> Found:
        """Return the image; see `Finder.find`."""
        batch, _, name = written.partition("/")
        found = self._finders[batch].find(name)
        return found._replace(image=f"{batch}/{found.image}")


def find_batches(data: Data) -> dict[str, Data]:
    """Return the batches that the pattern `data.table` means; empty if it is the name of a single table.

    week-9 comes before week-10. Raises `SpecimenError` that lists every batch without one sheet, and each that is
    there twice.
    """
    if not data.batched:
        return {}
    assert data.table is not None
    pattern, _, sheet = data.table.partition("/")
    places = _find_places(Path(data.root), pattern)

    def narrow(batch: str) -> Data:
        if len(places[batch]) > 1:
            both = " and ".join(f"'{place.name}'" for place in places[batch])
            raise SpecimenError(f"data.table: {both} in '{data.root}' are one batch. Delete or rename one of them.")
        return _narrow(data, places[batch][0], sheet)

    return collect({batch: batch for batch in sorted(places, key=_natural)}, narrow)


def open_photos(data: Data, batches: Batches) -> Images:
    """Open the photos that `data` means. Raises `SpecimenError` where there are none, in the root or in a batch."""

    def open_one(part: Data) -> Images:
        return open_images(Path(part.root), part.images, excluded=part.masks or None)

    return BatchImages(collect(batches, open_one)) if batches else open_one(data)


def open_masks(data: Data, batches: Batches) -> Images | None:
    """Open the masks that `data` means, `None` if there are none; raises as `open_photos` does."""

    def open_one(part: Data) -> Images:
        return open_images(Path(part.root), str(part.masks), "data.masks")

    if not data.masks:
        return None
    return BatchImages(collect(batches, open_one)) if batches else open_one(data)


def make_finder(images: Images) -> Finder | BatchFinder:
    """Return what looks up the names that a sheet writes."""
    return BatchFinder(images) if isinstance(images, BatchImages) else Finder(images.names, images.others)


def collect(batches: Mapping[str, _Part], read: Callable[[_Part], _Result]) -> dict[str, _Result]:
    """Return what `read` returns for each batch. Raises one `SpecimenError` with the faults of all of them."""
    results: dict[str, _Result] = {}
    faults: list[str] = []
    for batch, part in batches.items():
        try:
            results[batch] = read(part)
        except SpecimenError as error:
            faults.append(str(error))
    if faults:
        raise SpecimenError("\n".join(faults))
    return results


def _find_places(root: Path, pattern: str) -> dict[str, list[Path]]:
    """Return the folders and zips that are batches, by name; a zip goes by its name without `.zip`."""
    require_root(root)
    if not root.is_dir():
        raise SpecimenError(
            f"data.table: a pattern means folders and zips in data.root, but '{root}' is a file. Put it into a folder."
        )
    places: dict[str, list[Path]] = defaultdict(list)
    there = []
    for entry in sorted(root.iterdir()):
        is_zip = entry.is_file() and suffix(entry.name) == ".zip"
        if is_hidden(entry.name) or not (is_zip or entry.is_dir()):
            continue
        there.append(entry.name)
        name = entry.stem if is_zip else entry.name
        if _matches(entry.name, pattern) or _matches(name, pattern):
            places[name].append(below(root, entry.name, "data.table"))
    if not places:
        raise SpecimenError(
            f"data.table: no folder or zip in '{root}' matches '{pattern}'. {accepted_hint(pattern, there, 'there')}"
        )
    return places


def _narrow(data: Data, place: Path, pattern: str) -> Data:
    """Return `data` for one batch. All of it may be in one folder further down: so do programs pack and unpack zips."""
    content = Zip(place) if place.is_file() else Folder(place, place)
    files = [*content.names, *content.others]
    tops = {name.partition("/")[0] if "/" in name else "" for name in files}
    found = [name for name in content.others if _matches(name, pattern)]
    inside = PurePosixPath()
    if not found and len(tops) == 1 and "" not in tops:
        inside = PurePosixPath(*tops)
        found = [name for name in content.others if _matches(name, f"{inside}/{pattern}")]
    if len(found) != 1:
        raise SpecimenError(_not_one(place, pattern, found, content.others))
    masks = data.masks and (inside / data.masks).as_posix()
    update = {"root": str(place), "table": found[0], "images": (inside / data.images).as_posix(), "masks": masks}
    return data.model_copy(update=update)


def _not_one(place: Path, pattern: str, found: list[str], others: list[str]) -> str:
    if found:
        return f"data.table: batch '{place}' has {len(found)} tables '{pattern}': {', '.join(found)}. Keep one of them."
    present = [name for name in others if suffix(name) in tables.SUFFIXES]
    return (
        f"data.table: batch '{place}' has no '{pattern}'. {accepted_hint(pattern, present, 'tables there')} If it is "
        "not a batch, move it out of data.root, or write a pattern that leaves it out."
    )


def _matches(path: str, pattern: str) -> bool:
    """Tell whether each step of a path matches that of a pattern; a square bracket is a letter like others."""
    steps, patterns = path.split("/"), pattern.replace("[", "[[]").split("/")
    return len(steps) == len(patterns) and all(map(fnmatchcase, steps, patterns))


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Order names by the numbers in them."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)], name

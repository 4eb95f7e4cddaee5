"""The files below `data.root` that nothing uses: each is named with its reason, none is left out without a word.

Hidden files and what systems leave behind (`is_hidden`) do not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

import pandas as pd

from specimen.config.data import Data
from specimen.data.readers.batches import Batches, BatchImages
from specimen.data.readers.data_root import list_elsewhere
from specimen.data.readers.images import SUFFIXES, UNREAD_SUFFIXES, Images, count_by_suffix, printable, suffix

IGNORED_COLUMNS = ["name", "reason"]
"""Of ignored.csv; `name` is the path below `data.root`."""

NO_ROW = "no row names it"
NO_PHOTO = "mask without a photo"
NO_CLASS = "class folder without a photo"
ELSEWHERE = "outside of data.images"
NO_BATCH = "outside of the batches"
FORMAT = "format that is not read"
ZIP = "zip that is not opened"
OTHER = "not a photo"
_SUBJECTS = {
    NO_ROW: "photos that no row names",
    NO_PHOTO: "masks without a photo",
    NO_CLASS: "class folders without a photo that is read",
    ELSEWHERE: "photos outside of data.images",
    NO_BATCH: "photos outside of the batches",
    FORMAT: "pictures in a format that is not read",
    ZIP: "zips that are not opened; unpack them, or name one in data.images",
    OTHER: "files that are not photos",
}


def find_unused_files(
    data: Data, images: Images | None, masks: Images | None, labels: pd.DataFrame, batches: Batches
) -> tuple[pd.DataFrame, list[str]]:
    """Return the files that nothing uses, with `IGNORED_COLUMNS`, and a note for each reason that occurs.

    In a batch, the name of a file is the path in the batch after the name of the batch.
    """
    named = frozenset(labels["image"].dropna())
    found = _find_in_batches(data, images, masks, named, batches) if batches else _find(data, images, masks, named)
    rows = sorted((printable(name), reason) for name, reason in found)
    return pd.DataFrame(rows, columns=IGNORED_COLUMNS), _notes(rows)


def _find_in_batches(
    data: Data, images: Images | None, masks: Images | None, named: Collection[str], batches: Batches
) -> list[tuple[str, str]]:
    found = []
    named_in: dict[str, set[str]] = {batch: set() for batch in batches}
    for path in named:
        batch, _, name = path.partition("/")
        named_in.get(batch, set()).add(name)
    for batch, part in batches.items():
        own_images, own_masks = (
            place.batches[batch] if isinstance(place, BatchImages) else None for place in (images, masks)
        )
        found += [(f"{batch}/{name}", reason) for name, reason in _find(part, own_images, own_masks, named_in[batch])]
    for name in list_elsewhere(Path(data.root), [Path(part.root).name for part in batches.values()]):
        found.append((name, NO_BATCH if suffix(name) in SUFFIXES else _reason(name)))
    return found


def _find(data: Data, images: Images | None, masks: Images | None, named: Collection[str]) -> list[tuple[str, str]]:
    """Return the files below one root that nothing uses, with the reasons; `named` are the images that rows name."""
    used = [data.table] if data.table else []
    found: list[tuple[str, str]] = []
    if images is not None:
        used.append(data.images)
        found += [(_join(data.images, name), NO_ROW) for name in images.names if name not in named]
        found += [(_join(data.images, name), _reason(name)) for name in images.others]
        if data.table is None:
            depth = 2 if data.split_folders else 1
            found += [(_join(data.images, f"{name}/"), NO_CLASS) for name in _empty_classes(images, depth)]
    if masks is not None and images is not None and data.masks:
        used.append(data.masks)
        found += _unused_masks(masks, images, data.masks)
    for name in list_elsewhere(Path(data.root), used):
        found.append((name, ELSEWHERE if suffix(name) in SUFFIXES else _reason(name)))
    tables = {PurePosixPath(name).as_posix() for name in used}
    return [(name, reason) for name, reason in found if name not in tables]


def _unused_masks(masks: Images, images: Images, folder: str) -> list[tuple[str, str]]:
    photos = {_without_suffix(name) for name in images.names}
    idle = [name for name in masks.names if _without_suffix(name) not in photos]
    found = [(name, NO_PHOTO) for name in idle] + [(name, _reason(name)) for name in masks.others]
    return [(_join(folder, name), reason) for name, reason in found]


def _reason(name: str) -> str:
    if suffix(name) in UNREAD_SUFFIXES:
        return FORMAT
    return ZIP if suffix(name) == ".zip" else OTHER


def _empty_classes(images: Images, depth: int) -> list[str]:
    """Return the folders at this depth, of those that have files, in which there is no image."""
    filled, with_files = (
        {"/".join(steps[:depth]) for steps in map(_steps, names) if len(steps) > depth}
        for names in (images.names, images.others)
    )
    return sorted(with_files - filled)


def _steps(name: str) -> list[str]:
    return name.split("/")


def _notes(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return how many files are not used for each reason, with the suffixes where these are the reason."""
    notes = []
    names: dict[str, list[str]] = {}
    for name, reason in rows:
        names.setdefault(reason, []).append(name)
    for reason, subject in _SUBJECTS.items():
        if reason in names:
            found = names[reason]
            shown = count_by_suffix(found) if reason in (FORMAT, OTHER) else found[0] + (", ..." if found[1:] else "")
            notes.append(f"not used: {subject}: {len(found):,} ({shown})")
    return notes


def _join(folder: str, name: str) -> str:
    """Return a path below `data.root`; a folder keeps the `/` at its end."""
    return (PurePosixPath(folder) / name).as_posix() + ("/" if name.endswith("/") else "")


def _without_suffix(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()

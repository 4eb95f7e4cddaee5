"""From a folder to proposed params: what is there, what is learnt, what names one object, what leaks, how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from specimen.common.cells import to_text
from specimen.common.errors import SpecimenError
from specimen.common.numbers import read_numbers
from specimen.config.data import BATCH
from specimen.config.params_edit import NULL
from specimen.data.dataset.features import MAX_CATEGORIES
from specimen.data.proposal.column_groups import Rows, choose_group
from specimen.data.proposal.layout import Layout, find_layout
from specimen.data.proposal.leaks import find_leaks
from specimen.data.proposal.looks import Kinship, Looks, look_at
from specimen.data.proposal.name_groups import choose_pattern
from specimen.data.proposal.reasons import Reason
from specimen.data.proposal.target import choose_target, classes_reasons
from specimen.data.readers.batches import BatchImages

SMALLEST, STEP = 32, 32
"""Sides of the pictures in the store: multiples of 32, by which most networks divide them."""
LARGEST, LARGEST_FROM_SCRATCH = 224, 128
"""Weights of ImageNet were made at 224 px. A network that starts from none learns as well from less, and faster."""


@dataclass(frozen=True)
class Wanted:
    """What a person has settled; None where the proposal decides."""

    target: str | None = None
    group: list[str] | None = None
    pretrained: bool = False
    """Whether params have weights to start from."""


def propose(root: Path, wanted: Wanted | None = None) -> list[Reason]:
    """Return proposed values for params, each with its reason. Raises `SpecimenError` where there are no labels."""
    wanted = wanted or Wanted()
    layout = find_layout(root)
    looks = look_at(layout.images, layout.images.names) if layout.images is not None else None
    reasons = _of_layout(layout)
    if layout.sheet is None:
        assert looks is not None, "class folders are folders of photos"
        return [*reasons, *_of_folders(layout, looks), *_of_photos(looks, wanted)]
    reasons += _of_sheet(layout, layout.sheet, looks, wanted)
    return [*reasons, *(_of_photos(looks, wanted) if looks is not None else _without_photos(reasons, layout.sheet))]


def _of_layout(layout: Layout) -> list[Reason]:
    found = f"{len(layout.images.names):,} photos" if layout.images is not None else "no photos"
    reasons = [
        Reason("data.root", layout.root, found),
        Reason("data.images", None if layout.images_in == "." else layout.images_in, "where the photos are"),
        Reason("data.masks", layout.masks_in, "a mask for most photos" if layout.masks_in else "no folder of masks"),
        Reason("data.table", layout.table, _say_table(layout)),
        Reason("data.header_row", layout.header_row, "the first row under which a column names photos"),
    ]
    if layout.split_folders:
        reasons.append(Reason("data.split_folders", True, "class folders inside train, val and test"))
    return reasons


def _say_table(layout: Layout) -> str:
    if isinstance(layout.images, BatchImages):
        return f"{len(layout.images.batches)} batches, each with a sheet and photos of its own"
    return "a table" if layout.table else "no table: a folder for each class"


def _of_folders(layout: Layout, looks: Looks) -> list[Reason]:
    assert layout.images is not None
    counts = pd.Series(list(layout.classes), dtype=object).value_counts()
    shown = ", ".join(f"{name} {count:,}" for name, count in counts.sort_index().head(3).items())
    more = ", ..." if len(counts) > 3 else ""
    reasons = [
        Reason("data.task", "classification", f"{len(counts)} class folders: {shown}{more}"),
        Reason("data.target", "class", "just a name in reports"),
        *classes_reasons(len(counts), int(counts.min())),
    ]
    if layout.split_folders:
        return reasons
    return [*reasons, *choose_pattern(layout.images.names, layout.classes, Kinship(looks))]


def _of_sheet(layout: Layout, sheet: pd.DataFrame, looks: Looks | None, wanted: Wanted) -> list[Reason]:
    column = layout.image_column
    images = layout.find_images()
    # A week's batch does not part objects: the same plant may be in the next one, and is one group.
    apart = {name for name in (column, BATCH if isinstance(layout.images, BatchImages) else None) if name is not None}
    because = f"{images.notna().sum():,} of {len(sheet):,} cells name a photo" if column else "a table without photos"
    of_target = choose_target(sheet, apart | set(wanted.group or ()), wanted.target)
    settled = {reason.key: reason.value for reason in of_target}
    target, task = str(settled["data.target"]), settled["data.task"]
    kinship = Kinship(looks) if looks is not None else None
    here = images.notna() if column is not None else pd.Series(True, index=sheet.index)
    rows = Rows(sheet[here], images[here], sheet.loc[here, target], kinship)
    group = choose_group(rows, apart | {target}, wanted.group)
    named = apart | set(group.value or ())
    leaks = find_leaks(sheet[here], target, task, named, photos=looks is not None)
    return [Reason("data.image_column", NULL if column is None else column, because), *of_target, group, leaks]


def _of_photos(looks: Looks, wanted: Wanted) -> list[Reason]:
    if not len(looks.sides):
        raise SpecimenError("none of the photos can be read.")
    side = int(np.median(looks.sides.min(axis=1)))
    largest = LARGEST if wanted.pretrained else LARGEST_FROM_SCRATCH
    size = min(largest, max(SMALLEST, side // STEP * STEP))
    unreadable = f"; {looks.unreadable} cannot be read" if looks.unreadable else ""
    limit = "" if size < largest else f", and {largest} is enough {'for' if wanted.pretrained else 'without'} weights"
    because = f"the shorter side of the photos is {side} px (median){limit}{unreadable}"
    return [Reason("prepare.image_size", size, because)]


def _without_photos(reasons: Sequence[Reason], sheet: pd.DataFrame) -> list[Reason]:
    """Return what a model learns from without photos: the columns that are neither target, group nor leak."""
    taken: set[str] = set()
    for reason in reasons:
        if reason.key in ("data.target", "data.group", "data.leaks"):
            taken |= {reason.value} if isinstance(reason.value, str) else set(reason.value or ())
    features = [name for name in sheet.columns if name not in taken and _may_be_feature(sheet[name])]
    if not features:
        raise SpecimenError("a table without photos, and no column to learn from besides the target.")
    because = "a table without photos: a forest learns from the other columns"
    return [
        Reason("data.features", features, because, doubt=True),
        Reason("train.features", features, because),
        Reason("train.backbone", "forest", because),
        Reason("train.launcher", "python", because),
    ]


def _may_be_feature(cells: pd.Series) -> bool:
    """Tell whether a column varies, and is not a text that is another one in each row."""
    distinct = to_text(cells).nunique()
    is_number = bool(read_numbers(cells).values.notna().mean() > 0.5)
    return distinct > 1 and (is_number or distinct <= MAX_CATEGORIES)

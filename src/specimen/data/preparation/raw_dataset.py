"""What the label table lists: each row with the image that it means, and what the rules say before any is decoded."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.preparation import rules
from specimen.data.preparation.group_pattern import find_groups
from specimen.data.preparation.label_table import read_labels
from specimen.data.preparation.rejections import RejectedRowsError, count_by_rule
from specimen.data.preparation.row_images import find_images
from specimen.data.preparation.unused_files import find_unused_files
from specimen.data.readers.batches import find_batches, open_masks, open_photos
from specimen.data.readers.heif import require_heif
from specimen.data.readers.images import Images


@dataclass(frozen=True)
class RawDataset:
    """A label table, read and checked as far as that is possible without pixels."""

    images: Images | None
    """None: a table alone."""
    masks: Images | None
    """None: no masks, or no images that they could belong to."""
    sheet: pd.DataFrame
    """The table as it is written."""
    labels: pd.DataFrame
    """All its rows: the label table of `read_labels`, with `image` and `image_error`."""
    usable: pd.DataFrame
    """The rows that pass the rules which need no pixels, at least one."""
    rejected: pd.DataFrame
    warned: pd.DataFrame
    ignored: pd.DataFrame
    """The files that are not used: see `find_unused_files`."""
    notes: list[str]
    """What was read in a way that may surprise, and what was not: cells that count as missing, photos without a row."""


def read_raw_dataset(data: Data, row_rules: Rules) -> RawDataset:
    """Read the table that `data` names and apply the rules which need no pixels.

    Raises `SpecimenError` for a folder, a table or a column that is not there, and where no row is left.
    """
    batches = find_batches(data)
    images = open_photos(data, batches) if data.image_column is not None else None
    masks = open_masks(data, batches) if data.image_column is not None else None
    labels, sheet, notes = read_labels(data, images, batches)
    labels, of_names = find_images(labels, images)
    if images is not None:
        require_heif(labels["image"].dropna())
    if data.group_pattern is not None:
        labels["group"], of_groups = find_groups(labels["image"], data.group_pattern)
        notes += of_groups
    ignored, of_files = find_unused_files(data, images, masks, labels, batches)
    checks = rules.table_checks(data.task, pictures=images is not None, groups=has_groups(data))
    usable, rejected, warned = rules.apply(checks, labels, row_rules)
    if usable.empty:
        raise no_usable_rows(data, labels, rejected)
    return RawDataset(images, masks, sheet, labels, usable, rejected, warned, ignored, [*notes, *of_names, *of_files])


def has_groups(data: Data) -> bool:
    """Tell whether the data name the objects that photos show."""
    return bool(data.group) or data.group_pattern is not None


def no_usable_rows(data: Data, labels: pd.DataFrame, rejected: pd.DataFrame) -> RejectedRowsError:
    """Return the error that no row is usable, with the rules that rejected them."""
    fault = f"{data.root}: none of {len(labels)} rows is usable."
    return RejectedRowsError(f"{fault} Rejected by prepare.rules:\n{count_by_rule(rejected)}", rejected)

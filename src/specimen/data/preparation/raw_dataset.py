"""What the label table lists: each row with the image that it means, and what the rules say before any is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.preparation import rules
from specimen.data.preparation.label_table import read_labels
from specimen.data.readers.data_root import open_images
from specimen.data.readers.image_names import Finder
from specimen.data.readers.images import ImageNotFoundError, Images


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
    notes: list[str]
    """What was read in a way that may surprise: cells that count as missing."""


def read_raw_dataset(data: Data, row_rules: Rules) -> RawDataset:
    """Read the table that `data` names and apply the rules which need no pixels.

    Raises `SpecimenError` for a folder, a table or a column that is not there, and where no row is left.
    """
    images = None
    masks = None
    if data.image_column is not None:
        images = open_images(Path(data.root), data.images, excluded=data.masks or None)
        masks = open_images(Path(data.root), data.masks, "data.masks") if data.masks else None
    labels, sheet, notes = read_labels(data, images)
    labels = find_images(labels, images)
    checks = rules.table_checks(data.task, pictures=images is not None)
    usable, rejected, warned = rules.apply(checks, labels, row_rules)
    if usable.empty:
        raise SpecimenError(no_usable_rows_message(data, labels, rejected))
    return RawDataset(images, masks, sheet, labels, usable, rejected, warned, notes)


def no_usable_rows_message(data: Data, labels: pd.DataFrame, rejected: pd.DataFrame) -> str:
    """Return the message that no row is usable, with the rules that rejected them."""
    first_rows = rejected.groupby("rule", sort=False).first()
    lines = [
        f"  {(rejected['rule'] == rule).sum()} by {rule}, the first in row {first['row']}: "
        f"image {first['image']!r}, {first['value'] or 'empty'}"
        for rule, first in first_rows.iterrows()
    ]
    return f"{data.root}: none of {len(labels)} rows is usable. Rejected by prepare.rules:\n" + "\n".join(lines)


def find_images(labels: pd.DataFrame, images: Images | None) -> pd.DataFrame:
    """Add `image`, the file that `image_name` means, and `image_error`, why there is none.

    Without `images`, the image of a row is its name, to call it by.
    """
    if images is None:
        return labels.assign(image=labels["image_name"], image_error=None)
    finder = Finder(images.names)

    def look_up(name: str | None) -> tuple[str | None, str | None]:
        if not name:
            return None, "no image named"
        try:
            return finder.find(name), None
        except ImageNotFoundError as error:
            return None, str(error)

    results = pd.DataFrame(
        [look_up(name) for name in labels["image_name"]], columns=["image", "image_error"], index=labels.index
    )
    return labels.join(results.astype(object).where(results.notna(), None))

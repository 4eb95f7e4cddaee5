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
from specimen.data.preparation.masks import open_masks
from specimen.data.readers.image_names import Finder
from specimen.data.readers.images import ImageNotFoundError, Images, open_images


@dataclass(frozen=True)
class RawDataset:
    """A label table, read and looked through."""

    images: Images | None
    """None: a table alone."""
    masks: Images | None
    """None: no masks, or no images that they could belong to."""
    sheet: pd.DataFrame
    """The table as it is written."""
    labels: pd.DataFrame
    """All its rows with `image`, `target`, `group`, the features, and the `file` that is meant."""
    usable: pd.DataFrame
    """The rows that pass the rules which need no pixels, at least one."""
    rejected: pd.DataFrame
    warned: pd.DataFrame


def read_raw_dataset(data: Data, row_rules: Rules) -> RawDataset:
    """Read the table that `data` names and apply the rules which need no pixels.

    Raises `SpecimenError` for a folder, a table or a column that is not there, and where no row is left.
    """
    images = None if data.image_column is None else open_images(Path(data.root), data.images)
    masks = open_masks(Path(data.root), data.masks, images, data.images) if data.masks and images else None
    labels, sheet = read_labels(data, images)
    labels = _find_files(labels, images)
    checks = rules.table_checks(data.task, pictures=images is not None)
    usable, rejected, warned = rules.apply(checks, labels, row_rules)
    if usable.empty:
        raise SpecimenError(no_usable_rows_message(data, labels, rejected))
    return RawDataset(images, masks, sheet, labels, usable, rejected, warned)


def no_usable_rows_message(data: Data, labels: pd.DataFrame, rejected: pd.DataFrame) -> str:
    """Return the message that no row is usable, with the rules that rejected them."""
    firsts = rejected.groupby("rule", sort=False).first()
    lines = [
        f"  {(rejected['rule'] == rule).sum()} by {rule}, the first in row {first['row']}: "
        f"image {first['image']!r}, {first['value'] or 'empty'}"
        for rule, first in firsts.iterrows()
    ]
    return f"{data.root}: none of {len(labels)} rows is usable. Rejected by prepare.rules:\n" + "\n".join(lines)


def _find_files(labels: pd.DataFrame, images: Images | None) -> pd.DataFrame:
    """Add `file`, the image that a row means, and `file_error`, why there is none; without images, the row's name."""
    if images is None:
        return labels.assign(file=labels["image"], file_error=None)
    finder = Finder(images.names)

    def look_up(written: str | None) -> tuple[str | None, str | None]:
        try:
            return (finder.find(written), None) if written else (None, "no image named")
        except ImageNotFoundError as error:
            return None, str(error)

    found = pd.DataFrame(list(map(look_up, labels["image"])), columns=["file", "file_error"], index=labels.index)
    return labels.join(found.astype(object).where(found.notna(), None))

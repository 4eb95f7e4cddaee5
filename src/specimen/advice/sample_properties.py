"""What is known of each photo besides its label: the columns of the sheet, and the photo in a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from specimen.advice.suspect_rows import sheet_rows
from specimen.common.cells import as_dates, to_number, to_text
from specimen.config.data import Data
from specimen.data.dataset.store import Store
from specimen.data.preparation.raw_dataset import RawDataset
from specimen.drift.picture_statistics import picture_statistics

MOST_VALUES = 12
"""Texts of a column; one with more is an id or a remark."""
OBJECT_SIZE = "object size"
OF_PHOTOS = ("brightness", "contrast", "sharpness")


def sample_properties(store: Store, raw: RawDataset, data: Data) -> pd.DataFrame:
    """Return numbers and texts by which samples can be told apart, one column each, with the index of the samples.

    Those of the sheet, without the label, what was measured along with it (`data.leaks`), the names of files and
    columns with more than `MOST_VALUES` texts; dates are months, or years. Of the photo: brightness, contrast and
    sharpness, and the share that the object covers where there are masks.
    """
    cells = sheet_rows(raw, data, store.samples).set_axis(store.samples.index)
    if data.table is None:
        cells = cells.iloc[:, :0]
    left_out = {data.target, data.image_column, data.split_column, *data.leaks}
    names = {*data.group, *data.categories}
    columns = {
        str(name): _column(cells[name], is_name=name in names)
        for name in cells.columns
        if name not in left_out and list(cells.columns).count(name) == 1
    }
    kept = {name: column for name, column in columns.items() if column is not None and column.nunique() > 1}
    return pd.DataFrame(kept | _of_photos(store), index=store.samples.index)


def _column(cells: pd.Series[Any], *, is_name: bool) -> pd.Series[Any] | None:
    """Return a column as numbers or texts, None where it has too many texts."""
    text = to_text(cells)
    numbers = to_number(cells)
    if not is_name and numbers.notna().any() and (numbers.notna() | text.isna()).all():
        return numbers
    for texts in _readings(cells, text):
        if texts.nunique() <= MOST_VALUES:
            return texts
    return None


def _readings(cells: pd.Series[Any], text: pd.Series[Any]) -> list[pd.Series[Any]]:
    dates = as_dates(cells) if text.nunique() > MOST_VALUES else None
    return [text] if dates is None else [dates.dt.strftime("%Y-%m"), dates.dt.strftime("%Y")]


def _of_photos(store: Store) -> dict[str, Any]:
    if not store.meta.image_size:
        return {}
    statistics = pd.DataFrame([picture_statistics(store.images[row]) for row in range(len(store.samples))])
    found: dict[str, Any] = {f"photo {name}": statistics[name].to_numpy() for name in OF_PHOTOS}
    if store.masks is not None:
        found[OBJECT_SIZE] = np.array([float(np.mean(mask)) / 255 for mask in store.masks])
    return found

"""How a batch of photos from the site has to be written, so that `data.root` takes it as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from specimen.common.facts import Facts
from specimen.common.numbers import Decimal
from specimen.config.data import BATCH, Data
from specimen.models.meta import ModelMeta


class BatchSheet(Facts):
    """What `data` says of a batch: its names, and the columns of its sheet."""

    batch: str
    """Of the folder or zip; a star stands for what is new in each."""
    table: str | None
    """Path in it; None: a folder for each class."""
    sheet: str | None
    header_row: int | None
    decimal: Decimal
    images: str
    """Folder in it; `.`: next to the sheet."""
    image: str
    """Column with the names of the files; `target` likewise, and `group`, whose last has the name of one object."""
    target: str
    group: tuple[str, ...]
    others: tuple[str, ...]
    """All other columns that have to be there, filled or empty."""


def batch_sheet(data: Data) -> BatchSheet:
    """Return what a batch has to be like. In place of a .parquet, which a browser does not write, it has a .csv."""
    pattern, _, table = data.table.partition("/") if data.batched and data.table else ("*", "", data.table)
    image = data.image_column or "image"
    own = {image, data.target, *data.group}
    others = [name for name in (data.split_column, *data.features) if name and name not in own]
    return BatchSheet(
        batch=pattern,
        table=table and re.sub(r"\.parquet$", ".csv", table.replace("*", "labels").replace("?", "0")),
        sheet=data.sheet,
        header_row=data.header_row,
        decimal=data.decimal,
        images=data.images,
        image=image,
        target=data.target,
        group=_without_batch(data.group, data),
        others=_without_batch(others, data),
    )


def usual_sheet(meta: ModelMeta) -> BatchSheet:
    """Return how a batch for a model is written where its params are not known."""
    dataset = meta.dataset
    features = tuple(name for name in dataset.features if name != BATCH)
    return batch_sheet(
        Data(root=".", task=dataset.task, table="*/labels.xlsx", target=dataset.target, features=features)
    )


def _without_batch(names: Iterable[str], data: Data) -> tuple[str, ...]:
    """Leave out the name of the batch, which the folder has."""
    return tuple(dict.fromkeys(name for name in names if not (data.batched and name == BATCH)))

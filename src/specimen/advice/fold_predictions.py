"""The predictions of all folds: each sample once, by a model that has not seen its group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.data.dataset.store import Store
from specimen.models.predictions import finite_rows, read_predictions

FOLD = "fold"
"""Column with the number of the fold that predicted a sample."""
KEY = ["row", "image", "group", "target"]


def read_fold_predictions(folders: Sequence[Path], store: Store) -> pd.DataFrame:
    """Return the predictions of all folds with the column `fold`, one row for each sample of the store, in its order.

    The index is that of `store.samples`. Raises `SpecimenError` where a fold is missing, has diverged, or predicted
    other samples than the store has: other photos, groups or labels.
    """
    missing = [str(folder) for folder in folders if not (folder / "predictions.csv").is_file()]
    if missing:
        raise SpecimenError(f"{missing[0]}: no predictions of this fold. `make cv` trains the folds, then come back.")
    classes = bool(store.meta.class_names)
    tables = [read_predictions(folder / "predictions.csv", classes=classes) for folder in folders]
    for folder, table in zip(folders, tables, strict=True):
        if not finite_rows(table).all():
            raise SpecimenError(f"{folder}: not all predictions are finite numbers, so this fold has diverged.")
    pooled = pd.concat([table.assign(**{FOLD: fold}) for fold, table in enumerate(tables)], ignore_index=True)
    return _in_order_of(store.samples, pooled)


def _in_order_of(samples: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    rows = pd.Index(pooled["row"]).get_indexer(samples["row"]) if pooled["row"].is_unique else None
    if rows is None or len(pooled) != len(samples) or (rows < 0).any() or not _agree(samples, pooled.iloc[rows]):
        raise SpecimenError(
            "folds: their predictions are not those of the samples in data/prepared: photos, groups or labels have "
            "changed since. Run `make cv` first."
        )
    ordered: pd.DataFrame = pooled.iloc[rows].set_axis(samples.index)
    return ordered


def _agree(samples: pd.DataFrame, predictions: pd.DataFrame) -> bool:
    return all(samples[name].astype(str).to_list() == predictions[name].astype(str).to_list() for name in KEY)

"""From the table of samples to what is known of the data set."""

from __future__ import annotations

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.prepare import Prepare
from specimen.data.dataset import features
from specimen.data.dataset.meta import Counts, DatasetMeta, RowCounts, TargetStatistics
from specimen.data.dataset.store import SPLITS


def describe_dataset(samples: pd.DataFrame, counts: RowCounts, data: Data, prepare: Prepare) -> DatasetMeta:
    """Return the facts of a table of samples; statistics come from its train split alone.

    `counts` is what became of the rows of the sheet; the sizes of the splits are added to it.
    """
    train = samples[samples["split"] == "train"]
    classes = data.task == "classification"
    return DatasetMeta(
        task=data.task,
        target=data.target,
        unit=data.unit,
        image_size=0 if data.image_column is None else prepare.image_size,
        resize=prepare.resize,
        white_level=prepare.white_level,
        class_names=tuple(sorted(samples["target"].unique())) if classes else (),
        train_target=None if classes else _statistics(train["target"]),
        features=features.describe(train, data.features),
        decimal=data.decimal,
        missing=data.missing,
        counts=Counts(
            rows=counts.rows,
            kept=counts.kept,
            without_group=counts.without_group,
            rejected=counts.rejected,
            warned=counts.warned,
            split={name: int((samples["split"] == name).sum()) for name in SPLITS},
            groups=int(samples["group"].nunique()),
        ),
    )


def _statistics(target: pd.Series[float]) -> TargetStatistics:
    values = target.to_numpy(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(values.mean()), float(values.std())
    if not np.isfinite([mean, std]).all():
        largest = values[np.abs(values).argmax()]
        raise SpecimenError(
            f"data.target: the label {largest:g} is too large to compute with. Reject it with "
            "prepare.rules.label_out_of_range."
        )
    return TargetStatistics(mean=mean, std=std)

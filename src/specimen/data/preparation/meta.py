"""What was found in the samples, so that nobody types it twice: the content of `meta.json`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from specimen.config.data import Data
from specimen.config.prepare import Prepare
from specimen.data.dataset import features
from specimen.data.dataset.store import SPLITS


def describe(samples: pd.DataFrame, counts: dict[str, Any], data: Data, prepare: Prepare) -> dict[str, Any]:
    """Return the meta of a table of samples; statistics come from its train split alone.

    `counts` is what became of the rows of the sheet; the sizes of the splits are added to it.
    """
    train = samples[samples["split"] == "train"]
    meta: dict[str, Any] = {"task": data.task, "target": data.target, "unit": data.unit}
    image_size = 0 if data.image_column is None else prepare.image_size
    meta |= {"image_size": image_size, "resize": prepare.resize}
    meta["class_names"] = sorted(samples["target"].unique()) if data.task == "classification" else []
    if data.task == "regression":
        values = train["target"].to_numpy(np.float64)
        meta["train_target"] = {"mean": float(values.mean()), "std": float(values.std())}
    meta["features"] = features.describe(train, data.features)
    split = {name: int((samples["split"] == name).sum()) for name in SPLITS}
    meta["counts"] = counts | {"split": split, "groups": int(samples["group"].nunique())}
    return meta

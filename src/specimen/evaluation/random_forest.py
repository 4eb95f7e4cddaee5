"""A random forest on the tabular features alone, to see what the picture adds.

It learns the target as the model does, on the train split, with the params that `train.forest` has by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch

from specimen.config.forest import Forest as Params
from specimen.data.dataset import features
from specimen.data.dataset.features import Features
from specimen.evaluation.importances import permutation_importances
from specimen.models.forest import grow_trees
from specimen.models.predictions import PREDICTION, probability_columns
from specimen.models.predictor import decode_rounded
from specimen.models.task import AnyTask


@dataclass(frozen=True)
class Forest:
    """What a random forest on the features alone predicts for the test split, and what it relies on."""

    predictions: pd.DataFrame
    measure_importances: Callable[[], pd.DataFrame]

    @cached_property
    def importances(self) -> pd.DataFrame:
        """See `permutation_importances`; they take longer than the forest, and are not always asked for."""
        return self.measure_importances()


def grow_forest(
    task: AnyTask,
    train: pd.DataFrame,
    test: pd.DataFrame,
    used: Features,
    params: Params = Params(),  # noqa: B008 - frozen
) -> Forest | None:
    """Return a random forest on the features that `used` names, or None where there are none.

    `train` and `test` are samples with the columns `target`, `group` and the features.
    """
    if not features.width(used):
        return None
    task = task.uncalibrated()
    trees = grow_trees(task, features.encode(train, used), train["target"], params)

    def predict(samples: pd.DataFrame) -> pd.DataFrame:
        return decode_rounded(task, trees(torch.from_numpy(features.encode(samples, used))).numpy())

    columns = predict(test).set_axis(test.index)
    predictions = pd.concat([test[["target", "group"]], columns[[PREDICTION, *probability_columns(columns)]]], axis=1)
    return Forest(predictions, lambda: permutation_importances(task, predict, test, list(used)))

"""A random forest on the tabular features alone, to see what the picture adds.

It is grown on the train split (L. Breiman, "Random forests", Machine Learning 45, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from specimen.common.files import significant
from specimen.data.dataset import features
from specimen.data.dataset.features import Features
from specimen.models.predictions import PREDICTION, as_columns
from specimen.models.task import Classification, Regression, Task

SETTINGS = {"n_estimators": 100, "min_samples_leaf": 3, "random_state": 0, "n_jobs": -1}
SHUFFLES = 10
"""How often each feature is shuffled for its importance."""
SHUFFLED_ROWS = 1000
"""At most; of a larger test split a random part is shuffled."""
SCORING = {"rmse": "neg_root_mean_squared_error", "accuracy": "accuracy"}
"""What scikit-learn calls the metrics that a task monitors."""


@dataclass(frozen=True)
class Forest:
    """What a random forest on the features alone predicts for the test split, and what it relies on."""

    predictions: pd.DataFrame
    importances: pd.DataFrame
    """Columns `feature`, `importance` (how much worse without it) and `spread` (standard deviation over shuffles)."""


def grow_forest(task: Task, train: pd.DataFrame, test: pd.DataFrame, used: Features) -> Forest | None:
    """Return a random forest on the features that `used` names, or None where there are none.

    `train` and `test` are samples with the columns `target`, `group` and the features.
    """
    if not features.width(used):
        return None
    encode = FunctionTransformer(partial(features.encode, features=used))
    forest = make_pipeline(encode, _new_forest(task))
    forest.fit(train[list(used)], train["target"])
    # One thread sums the trees in one order.
    forest[-1].set_params(n_jobs=1)
    return Forest(_predict(task, forest, test, used), _importances(task, forest, test, used))


@singledispatch
def _new_forest(task: Task) -> Any:
    raise NotImplementedError(type(task).__name__)


@_new_forest.register(Regression)
def _forest_of_numbers(task: Regression) -> RandomForestRegressor:
    return RandomForestRegressor(**SETTINGS)


@_new_forest.register(Classification)
def _forest_of_classes(task: Classification) -> RandomForestClassifier:
    return RandomForestClassifier(**SETTINGS)


@singledispatch
def _predict(task: Task, forest: Pipeline, test: pd.DataFrame, used: Features) -> pd.DataFrame:
    raise NotImplementedError(type(task).__name__)


@_predict.register(Regression)
def _predict_numbers(task: Regression, forest: Pipeline, test: pd.DataFrame, used: Features) -> pd.DataFrame:
    return test[["target", "group"]].assign(**{PREDICTION: forest.predict(test[list(used)])})


@_predict.register(Classification)
def _predict_classes(task: Classification, forest: Pipeline, test: pd.DataFrame, used: Features) -> pd.DataFrame:
    # A class that train does not have is unknown to the forest.
    known = pd.DataFrame(forest.predict_proba(test[list(used)]), columns=forest.classes_)
    probabilities = known.reindex(columns=list(task.class_names), fill_value=0.0).to_numpy()
    return with_probabilities(task, test, probabilities)


def with_probabilities(task: Classification, samples: pd.DataFrame, probabilities: Any) -> pd.DataFrame:
    """Return targets and groups with the columns of a prediction of classes; `probabilities` is N x classes."""
    names = np.array(task.class_names, dtype=object)
    columns = {PREDICTION: names[probabilities.argmax(axis=1)]} | as_columns(probabilities, task.class_names)
    return pd.concat([samples[["target", "group"]], pd.DataFrame(columns, index=samples.index)], axis=1)


def _importances(task: Task, forest: Pipeline, test: pd.DataFrame, used: Features) -> pd.DataFrame:
    """Return how much worse the forest gets when a feature is shuffled in the test split (Breiman 2001)."""
    rows = test.sample(min(len(test), SHUFFLED_ROWS), random_state=0)
    importances = permutation_importance(
        forest, rows[list(used)], rows["target"], scoring=SCORING[task.monitor], n_repeats=SHUFFLES, random_state=0
    )
    table = pd.DataFrame(
        {
            "feature": list(used),
            "importance": significant(importances["importances_mean"]),
            "spread": significant(importances["importances_std"]),
        }
    )
    return table.sort_values("importance", ascending=False, kind="stable")

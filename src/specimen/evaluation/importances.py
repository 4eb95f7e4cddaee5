"""How much a model relies on each feature: how much worse it gets when the feature is shuffled among the samples.

L. Breiman, "Random forests", Machine Learning 45, 2001, section 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.inspection import permutation_importance

from specimen.common.files import significant
from specimen.models.task import Task

SHUFFLES = 10
"""How often each feature is shuffled."""
SHUFFLED_ROWS = 1000
"""At most; of a larger test split a random part is shuffled."""

Predict = Callable[[pd.DataFrame], pd.DataFrame]
"""From samples, N, to the columns of their predictions."""


@dataclass(frozen=True)
class _Estimator:
    """A model as scikit-learn wants it."""

    predict: Predict

    def fit(self) -> None:
        """Do nothing; without this method scikit-learn takes nothing for a model."""


def permutation_importances(task: Task, predict: Predict, test: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return a row for each feature, the most important first.

    Columns: `feature`, `importance` (how much worse the monitored metric of the task gets) and `spread` (standard
    deviation over the shuffles). `test` has the columns `target` and the features.
    """
    sign = 1 if task.higher_is_better else -1

    def score(model: _Estimator, samples: pd.DataFrame, targets: pd.Series[Any]) -> float:
        return sign * task.scores(targets, model.predict(samples))[task.monitor]

    rows = test.sample(min(len(test), SHUFFLED_ROWS), random_state=0)
    importances = permutation_importance(
        _Estimator(predict), rows[list(names)], rows["target"], scoring=score, n_repeats=SHUFFLES, random_state=0
    )
    table = pd.DataFrame(
        {
            "feature": list(names),
            "importance": significant(importances["importances_mean"]),
            "spread": significant(importances["importances_std"]),
        }
    )
    return table.sort_values("importance", ascending=False, kind="stable")

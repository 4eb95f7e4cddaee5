"""The random forest of the features alone: it learns what is in them, and accepts whatever a table has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from specimen.config.forest import Forest as Params
from specimen.data.dataset import features
from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.evaluation.plots.importances import draw_importances
from specimen.evaluation.random_forest import Forest, grow_forest
from specimen.models.task import Classification, Regression

FEW = Params(n_estimators=20)
NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
KINDS = Classification(("old", "very old", "young"), 0.0)


def samples(count: int = 120) -> pd.DataFrame:
    random = np.random.default_rng(0)
    table = pd.DataFrame({"group": [f"plant {n}" for n in range(count)], "age": random.integers(1, 40, count)})
    table = table.assign(soil=random.choice(["loam", "sand"], count), noise=random.normal(size=count))
    return table.assign(target=table["age"] + 10.0 * (table["soil"] == "loam"), nothing=np.nan)


def grow(task: Any, table: pd.DataFrame, *names: str) -> Forest:
    half = len(table) // 2
    description = features.describe(table[:half], names)
    found = grow_forest(task, table[:half], table[half:], description, FEW)
    assert found is not None
    return found


def of_classes(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(target=np.where(table["age"] > 20, "old", "young"))


def test_numbers_are_learnt_from_the_features() -> None:
    found = grow(NUMBERS, samples(), "age", "soil").predictions
    assert found.index.tolist() == list(range(60, 120))
    assert np.abs(found["prediction"] - found["target"]).mean() < 3


def test_classes_are_learnt_from_the_features() -> None:
    found = grow(KINDS, of_classes(samples()), "age", "soil").predictions
    assert (found["prediction"] == found["target"]).mean() > 0.9
    np.testing.assert_allclose(found[["p: old", "p: very old", "p: young"]].sum(axis=1), 1, rtol=1e-5)
    assert (found["p: very old"] < 1 / 20).all(), "train has no such class, so less than a tree speaks for it"


@pytest.mark.parametrize("task", [NUMBERS, KINDS])
def test_informative_features_are_important(task: Any) -> None:
    table = samples() if task is NUMBERS else of_classes(samples())
    found = grow(task, table, "noise", "age").importances
    assert found["feature"].tolist() == ["age", "noise"]
    assert found["importance"].iloc[0] > 5 * abs(found["importance"].iloc[1])


def test_the_same_samples_grow_the_same_forest() -> None:
    first, again = (grow(NUMBERS, samples(), "age", "noise") for _ in range(2))
    pd.testing.assert_frame_equal(first.predictions, again.predictions)
    pd.testing.assert_frame_equal(first.importances, again.importances)


def test_without_features_there_is_no_forest() -> None:
    assert grow_forest(NUMBERS, samples(), samples(), {}) is None


def test_a_feature_that_gives_the_target_away_is_accepted() -> None:
    table = samples()
    found = grow(NUMBERS, table.assign(leak=table["target"]), "leak", "age")
    assert found.importances["feature"].iloc[0] == "leak"


def test_a_feature_without_values_in_test_is_accepted() -> None:
    table = samples()
    table.loc[60:, "age"] = np.nan
    assert grow(NUMBERS, table, "age", "soil").predictions["prediction"].notna().all()


def test_a_feature_without_any_value_is_accepted() -> None:
    table = samples()
    assert grow_forest(NUMBERS, table, table, {"nothing": CategoryFeature(categories=())}) is None
    constant = {"nothing": NumberFeature(median=0.0, mean=0.0, std=1.0)}
    found = grow_forest(NUMBERS, table, table, constant, FEW)
    assert found is not None
    assert found.importances["importance"].tolist() == [0]


@pytest.mark.parametrize("task", [NUMBERS, KINDS])
def test_one_sample_is_enough_to_measure(task: Any) -> None:
    table = samples()[:3] if task is NUMBERS else of_classes(samples()[:3])
    assert len(grow(task, table[:2], "age").predictions) == 1


def test_importances_can_be_drawn_whatever_the_names(tmp_path: Path) -> None:
    odd = "a very long name of a feature with $ and _ in it"
    table = pd.DataFrame({"feature": ["age", odd], "importance": [1.5, -0.01], "spread": [0.1, 0.02]})
    draw_importances(tmp_path / "importances.png", table, "rmse", "the model")
    assert (tmp_path / "importances.png").stat().st_size > 1000

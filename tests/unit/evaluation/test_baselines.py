"""What the model has to beat, measured as the model is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.baselines import compare
from specimen.evaluation.random_forest import Forest
from specimen.evaluation.results import Baselines, Difference, ForestScores, Numbers
from specimen.models.task import Classification, Regression

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
MOONS = Classification(("europa", "ganymed", "io"), 0.0)
NOTHING = pd.DataFrame()


def of_numbers(target: Any, train: list[float], forest: Forest | None = None, **columns: Any) -> Baselines:
    table = pd.DataFrame({"target": target, "group": range(len(target)), "prediction": 0.0, **columns})
    return compare(NUMBERS, table, pd.Series(train), forest, 200)


def of_classes(target: list[str], train: list[str]) -> Numbers:
    table = MOONS.decode(np.eye(3)[[0] * len(target)]).assign(target=target, group=range(len(target)))
    baselines = compare(MOONS, table, pd.Series(train), None, 200)
    assert (baselines.guess_name, baselines.forest) == ("majority", None)
    return baselines.guess


def test_the_simplest_guess_of_a_number_is_the_mean_of_train() -> None:
    found = of_numbers([1.0, 2.0, 6.0], train=[0.0, 4.0])
    assert found.guess_name == "mean"
    assert found.guess == {"rmse": pytest.approx(np.sqrt(17 / 3)), "mae": pytest.approx(5 / 3)}


def test_whole_numbers_are_not_rounded_for_the_guess() -> None:
    assert of_numbers([1, 2], train=[1, 2]).guess["mae"] == 0.5


def test_the_simplest_guess_of_a_class_is_the_most_frequent_of_train() -> None:
    found = of_classes(["io", "europa", "europa"], ["io", "io", "europa", "ganymed"])
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["balanced_accuracy"] == pytest.approx(1 / 2)
    assert found["log_loss"] == pytest.approx(-(np.log(1 / 2) + 2 * np.log(1 / 4)) / 3)


def test_a_class_that_train_does_not_have_is_finite_in_the_guess() -> None:
    assert of_classes(["ganymed"], ["io", "europa"])["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps))


def better_than_the_forest(count: int, gain: float = 0.5) -> ForestScores:
    """Compare a model with a forest whose errors are larger by `gain`, and otherwise the same."""
    random = np.random.default_rng(0)
    target, size = random.normal(size=count), random.gamma(2, size=count)
    forest = pd.DataFrame({"target": target, "group": range(count), "prediction": target + size + gain})
    scores = of_numbers(target, [0.0], Forest(forest, NOTHING), prediction=target + size).forest
    assert scores is not None
    return scores


def test_the_forest_has_metrics_with_intervals() -> None:
    forest = better_than_the_forest(40)
    assert {"rmse", "mae", "r2"} <= set(forest.metrics)
    assert forest.intervals["mae"].low < forest.metrics["mae"] < forest.intervals["mae"].high


def test_the_difference_is_measured_on_pairs() -> None:
    difference = better_than_the_forest(40).difference
    mae, rmse = difference["mae"], difference["rmse"]
    assert mae.bounds is not None
    assert (mae.value, mae.bounds.low, mae.bounds.high) == pytest.approx((-0.5, -0.5, -0.5))
    assert rmse.bounds is not None
    assert rmse.bounds.low < rmse.value < rmse.bounds.high < 0


def test_one_group_has_a_difference_without_an_interval() -> None:
    forest = better_than_the_forest(1)
    assert forest.difference["mae"] == Difference(pytest.approx(-0.5), None)
    json.dumps(asdict(forest), allow_nan=False)

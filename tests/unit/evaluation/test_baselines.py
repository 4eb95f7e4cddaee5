"""What the model has to beat, measured as the model is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.baselines import compare
from specimen.evaluation.random_forest import Forest
from specimen.models.task import Classification, Regression

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
MOONS = Classification(("europa", "ganymed", "io"), 0.0)
NOTHING = pd.DataFrame()


def of_numbers(target: Any, train: list[float], forest: Forest | None = None, **columns: Any) -> dict[str, Any]:
    table = pd.DataFrame({"target": target, "group": range(len(target)), "prediction": 0.0, **columns})
    return compare(NUMBERS, table, pd.Series(train), forest, 200)


def of_classes(target: list[str], train: list[str]) -> dict[str, Any]:
    table = MOONS.decode(np.eye(3)[[0] * len(target)]).assign(target=target, group=range(len(target)))
    return compare(MOONS, table, pd.Series(train), None, 200)["majority"]


def test_the_simplest_guess_of_a_number_is_the_mean_of_train() -> None:
    found = of_numbers([1.0, 2.0, 6.0], train=[0.0, 4.0])
    assert found == {"mean": {"rmse": pytest.approx(np.sqrt(17 / 3)), "mae": pytest.approx(5 / 3)}}


def test_whole_numbers_are_not_rounded_for_the_guess() -> None:
    assert of_numbers([1, 2], train=[1, 2])["mean"]["mae"] == 0.5


def test_the_simplest_guess_of_a_class_is_the_most_frequent_of_train() -> None:
    found = of_classes(["io", "europa", "europa"], ["io", "io", "europa", "ganymed"])
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["balanced_accuracy"] == pytest.approx(1 / 2)
    assert found["log_loss"] == pytest.approx(-(np.log(1 / 2) + 2 * np.log(1 / 4)) / 3)


def test_a_class_that_train_does_not_have_is_finite_in_the_guess() -> None:
    assert of_classes(["ganymed"], ["io", "europa"])["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps))


def better_than_the_forest(count: int, gain: float = 0.5) -> dict[str, Any]:
    """Compare a model with a forest whose errors are larger by `gain`, and otherwise the same."""
    random = np.random.default_rng(0)
    target, size = random.normal(size=count), random.gamma(2, size=count)
    forest = pd.DataFrame({"target": target, "group": range(count), "prediction": target + size + gain})
    return of_numbers(target, [0.0], Forest(forest, NOTHING), prediction=target + size)


def test_the_forest_stands_beside_the_guess_with_intervals() -> None:
    forest = better_than_the_forest(40)["forest"]
    assert {"rmse", "mae", "r2"} <= set(forest)
    assert forest["interval"]["mae"]["low"] < forest["mae"] < forest["interval"]["mae"]["high"]


def test_the_difference_is_measured_on_the_same_resamples() -> None:
    found = better_than_the_forest(40)["forest"]
    assert found["difference"]["mae"] == pytest.approx({"value": -0.5, "low": -0.5, "high": -0.5})
    rmse = found["difference"]["rmse"]
    assert -0.5 < rmse["low"] < rmse["value"] < rmse["high"] < 0


def test_one_group_has_a_difference_without_an_interval() -> None:
    found = better_than_the_forest(1)["forest"]
    assert found["difference"]["mae"] == {"value": pytest.approx(-0.5)}
    json.dumps(found, allow_nan=False)

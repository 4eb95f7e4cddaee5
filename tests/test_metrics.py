"""Metrics: scikit-learn's numbers, beside those of the simplest guess."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from specimen.errors import SpecimenError
from specimen.metrics import score
from specimen.task import Classification, Regression

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
MOONS = ("europa", "ganymed", "io")


def of_numbers(target: list[float], prediction: list[float], train: list[float] | None = None) -> dict[str, Any]:
    predictions = pd.DataFrame({"target": target, "prediction": prediction}, index=range(5, 5 + len(target)))
    return score(NUMBERS, predictions, pd.Series(train or [0.0, 4.0]))


def of_classes(
    target: list[str], logits: Any, train: list[str] | None = None, names: tuple[str, ...] = MOONS
) -> dict[str, Any]:
    task = Classification(names, 0.0)
    table = pd.concat([pd.DataFrame({"target": target}), task.decode(np.array(logits, dtype=np.float64))], axis=1)
    return score(task, table.set_axis(range(5, 5 + len(table))), pd.Series(train or list(names)))


def sure(names: list[str]) -> Any:
    return 50.0 * np.eye(len(MOONS))[[MOONS.index(name) for name in names]]


def test_errors_of_numbers_are_those_by_hand() -> None:
    result = of_numbers([1.0, 2.0, 6.0], [2.0, 2.0, 8.0])
    assert result["rmse"] == pytest.approx(np.sqrt(5 / 3))
    assert result["mae"] == pytest.approx(1.0)
    assert result["r2"] == pytest.approx(1 - 5 / 14)
    assert result["bias"] == pytest.approx(1.0)
    assert result["samples"] == 3


def test_errors_of_numbers_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    target, prediction = random.gamma(2, size=50), random.gamma(2, size=50)
    result = of_numbers(target.tolist(), prediction.tolist())
    assert result["rmse"] == pytest.approx(sk.root_mean_squared_error(target, prediction))
    assert result["mae"] == pytest.approx(sk.mean_absolute_error(target, prediction))
    assert result["r2"] == pytest.approx(sk.r2_score(target, prediction))


def test_the_simplest_guess_of_a_number_is_the_mean_of_train() -> None:
    result = of_numbers([1.0, 2.0, 6.0], [0.0, 0.0, 0.0], train=[0.0, 4.0])
    assert result["baseline"] == {"rmse": pytest.approx(np.sqrt(17 / 3)), "mae": pytest.approx(5 / 3)}


def test_whole_numbers_are_not_rounded_for_the_guess() -> None:
    assert of_numbers([1, 2], [1, 2], train=[1, 2])["baseline"]["mae"] == 0.5


@pytest.mark.parametrize(("prediction", "r2"), [([3.0, 3.0], 1.0), ([3.0, 4.0], 0.0)])
def test_a_constant_target_leaves_nothing_to_explain(prediction: list[float], r2: float) -> None:
    assert of_numbers([3.0, 3.0], prediction)["r2"] == r2


def test_one_sample_has_metrics_that_are_numbers() -> None:
    result = of_numbers([3.0], [5.0])
    assert (result["rmse"], result["mae"], result["r2"], result["bias"]) == (2, 2, 0, 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_an_error(value: float) -> None:
    with pytest.raises(SpecimenError, match="1 of 2 predictions are no finite numbers, so the model has diverged"):
        of_numbers([1.0, 2.0], [1.0, value])


def test_scores_of_classes_are_those_by_hand() -> None:
    result = of_classes(["io", "io", "io", "europa"], sure(["io", "io", "europa", "europa"]))
    assert result["accuracy"] == 0.75
    assert result["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert result["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert result["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps) / 4)
    assert result["samples"] == 4


def test_scores_of_classes_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    names = tuple(f"class {number:02}" for number in range(38))
    target = list(names) * 3
    logits = random.normal(size=(len(target), 38)) + 2 * np.tile(np.eye(38), (3, 1))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = np.array(names)[logits.argmax(axis=1)]
    result = of_classes(target, logits, names=names)
    assert 0.1 < result["accuracy"] < 0.9
    assert result["accuracy"] == pytest.approx(sk.accuracy_score(target, predicted))
    assert result["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(target, predicted))
    assert result["macro_f1"] == pytest.approx(sk.f1_score(target, predicted, average="macro"))
    assert result["log_loss"] == pytest.approx(sk.log_loss(target, probabilities))


def test_probabilities_belong_to_names_in_any_order() -> None:
    result = of_classes(["b", "a"], [[2.0, 0.0], [0.0, 2.0]], names=("b", "a"))
    assert result["accuracy"] == 1
    assert result["log_loss"] == pytest.approx(np.log(1 + np.exp(-2)))


def test_a_class_that_test_does_not_have_counts_for_nothing() -> None:
    result = of_classes(["io", "europa"], sure(["io", "ganymed"]))
    assert result["balanced_accuracy"] == 0.5
    assert result["macro_f1"] == 0.5


def test_the_simplest_guess_of_a_class_is_the_most_frequent_of_train() -> None:
    train = ["io", "io", "europa", "ganymed"]
    baseline = of_classes(["io", "europa", "europa"], sure(["io"] * 3), train)["baseline"]
    assert baseline["accuracy"] == pytest.approx(1 / 3)
    assert baseline["balanced_accuracy"] == pytest.approx(1 / 2)
    assert baseline["log_loss"] == pytest.approx(-(np.log(1 / 2) + 2 * np.log(1 / 4)) / 3)


def test_a_class_that_train_does_not_have_is_finite_in_the_guess() -> None:
    baseline = of_classes(["ganymed"], sure(["ganymed"]), ["io", "europa"])["baseline"]
    assert baseline["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps))


def test_one_sample_of_a_class_has_metrics() -> None:
    result = of_classes(["io"], sure(["io"]))
    assert {result[name] for name in ("accuracy", "balanced_accuracy", "macro_f1")} == {1.0}


def test_a_perfect_log_loss_is_zero_without_a_minus() -> None:
    assert json.dumps(of_classes(["io"], 20 * sure(["io"]))["log_loss"]) == "0.0"


def test_a_probability_that_is_none_is_an_error() -> None:
    with pytest.raises(SpecimenError, match="1 of 2 predictions are no finite numbers"):
        of_classes(["io", "europa"], [[0.0, 1.0, 2.0], [float("nan"), 0.0, 0.0]])

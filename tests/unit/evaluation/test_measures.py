"""Metrics as functions of weights: scikit-learn's numbers, and the numbers of a table in which rows are repeated."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from specimen.evaluation.measures import measure
from specimen.evaluation.weighted import stacked
from specimen.models.task import Classification, Regression

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
MOONS = ("europa", "ganymed", "io")


def plain(task: Any, table: pd.DataFrame) -> dict[str, float]:
    return {name: float(value[0]) for name, value in measure(task, table)(np.ones((1, len(table)))).items()}


def numbers(target: Any, prediction: Any, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"target": target, "prediction": prediction, **columns}, index=range(5, 5 + len(target)))


def classes(target: Any, logits: Any, names: tuple[str, ...] = MOONS, **task: Any) -> pd.DataFrame:
    decoded = Classification(names, 0.0, **task).decode(np.array(logits, dtype=np.float64))
    return decoded.assign(target=target).set_axis(range(5, 5 + len(target)))


def of_numbers(target: Any, prediction: Any, **columns: Any) -> dict[str, float]:
    return plain(NUMBERS, numbers(target, prediction, **columns))


def of_classes(target: Any, logits: Any, names: tuple[str, ...] = MOONS, **task: Any) -> dict[str, float]:
    return plain(Classification(names, 0.0, **task), classes(target, logits, names, **task))


def sure(names: list[str]) -> Any:
    return 50.0 * np.eye(len(MOONS))[[MOONS.index(name) for name in names]]


def test_errors_of_numbers_are_those_by_hand() -> None:
    result = of_numbers([1.0, 2.0, 6.0], [2.0, 2.0, 8.0])
    assert result == {
        "rmse": pytest.approx(np.sqrt(5 / 3)),
        "mae": pytest.approx(1.0),
        "median_ae": 1.0,
        "r2": pytest.approx(1 - 5 / 14),
        "bias": pytest.approx(1.0),
        "mse": pytest.approx(5 / 3),
        "mape": pytest.approx((1 + 0 + 1 / 3) / 3),
    }


@pytest.mark.parametrize("count", [50, 51])
def test_errors_of_numbers_are_those_of_scikit_learn(count: int) -> None:
    random = np.random.default_rng(0)
    target, prediction = 1 + random.gamma(2, size=count), 1 + random.gamma(2, size=count)
    result = of_numbers(target, prediction)
    assert result["mse"] == pytest.approx(sk.mean_squared_error(target, prediction))
    assert result["rmse"] == pytest.approx(sk.root_mean_squared_error(target, prediction))
    assert result["mae"] == pytest.approx(sk.mean_absolute_error(target, prediction))
    assert result["median_ae"] == pytest.approx(sk.median_absolute_error(target, prediction))
    assert result["r2"] == pytest.approx(sk.r2_score(target, prediction))
    assert result["mape"] == pytest.approx(sk.mean_absolute_percentage_error(target, prediction))


def test_coverage_is_the_share_of_truths_between_the_ends() -> None:
    result = of_numbers([1.0, 2.0, 3.0, 4.0], [0.0] * 4, low=[1.0, 2.1, 0.0, 0.0], high=[1.0, 3.0, 2.9, 8.0])
    assert result["coverage"] == 0.5
    assert result["interval_width"] == pytest.approx((0 + 0.9 + 2.9 + 8) / 4)


@pytest.mark.parametrize(("smallest", "given"), [(2.5, True), (2.4, False), (0.0, False), (-2.5, True)])
def test_percentage_errors_are_for_targets_away_from_zero(smallest: float, given: bool) -> None:
    assert ("mape" in of_numbers([smallest, 10.0, 12.0], [1.0, 10.0, 12.0])) == given


@pytest.mark.parametrize(("prediction", "r2"), [([3.1, 3.1, 3.1], 1.0), ([3.1, 4.0, 3.1], 0.0)])
def test_a_constant_target_leaves_nothing_to_explain(prediction: list[float], r2: float) -> None:
    assert of_numbers([3.1] * 3, prediction)["r2"] == r2


def test_one_sample_has_metrics_that_are_numbers() -> None:
    result = of_numbers([3.0], [5.0])
    assert [result[name] for name in ("rmse", "mae", "median_ae", "r2", "bias")] == [2, 2, 2, 0, 2]


def test_scores_of_classes_are_those_by_hand() -> None:
    result = of_classes(["io", "io", "io", "europa"], sure(["io", "io", "europa", "europa"]))
    assert result["accuracy"] == 0.75
    assert result["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert result["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert result["weighted_f1"] == pytest.approx((3 * 4 / 5 + 2 / 3) / 4)
    assert result["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps) / 4)
    assert result["calibration_error"] == pytest.approx(0.25)


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
    assert result["weighted_f1"] == pytest.approx(sk.f1_score(target, predicted, average="weighted"))
    assert result["log_loss"] == pytest.approx(sk.log_loss(target, probabilities))
    for k in (3, 5):
        assert result[f"top_{k}"] == pytest.approx(sk.top_k_accuracy_score(target, probabilities, k=k, labels=names))


@pytest.mark.parametrize("decimals", [1, 12])  # the first gives many ties
def test_the_area_under_the_curve_is_that_of_scikit_learn(decimals: int) -> None:
    random = np.random.default_rng(0)
    positive = random.random(80) < 0.3
    score = (random.normal(size=80) + positive).round(decimals)
    result = of_classes(np.where(positive, "sick", "healthy"), np.stack([-score, score], axis=1), ("healthy", "sick"))
    assert result["roc_auc"] == pytest.approx(sk.roc_auc_score(positive, score))


def test_without_one_of_two_classes_there_is_no_area() -> None:
    assert np.isnan(of_classes(["a", "a"], [[1.0, 0.0], [0.0, 1.0]], ("a", "b"))["roc_auc"])


@pytest.mark.parametrize(("count", "tops"), [(2, []), (3, []), (4, ["top_3"]), (5, ["top_3"]), (6, ["top_3", "top_5"])])
def test_top_k_is_for_more_than_k_classes(count: int, tops: list[str]) -> None:
    names = tuple("abcdef"[:count])
    result = of_classes([names[0]], [[1.0] * count], names)
    assert [name for name in result if name.startswith("top_")] == tops


def test_of_classes_as_probable_the_first_comes_first() -> None:
    names = tuple("abcdef")
    assert [of_classes([name], [[0.0] * 6], names)["top_3"] for name in names] == [1, 1, 1, 0, 0, 0]


def test_the_calibration_error_is_that_by_hand() -> None:
    """Two predictions of 0.62 and one of 0.9 in bins of their own: gaps 0.12 and 0.9."""
    log = np.log([[0.62, 0.38], [0.38, 0.62], [0.9, 0.1]])
    assert of_classes(["a", "a", "b"], log, ("a", "b"))["calibration_error"] == pytest.approx((2 * 0.12 + 0.9) / 3)


def test_sets_are_measured_by_what_they_hold_and_their_size() -> None:
    logits = np.log([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.4, 0.35, 0.25]])
    result = of_classes(["io", "ganymed", "ganymed"], logits, coverage=0.8, threshold=0.28)
    assert result["coverage"] == pytest.approx(2 / 3)
    assert result["set_size"] == pytest.approx(5 / 3)


def test_probabilities_belong_to_names_in_any_order() -> None:
    result = of_classes(["b", "a"], [[2.0, 0.0], [0.0, 2.0]], names=("b", "a"))
    assert result["accuracy"] == 1
    assert result["log_loss"] == pytest.approx(np.log(1 + np.exp(-2)))


def test_a_class_that_test_does_not_have_counts_for_nothing() -> None:
    result = of_classes(["io", "europa"], sure(["io", "ganymed"]))
    assert result["balanced_accuracy"] == 0.5
    assert result["macro_f1"] == 0.5


def test_a_perfect_log_loss_is_zero_without_a_minus() -> None:
    assert json.dumps(of_classes(["io"], 20 * sure(["io"]))["log_loss"]) == "0.0"


def random_tables() -> list[tuple[Any, pd.DataFrame]]:
    random = np.random.default_rng(1)
    target = 2 + random.gamma(2, size=40)
    table = numbers(target, target + random.normal(size=40), low=target - random.random(40), high=target + 0.5)
    tasks: list[tuple[Any, pd.DataFrame]] = [(NUMBERS, table)]
    for count in (2, 6):
        names = tuple("abcdef"[:count])
        task = Classification(names, 0.0, coverage=0.8, threshold=0.2)
        logits = random.normal(size=(40, count)).round(1)
        tasks.append((task, classes(random.choice(names, 40), logits, names, coverage=0.8, threshold=0.2)))
    return tasks


@pytest.mark.parametrize(("task", "table"), random_tables())
def test_a_weight_is_how_often_a_row_is_there(task: Any, table: pd.DataFrame) -> None:
    weights = np.random.default_rng(2).integers(0, 4, (5, len(table))).astype(np.float64)
    weighted = measure(task, table)(weights)
    for row, times in enumerate(weights.astype(int)):
        repeated = plain(task, table.iloc[np.repeat(np.arange(len(table)), times)])
        assert {name: values[row] for name, values in weighted.items()} == pytest.approx(repeated)


def test_metrics_are_stacked_in_the_order_that_is_asked_for() -> None:
    of = measure(NUMBERS, numbers([1.0, 2.0], [2.0, 5.0]))
    np.testing.assert_allclose(stacked(of, ("mae", "mse"))(np.array([[1.0, 1.0], [0.0, 2.0]])), [[2, 5], [3, 9]])

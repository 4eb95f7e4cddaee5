"""Metrics with intervals, by the values of a column and by class."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from specimen.common.errors import SpecimenError
from specimen.data.dataset.strata import strata
from specimen.evaluation.metrics import per_class, score, score_by
from specimen.evaluation.results import ClassScores, Scores
from specimen.models.metric_registry import METRICS
from specimen.models.task import Classification, Regression

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
MOONS = Classification(("europa", "ganymed", "io"), 0.0)


def of_numbers(target: Any, prediction: Any, groups: Any = None, **columns: Any) -> Scores:
    table = pd.DataFrame({"target": target, "prediction": prediction, **columns}, index=range(5, 5 + len(target)))
    return score(NUMBERS, table.assign(group=table.index if groups is None else groups))


def numbers_by(target: Any, prediction: Any, **columns: Any) -> dict[str, dict[str, Scores]]:
    table = pd.DataFrame({"target": target, "prediction": prediction, **columns}, index=range(5, 5 + len(target)))
    return score_by(NUMBERS, table.assign(group=table.index), columns)


def moons(target: list[str], predicted: list[str]) -> pd.DataFrame:
    table = MOONS.decode(5.0 * np.eye(3)[MOONS.encode(pd.Series(predicted))])
    return table.assign(target=target, group=range(len(target)))


def labels(*values: Any) -> dict[str, list[int]]:
    return {label: np.flatnonzero(rows).tolist() for label, rows in strata(pd.Series(values)).items()}


def test_metrics_have_intervals_around_them() -> None:
    random = np.random.default_rng(0)
    target = random.gamma(2, size=60)
    result = of_numbers(target, target + random.normal(0.1, 0.3, 60))
    assert list(result.metrics) == [name for name in METRICS if name in result.metrics]
    assert {"rmse", "mae", "median_ae", "r2", "bias"} <= set(result.intervals)
    for name, bounds in result.intervals.items():
        assert bounds.low < result.metrics[name] < bounds.high


def test_intervals_are_those_of_groups() -> None:
    random = np.random.default_rng(0)
    target = random.gamma(2, size=40)
    prediction = target + random.normal(0, 0.3, 40)
    once = of_numbers(target, prediction)
    twice = of_numbers(np.tile(target, 2), np.tile(prediction, 2), groups=np.tile(np.arange(40), 2))
    assert astuple(twice.intervals["mae"]) == pytest.approx(astuple(once.intervals["mae"]))
    assert (twice.samples, twice.groups) == (80, 40)


def test_a_test_split_of_one_group_has_metrics_but_no_intervals() -> None:
    result = of_numbers([1.0, 2.0, 6.0], [2.0, 2.0, 8.0], groups=["plant 1"] * 3)
    assert (result.metrics["mae"], result.samples, result.groups) == (1.0, 3, 1)
    assert result.intervals == {}


def test_a_constant_target_can_be_written_down() -> None:
    result = of_numbers([3.0] * 12, np.linspace(2, 4, 12))
    assert result.metrics["r2"] == 0
    assert "r2" not in result.intervals
    json.dumps(asdict(result), allow_nan=False)


def test_what_no_resample_changes_has_no_interval() -> None:
    result = score(MOONS, moons(["io", "europa"] * 5, ["io", "europa"] * 5))
    assert result.metrics["accuracy"] == 1
    assert "accuracy" not in result.intervals


def test_a_class_that_test_does_not_have_is_counted_as_absent() -> None:
    table = moons(["io", "europa", "io"], ["io", "ganymed", "io"])
    assert score(MOONS, table).metrics["balanced_accuracy"] == 0.5
    assert per_class(MOONS, table)["ganymed"] == ClassScores(precision=0.0, recall=None, f1=0.0, support=0)
    json.dumps(asdict(score(MOONS, table)), allow_nan=False)


def test_scores_by_class_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    target, predicted = (random.choice(MOONS.class_names, 50).tolist() for _ in range(2))
    result = per_class(MOONS, moons(target, predicted))
    expected = sk.precision_recall_fscore_support(target, predicted)
    for index, name in enumerate(MOONS.class_names):
        assert list(asdict(result[name])) == ["precision", "recall", "f1", "support"]
        assert astuple(result[name]) == pytest.approx([values[index] for values in expected])


def test_two_classes_of_which_one_is_absent_have_no_area() -> None:
    task = Classification(("healthy", "sick"), 0.0)
    table = task.decode(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])).assign(target="sick", group=list("abc"))
    assert "roc_auc" not in score(task, table).metrics


def test_metrics_are_given_by_the_values_of_a_column() -> None:
    result = numbers_by([1.0, 2.0, 6.0, 8.0], [2.0, 2.0, 8.0, 9.0], condition=["dry", "salt", "dry", None])
    assert list(result["condition"]) == ["dry", "missing", "salt"]
    dry = result["condition"]["dry"]
    assert (dry.metrics["mae"], dry.metrics["bias"], dry.samples, dry.groups) == (1.5, 1.5, 2, 2)
    assert {"mse", "rmse", "median_ae", "r2"} <= set(dry.metrics)


def test_values_of_a_column_have_intervals_of_their_own() -> None:
    error = np.random.default_rng(0).normal(size=40)
    halves = numbers_by(np.arange(40.0), np.arange(40.0) + error, half=["first"] * 20 + ["second"] * 20)["half"]
    assert len(halves) == 2
    for scores in halves.values():
        assert scores.intervals["rmse"].low < scores.metrics["rmse"] < scores.intervals["rmse"].high


def test_a_column_that_is_not_there_is_an_error() -> None:
    table = pd.DataFrame({"target": [1.0, 2.0], "prediction": [1.0, 2.0], "group": ["a", "b"], "age_days": [1, 2]})
    with pytest.raises(SpecimenError, match=r"evaluate.by: there is no column 'age'.*Columns: .*age_days"):
        score_by(NUMBERS, table, ["age"])


def test_few_numbers_are_values_in_their_order() -> None:
    assert labels(10, 9, 10, 100) == {"9": [1], "10": [0, 2], "100": [3]}


def test_many_numbers_are_split_into_quarters() -> None:
    parts = labels(*np.arange(12, 0, -1))
    assert list(parts) == ["1 to 3", "4 to 6", "7 to 9", "10 to 12"]
    assert parts["1 to 3"] == [9, 10, 11]


def test_missing_values_are_a_group_of_their_own() -> None:
    assert labels(1.5, None, float("inf")) == {"1.5": [0], "missing": [1, 2]}
    assert labels("a", None, "missing") == {"a": [0], "missing": [1, 2]}
    assert labels(float("nan"), float("nan")) == {"missing": [0, 1]}


def test_quarters_of_mostly_one_number_are_fewer() -> None:
    parts = labels(*[0.0] * 90, *np.arange(1.0, 11))
    assert sum(len(rows) for rows in parts.values()) == 100
    assert len(parts) < 4


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_prediction_that_is_not_finite_is_an_error(value: float) -> None:
    with pytest.raises(SpecimenError, match="1 of 2 predictions are not finite numbers, so the model has diverged"):
        of_numbers([1.0, 2.0], [1.0, value])


def test_an_interval_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(SpecimenError, match="1 of 2 predictions are not finite numbers"):
        of_numbers([1.0, 2.0], [1.0, 2.0], low=[0.0, 0.0], high=[3.0, float("inf")])


def test_a_probability_that_is_not_finite_is_an_error() -> None:
    table = MOONS.decode(np.array([[0.0, 1.0, 2.0], [float("nan"), 0.0, 0.0]]))
    with pytest.raises(SpecimenError, match="1 of 2 predictions are not finite numbers"):
        score(MOONS, table.assign(target=["io", "europa"], group=["a", "b"]))

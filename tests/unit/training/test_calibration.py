"""Calibration: predictions hold the truth as often as they say, and are as sure as they are right."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from specimen.models.task import Classification, Regression
from specimen.training.calibration import calibrate, too_few_groups

NUMBERS = Regression(mean=0.0, std=1.0, transform="none", criterion="mse")
MOONS = Classification(("europa", "ganymed", "io"), 0.0)


def of_numbers(errors: Any, groups: Any = None, coverage: float = 0.9, task: Regression = NUMBERS) -> Regression:
    """Calibrate on predictions of 0 that are wrong by `errors`."""
    logits = np.zeros((len(errors), 1), dtype=np.float32)
    groups = np.arange(len(errors)) if groups is None else groups
    found = calibrate(task, logits, pd.Series(errors), groups, coverage)
    assert isinstance(found, Regression)
    return found


def of_classes(logits: Any, targets: Any, coverage: float = 0.9) -> Classification:
    found = calibrate(MOONS, logits, pd.Series(targets), np.arange(len(logits)), coverage)
    assert isinstance(found, Classification)
    return found


def twins(random: np.random.Generator, groups: int, rows: int) -> Any:
    return np.repeat(random.gamma(2, size=groups), rows) + random.normal(0, 0.2, groups * rows)


def moons(random: np.random.Generator, count: int, sharpness: float = 1.0) -> tuple[Any, Any]:
    """Draw logits, and the classes that they tell the probabilities of when divided by `sharpness`."""
    logits = random.normal(0, 1.5, (count, 3))
    cumulated = softmax(logits, axis=1).cumsum(axis=1)
    classes = (random.random((count, 1)) > cumulated).sum(axis=1).clip(max=2)
    return logits * sharpness, np.array(MOONS.class_names)[classes]


def test_intervals_hold_the_truth_as_often_as_promised() -> None:
    random, inside = np.random.default_rng(0), []
    for _ in range(500):
        half_width = of_numbers(twins(random, 99, 2), np.repeat(np.arange(99), 2)).half_width
        inside.append(np.mean(np.abs(twins(random, 200, 1)) <= half_width))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)


def test_sets_hold_the_class_as_often_as_promised() -> None:
    random, inside = np.random.default_rng(0), []
    for _ in range(500):
        task = of_classes(*moons(random, 99), coverage=0.8)
        logits, targets = moons(random, 100)
        sets = task.decode(logits)["prediction_set"]
        inside += [target in json.loads(names) for target, names in zip(targets, sets, strict=True)]
    # A set always holds the top class, and never exactly 0.8 of a class, so it may only err to the safe side.
    assert np.mean(inside) == pytest.approx(0.8, abs=0.02)


def test_a_group_with_many_photos_counts_as_one() -> None:
    errors = [*np.arange(1.0, 20.0), *[100.0] * 500]
    groups = [*range(19), *[19] * 500]
    assert of_numbers(errors, groups, coverage=0.9).half_width == 19


def test_the_width_is_the_error_that_the_share_of_groups_stays_within() -> None:
    assert of_numbers(np.arange(1.0, 20.0), coverage=0.9).half_width == 18
    assert of_numbers(np.arange(1.0, 10.0), coverage=0.9).half_width == 9


def test_with_too_few_groups_the_largest_error_is_used() -> None:
    assert of_numbers([1.0, 5.0, 2.0], coverage=0.9).half_width == 5


@pytest.mark.parametrize(("groups", "warns"), [(9, False), (8, True)])
def test_too_few_groups_give_a_warning(groups: int, warns: bool) -> None:
    message = too_few_groups([*range(groups), *range(groups)], 0.9)
    assert (message is not None) == warns
    if message is not None:
        assert message.startswith("train.coverage: 0.9 takes 9 groups in val, which has 8; ")
        assert message.endswith("at most.")
        assert "89%" in message


@pytest.mark.parametrize("transform", ["log1p", "sqrt"])
def test_an_interval_of_weights_never_reaches_below_zero(transform: Any) -> None:
    task = of_numbers([0.0, 9.0, 4.0], task=replace(NUMBERS, transform=transform))
    decoded = task.decode(np.array([[-2.0], [0.1], [3.0]]))
    assert (decoded["low"] >= 0).all()
    assert (decoded["low"] <= decoded["prediction"]).all()
    assert (decoded["prediction"] <= decoded["high"]).all()
    widths = decoded["high"] - decoded["low"]
    assert widths.is_monotonic_increasing


def test_the_interval_is_in_the_unit_of_the_target() -> None:
    task = Regression(mean=10.0, std=2.0, transform="none", criterion="mse", coverage=0.9, half_width=1.5)
    decoded = task.decode(np.array([[0.5]]))
    assert decoded.iloc[0].to_dict() == {"prediction": 11, "low": 8, "high": 14}


@pytest.mark.parametrize("sharpness", [0.5, 3.0])
def test_the_temperature_undoes_a_wrong_sureness(sharpness: float) -> None:
    assert of_classes(*moons(np.random.default_rng(1), 4000, sharpness)).temperature == pytest.approx(
        sharpness, rel=0.1
    )


def test_where_val_has_no_mistake_the_temperature_stays_within_reason() -> None:
    targets = np.array(MOONS.class_names * 10)
    task = of_classes(8 * np.eye(3)[MOONS.encode(pd.Series(targets))], targets)
    assert 0.3 < task.temperature < 1


def test_a_set_has_the_most_probable_class_first_and_one_at_least() -> None:
    task = replace(MOONS, coverage=0.9, threshold=0.3)
    probabilities = np.array([[0.34, 0.33, 0.33], [0.35, 0.05, 0.6], [0.05, 0.9, 0.05]])
    sets = task.decode(np.log(probabilities))["prediction_set"]
    assert [json.loads(names) for names in sets] == [["europa", "ganymed", "io"], ["io", "europa"], ["ganymed"]]
    never_reached = replace(task, threshold=1.0).decode(np.log(probabilities))["prediction_set"]
    assert never_reached.tolist() == ['["europa"]', '["io"]', '["ganymed"]']


def test_a_set_holds_names_as_they_are() -> None:
    names = ('a "b", [c]', "Ärger", "")
    task = Classification(names, 0.0, coverage=0.9, threshold=0.0)
    assert tuple(json.loads(task.decode(np.array([[3.0, 2.0, 1.0]]))["prediction_set"][0])) == names


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_no_numbers_calibrate_nothing(value: float) -> None:
    logits = np.array([[value], [0.0]])
    assert calibrate(NUMBERS, logits, pd.Series([1.0, 2.0]), ["a", "b"], 0.9) == NUMBERS
    assert calibrate(MOONS, logits + np.zeros((2, 3)), pd.Series(["io", "io"]), ["a", "b"], 0.9) == MOONS

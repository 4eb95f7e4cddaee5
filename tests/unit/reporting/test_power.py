"""What a test split can find: what is said of it before is what the test finds then."""

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.exchange_test import exchange_interval
from specimen.evaluation.swapped_models import SwappedModels, swapped_models
from specimen.reporting import drawn_splits
from specimen.reporting.drawn_splits import chance_to_find, draw_either_way
from specimen.reporting.expected_power import expected_power, single_model
from specimen.reporting.power import find_power

GROUPS = 29
CASES = 300


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many test splits are judged here, so that chance in a single one does not count."""
    monkeypatch.setattr(drawn_splits, "MOST_DRAWS", 200)


def errors(random: np.random.Generator, spread: float, gain: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors of two models; half of their variance is common to both."""
    hard = np.exp(spread * random.normal(size=GROUPS))
    common = random.normal(size=GROUPS)
    base, head = (hard * (common + random.normal(size=GROUPS)) / np.sqrt(2) for _ in range(2))
    return base, (1 - gain) * head


def models(base: np.ndarray, head: np.ndarray) -> SwappedModels:
    tables = (pd.DataFrame({"target": 1.0, "prediction": 1 + side}) for side in (head, base))
    return swapped_models(*tables, pd.Series(np.arange(len(base))), "regression")


@pytest.mark.parametrize(("spread", "gain"), [(0.0, 0.3), (0.6, 0.15), (0.6, 0.4), (2.0, 0.8)])
def test_a_change_is_found_as_often_as_is_said(spread: float, gain: float) -> None:
    random = np.random.default_rng(0)
    found, said = [], []
    for seed in range(CASES):
        base, head = (np.abs(side) for side in errors(random, spread, gain))
        changes = (head - base) / GROUPS
        shares = np.full(GROUPS, 1 / GROUPS)
        _, high = exchange_interval(lambda kept, d=changes: (2 * kept - 1) @ d, shares, resamples=300, seed=seed)
        found.append(high < 0)
        said.append(chance_to_find(draw_either_way(base, head * base.sum() / head.sum()), 1, gain))
    assert abs(np.mean(found) - np.mean(said)) < 0.05


@pytest.mark.parametrize(("as_large", "found"), [(14, 1.0), (15, 0.0)])
def test_the_observed_difference_is_one_of_those_that_are_as_large(as_large: int, found: float) -> None:
    differences = np.concatenate([[2.0], np.full(as_large, 2.0), np.full(drawn_splits.TOSSES - as_large, -1.0)])
    sums = drawn_splits.TossedSums(differences[None], np.zeros((1, len(differences))))
    assert chance_to_find(drawn_splits.DrawnSplits(sums, sums), 1, 0.1) == found  # 1 + 14 of 300 are 5 %


def test_the_named_change_has_a_chance_of_about_8_in_10() -> None:
    compared = models(*errors(np.random.default_rng(1), 0.6))
    power = find_power(compared, "mae")
    assert power is not None
    base, head = compared.errors("mae")
    drawn = draw_either_way(base, head * base.sum() / head.sum())
    assert 0.8 <= chance_to_find(drawn, 1, power.change) < 0.9  # more than 0.8, because it is estimated
    assert power.low < power.change < power.high < 3 * power.change


def test_more_groups_find_smaller_changes() -> None:
    base, head = errors(np.random.default_rng(2), 0.6)
    few = find_power(models(base, head), "rmse")
    many = find_power(models(np.tile(base, 8), np.tile(head, 8)), "rmse")
    assert few is not None
    assert many is not None
    assert many.change < few.change / 2
    assert many.groups == pytest.approx(few.groups, rel=0.35)  # however many there were


def test_an_accuracy_has_its_change_in_points() -> None:
    random = np.random.default_rng(3)
    target = np.array(["leaf", "stem"])[np.arange(200) % 2]
    tables = []
    for _ in range(2):
        right = random.random(200) < 0.8
        said = np.where(right == (target == "leaf"), "leaf", "stem")
        leaf = np.where(said == "leaf", 0.8, 0.2)
        tables.append(pd.DataFrame({"target": target, "prediction": said, "p: leaf": leaf, "p: stem": 1 - leaf}))
    power = find_power(swapped_models(*tables, pd.Series(np.arange(200)), "classification"), "accuracy")
    assert power is not None
    disagree = np.mean(tables[0]["prediction"] != tables[1]["prediction"])
    assert power.change == pytest.approx(2.8 * np.sqrt(disagree / 200), rel=0.1)
    assert not power.relative


@pytest.mark.parametrize("head", [1.0, 0.5])
def test_nothing_is_said_of_two_models_with_the_same_errors(head: float) -> None:
    base, _ = errors(np.random.default_rng(4), 0.0)
    assert find_power(models(base, head * base), "rmse") is None
    assert find_power(models(0 * base, 0 * base), "rmse") is None


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_before_there_is_a_second_model_about_the_same_is_said(metric: str) -> None:
    random = np.random.default_rng(5)
    said, expected = [], []
    for _ in range(30):
        base, head = errors(random, 0.3)
        target = np.linspace(1, 5, GROUPS)
        tables = [pd.DataFrame({"target": target, "prediction": target + side}) for side in (head, base)]
        power = find_power(swapped_models(*tables, pd.Series(np.arange(GROUPS)), "regression"), metric)
        one = single_model(tables[1].assign(group=np.arange(GROUPS)), "regression")
        before = expected_power(one, metric, alike=0.25)  # squares of normal numbers with a correlation of 0.5
        if power is not None and before is not None:
            said.append(power.change)
            expected.append(before.change)
    assert np.median(expected) == pytest.approx(np.median(said), rel=0.25)


def test_models_that_are_more_alike_can_be_told_apart_better() -> None:
    base, _ = errors(np.random.default_rng(6), 0.3)
    one = single_model(pd.DataFrame({"target": 1.0, "prediction": 1 + base, "group": np.arange(GROUPS)}), "regression")
    changes = [power.change for power in (expected_power(one, "mae", alike) for alike in (0.5, 0.9)) if power]
    assert changes[1] < changes[0] / 1.5


def test_test_splits_are_drawn_without_any_error_where_few_groups_have_one() -> None:
    """Of 29 groups with three that err, one draw in 20 has none of these."""
    base, head = np.zeros((2, GROUPS))
    base[:3], head[:3] = (1, 2, 3), (2, 3, 1)
    assert find_power(models(base, head), "mae") is None


@pytest.mark.parametrize("erring", [0, 2])
def test_nothing_is_said_of_a_model_that_hardly_errs(erring: int) -> None:
    table = pd.DataFrame({"target": 1.0, "prediction": 1.0, "group": np.arange(GROUPS)})
    table.loc[: erring - 1, "prediction"] = 2.0
    assert expected_power(single_model(table, "regression"), "mae", 0.5) is None

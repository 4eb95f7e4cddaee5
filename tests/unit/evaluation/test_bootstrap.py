"""Bootstrap intervals: as often right as they say, and of groups, not of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from specimen.evaluation.bootstrap import bootstrap


def mean_of(values: Any) -> Any:
    return lambda weights: (weights @ np.reshape(values, (len(values), -1))) / weights.sum(axis=1, keepdims=True)


def twin_errors(random: np.random.Generator, groups: int) -> tuple[Any, Any]:
    """Draw the errors of two photos a plant, much alike, with bias 0.2 and standard deviation 1."""
    common = np.repeat(random.normal(0.2, 0.9, groups), 2)
    return common + random.normal(0, np.sqrt(1 - 0.9**2), 2 * groups), np.repeat(np.arange(groups), 2)


def test_the_truth_is_inside_as_often_as_promised() -> None:
    random, inside = np.random.default_rng(0), []
    bias_and_rmse = np.array([0.2, np.sqrt(1 + 0.2**2)])
    for _ in range(500):
        errors, groups = twin_errors(random, 100)
        mean = mean_of(np.stack([errors, errors**2], axis=1))
        found = bootstrap(lambda weights, of=mean: of(weights) ** np.array([1, 0.5]), groups, resamples=1000)
        inside.append((found.low <= bias_and_rmse) & (bias_and_rmse <= found.high))
    np.testing.assert_allclose(np.mean(inside, axis=0), 0.95, atol=0.02)


def test_more_rows_of_a_group_are_not_more_evidence() -> None:
    values = np.random.default_rng(1).normal(size=60)
    once = bootstrap(mean_of(values), np.arange(60))
    tenfold = bootstrap(mean_of(np.repeat(values, 10)), np.repeat(np.arange(60), 10))
    np.testing.assert_allclose(tenfold.low, once.low)
    np.testing.assert_allclose(tenfold.high, once.high)


def test_the_bounds_are_those_of_scipy() -> None:
    values = np.random.default_rng(2).gamma(1, size=150)
    found = bootstrap(mean_of(values), np.arange(150), resamples=20_000)
    expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(0), method="BCa")
    np.testing.assert_allclose(
        [found.low[0], found.high[0]], expected.confidence_interval, atol=0.1 * values.std() / np.sqrt(150)
    )


def test_many_groups_are_left_out_in_blocks() -> None:
    values = np.random.default_rng(3).gamma(1, size=1500)
    found = bootstrap(mean_of(values), np.arange(1500))
    assert found.estimate[0] == pytest.approx(values.mean())
    half = 1.96 * values.std() / np.sqrt(1500)
    np.testing.assert_allclose(
        [found.low[0], found.high[0]], [values.mean() - half, values.mean() + half], atol=half / 5
    )


def test_a_lower_level_is_a_narrower_interval() -> None:
    values = np.random.default_rng(4).normal(size=50)
    wide, narrow = (bootstrap(mean_of(values), np.arange(50), level=level) for level in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_same_seed_gives_the_same_bounds() -> None:
    values = np.random.default_rng(5).normal(size=50)
    first, again, other = (bootstrap(mean_of(values), np.arange(50), seed=seed) for seed in (1, 1, 2))
    assert first.low == again.low
    assert first.low != other.low


def test_the_difference_of_two_models_is_measured_on_the_same_draws() -> None:
    random = np.random.default_rng(6)
    one = random.gamma(1, size=80)
    other = one + random.normal(0.1, 0.02, 80)
    groups = np.arange(80)
    paired = bootstrap(lambda weights: mean_of(other)(weights) - mean_of(one)(weights), groups)
    alone = bootstrap(mean_of(one), groups)
    assert 0.09 < paired.low < paired.high < 0.11
    assert (paired.high - paired.low) < (alone.high - alone.low) / 10


def test_one_group_has_an_estimate_but_no_interval() -> None:
    found = bootstrap(mean_of([1.0, 3.0]), ["plant 1", "plant 1"])
    assert found.estimate[0] == 2
    assert np.isnan([found.low[0], found.high[0]]).all()


def test_values_that_never_differ_have_an_interval_of_no_width() -> None:
    found = bootstrap(mean_of([0.3] * 5), list("abcde"))
    np.testing.assert_allclose([found.low[0], found.high[0]], 0.3)


def test_draws_without_a_value_do_not_count() -> None:
    def mean_where_the_first_is_drawn(weights: Any) -> Any:
        return np.where(weights[:, :1] > 0, mean_of(np.arange(9.0))(weights), np.nan)

    found = bootstrap(mean_where_the_first_is_drawn, np.arange(9))
    assert found.low < 4 < found.high


def test_what_is_never_defined_has_no_interval() -> None:
    found = bootstrap(lambda weights: np.full((len(weights), 1), np.nan), np.arange(9))
    assert np.isnan([found.estimate[0], found.low[0], found.high[0]]).all()

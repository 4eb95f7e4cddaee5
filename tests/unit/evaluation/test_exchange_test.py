"""The exchange test: what all swaps say, an interval that agrees with it, and no word from rounding."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from specimen.evaluation.exchange_test import FEWEST_GROUPS, exchange_interval


def interval(changes: np.ndarray, **options: float) -> tuple[float, float]:
    """Return the interval of the mean of changes, one of each group."""
    shares = np.full(len(changes), 1 / len(changes))
    return exchange_interval(lambda kept: (2 * kept - 1) @ changes / len(changes), shares, **options)


def all_swaps(changes: np.ndarray) -> float:
    """Return in which share of all swaps the mean of changes is as far from 0 as it is."""
    means = np.array(list(itertools.product([-1, 1], repeat=len(changes)))) @ changes
    return float(np.mean(np.abs(means) >= abs(changes.sum()) - 1e-9))


@pytest.mark.parametrize("seed", range(30))
def test_it_excludes_0_where_at_most_5_in_100_swaps_are_as_extreme(seed: int) -> None:
    changes = np.random.default_rng(seed).normal(0.6, 1, 11)
    low, high = interval(changes)
    one_swap = 1 / 2**10  # within which the interval counts evenly
    assert (low > 0 or high < 0) == (all_swaps(changes) <= 0.05) or abs(all_swaps(changes) - 0.05) < one_swap


def test_its_ends_are_where_a_test_of_that_difference_begins_to_decide() -> None:
    changes = np.random.default_rng(1).gamma(1, size=11)
    low, high = interval(changes)
    for end, inward in ((low, 1), (high, -1)):
        step = 0.01 * (high - low)
        assert all_swaps(changes - end - inward * step) > 0.05
        assert all_swaps(changes - end + inward * step) <= 0.05


def test_random_swaps_come_near_to_all_swaps() -> None:
    changes = np.random.default_rng(2).normal(0.3, 1, 14)
    np.testing.assert_allclose(interval(changes, resamples=3000), interval(changes, resamples=10_000), atol=0.03)


def test_five_groups_cannot_reach_5_percent_and_six_can() -> None:
    assert np.isinf(interval(np.ones(FEWEST_GROUPS - 1))).all()
    assert interval(np.ones(FEWEST_GROUPS) + np.arange(FEWEST_GROUPS) / 10)[0] > 0


def test_one_changed_group_of_many_decides_nothing() -> None:
    low, high = interval(np.eye(29)[0])
    assert (low, high > 0) == (0, True)


def test_nothing_changed_is_an_interval_of_no_width() -> None:
    assert interval(np.zeros(29)) == (0, 0)


@pytest.mark.parametrize(
    ("for_one", "against", "decides"), [(4, 0, True), (5, 0, True), (6, 1, False), (7, 1, True), (3, 0, False)]
)
def test_four_changed_groups_decide_if_all_agree(for_one: int, against: int, decides: bool) -> None:
    changes = np.array([1.0] * for_one + [-1.0] * against + [0.0] * (29 - for_one - against))
    assert (interval(changes)[0] > 0) == decides


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_few_changed_groups_decide_wrongly_in_6_of_100_test_splits_at_most(share: float) -> None:
    """Each of 29 groups differs with the probability `share`, for one or the other model."""
    false = 0.0
    for changed in range(4, 16):
        for lost in range(changed // 2):
            changes = np.repeat([1.0, -1.0, 0.0], [changed - lost, lost, 29 - changed])
            if interval(changes)[0] > 0:
                false += 2 * binom.pmf(changed, 29, share) * binom.pmf(lost, changed, 0.5)
    assert 0.02 <= false <= 0.06


def test_rounding_does_not_break_ties() -> None:
    changes = np.repeat([0.1, -0.3, 0.0], [9, 1, 19])
    noise = 1 + 1e-12 * np.random.default_rng(3).normal(size=(20, 29))
    ends = [interval(changes * row) for row in noise]
    np.testing.assert_allclose(ends, [interval(changes)] * 20, rtol=1e-9)


def test_a_stricter_level_is_a_wider_interval() -> None:
    changes = np.random.default_rng(4).normal(0.5, 1, 40)
    loose, strict = (interval(changes, level=level) for level in (0.95, 0.99))
    assert strict[0] < loose[0] < loose[1] < strict[1]


@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
def test_equal_models_differ_in_5_of_100_cases_however_skewed_their_errors_are(spread: float) -> None:
    random = np.random.default_rng(5)
    found = 0
    for seed in range(600):
        hard = np.exp(spread * random.normal(size=25))
        low, high = interval(hard * random.normal(size=25), resamples=300, seed=seed)
        found += low > 0 or high < 0
    assert 0.03 <= found / 600 <= 0.07

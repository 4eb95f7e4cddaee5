"""From a learning curve to the error with more objects, and how far that may be off."""

import numpy as np
import pandas as pd
import pytest

from specimen.advice.learning_curve import Curve
from specimen.advice.power_law import fit

SIZES = np.array([10, 20, 40, 80, 160])
GROUPS = 60


def curve(floor: float, exponent: float, seed: int = 0, noise: float = 0.03) -> Curve:
    """Losses that follow a power law on average; groups differ in how hard they are, orders in their luck."""
    random = np.random.default_rng(seed)
    means = floor + SIZES.astype(float) ** -exponent
    hard = random.gamma(4, 0.25, GROUPS)
    luck = np.exp(noise * random.normal(size=(8, len(SIZES), 1)))
    return Curve(SIZES, means[:, None] * luck * (hard / hard.mean()), pd.Series(np.arange(GROUPS)))


@pytest.mark.parametrize(("floor", "exponent"), [(0.0, 0.5), (0.0, 1.0), (0.02, 0.8), (0.1, 1.0)])
def test_the_change_with_twice_the_objects_is_in_the_interval(floor: float, exponent: float) -> None:
    change = fit(curve(floor, exponent)).change(320)
    truth = (floor + 320.0**-exponent) / (floor + 160.0**-exponent)
    assert change.low < truth < change.high
    assert change.value == pytest.approx(truth, rel=0.12)


def test_a_curve_that_no_longer_falls_promises_little() -> None:
    change = fit(curve(1.0, 1.0)).change(320)
    assert 0.97 < change.value <= 1.005


def test_the_farther_ahead_the_wider_the_interval() -> None:
    laws = fit(curve(0.0, 0.6))
    near, far = laws.change(200), laws.change(1600)
    assert far.value < near.value
    assert far.high / far.low > near.high / near.low


def test_luckier_orders_make_the_interval_wider() -> None:
    calm, wild = (fit(curve(0.0, 0.6, noise=noise)).change(320) for noise in (0.02, 0.3))
    assert wild.high - wild.low > 1.5 * (calm.high - calm.low)


def test_a_loss_on_other_groups_may_be_farther_off_than_the_change_on_the_same_ones() -> None:
    laws = fit(curve(0.0, 0.6))
    measured, change = laws.predict(320), laws.change(320)
    assert measured.low < 320**-0.6 < measured.high
    assert measured.high / measured.low > change.high / change.low


def test_a_head_without_an_error_is_not_promised_more() -> None:
    perfect = curve(0.0, 0.6)
    change = fit(Curve(SIZES, np.zeros_like(perfect.losses), perfect.groups)).change(320)
    assert np.isfinite([change.value, change.low, change.high]).all()

"""Intervals of metrics: as often right as they say, of groups and not of rows, and the same whatever the order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from specimen.evaluation.jackknife import error_interval, jackknife, log_ratio_interval, share_interval, skewed_interval
from specimen.evaluation.metric_intervals import metric_intervals
from specimen.evaluation.metrics import score
from specimen.evaluation.number_measures import measure_numbers
from specimen.models.task import Classification

GROUPS = 29
REPETITIONS = 400


def mean_of(values: Any) -> Any:
    return lambda weights: (weights @ np.reshape(values, (len(values), -1))) / weights.sum(axis=1, keepdims=True)


def covered(values: Any, truth: float, groups: Any) -> bool:
    low, high = error_interval(jackknife(mean_of(values), groups)[0])
    return bool(low <= truth <= high)


@pytest.mark.parametrize(("spread", "power"), [(0.0, 2), (0.6, 2), (0.6, 1), (1.0, 1)])
def test_the_truth_is_inside_as_often_as_promised_however_skewed_errors_are(spread: float, power: int) -> None:
    """Errors are normal, but some objects are harder than others: by a log-normal factor of this spread."""
    random = np.random.default_rng(0)
    truth = np.exp(power**2 * spread**2 / 2) * (1 if power == 2 else np.sqrt(2 / np.pi))
    inside = 0
    for _ in range(REPETITIONS):
        errors = np.exp(spread * random.normal(size=GROUPS)) * random.normal(size=GROUPS)
        inside += covered(np.abs(errors) ** power, truth, np.arange(GROUPS))
    assert 0.92 <= inside / REPETITIONS <= 0.975


@pytest.mark.parametrize(("share", "photos"), [(0.6, 1), (0.8, 4), (0.9, 4)])
def test_a_share_is_inside_as_often_as_promised(share: float, photos: int) -> None:
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(REPETITIONS):
        easy = np.repeat(random.beta(2 * share, 2 * (1 - share), GROUPS), photos)
        right = (random.random(GROUPS * photos) < easy).astype(float)
        low, high = share_interval(jackknife(mean_of(right), np.repeat(np.arange(GROUPS), photos))[0])
        inside += low <= share <= high
    assert 0.925 <= inside / REPETITIONS <= 0.975


def test_without_skewness_it_is_the_interval_of_student() -> None:
    values = np.array([-3.0, -2, -1, -0.5, 0.5, 1, 2, 3]) + 5
    expected = stats.t.interval(0.95, 7, values.mean(), stats.sem(values))
    np.testing.assert_allclose(skewed_interval(jackknife(mean_of(values), np.arange(8))[0]), expected)


def test_a_share_of_single_samples_has_the_interval_of_wilson() -> None:
    right = np.array([1.0] * 80 + [0.0] * 20)
    expected = stats.binomtest(80, 100).proportion_ci(method="wilson")
    np.testing.assert_allclose(share_interval(jackknife(mean_of(right), np.arange(100))[0]), expected, atol=2e-3)


def test_more_rows_of_a_group_are_not_more_evidence() -> None:
    values = np.random.default_rng(1).normal(size=60)
    once = jackknife(mean_of(values), np.arange(60))[0]
    tenfold = jackknife(mean_of(np.repeat(values, 10)), np.repeat(np.arange(60), 10))[0]
    np.testing.assert_allclose(tenfold, once, rtol=1e-6)


def test_many_groups_are_left_out_in_blocks() -> None:
    values = np.random.default_rng(3).gamma(1, size=1500)
    found = jackknife(mean_of(values), np.arange(1500))[0]
    assert found.estimate == pytest.approx(values.mean())
    assert found.error == pytest.approx(stats.sem(values), rel=0.1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 3])
def test_two_groups_have_a_wide_interval_and_no_warning(count: int) -> None:
    spread = jackknife(mean_of(np.arange(1.0, count + 1)), np.arange(count))[0]
    low, high = skewed_interval(spread)
    assert low < 0 < spread.estimate < high


def test_one_group_has_an_estimate_but_no_interval() -> None:
    spread = jackknife(mean_of([1.0, 3.0]), ["plant 1", "plant 1"])[0]
    assert spread.estimate == 2
    assert np.isnan([*skewed_interval(spread), *share_interval(spread)]).all()


def test_values_that_never_differ_have_an_interval_of_no_width() -> None:
    spread = jackknife(mean_of([0.3] * 5), list("abcde"))[0]
    assert skewed_interval(spread) == share_interval(spread) == pytest.approx((0.3, 0.3))


def test_groups_without_which_there_is_no_value_do_not_count() -> None:
    def mean_with_the_first(weights: Any) -> Any:
        return np.where(weights[:, :1] > 0, mean_of(np.arange(9.0))(weights), np.nan)

    low, high = skewed_interval(jackknife(mean_with_the_first, np.arange(9))[0])
    assert low < 4 < high


def test_what_is_never_defined_has_no_interval() -> None:
    spread = jackknife(lambda weights: np.full((len(weights), 1), np.nan), np.arange(9))[0]
    assert np.isnan(spread).all()


def errors_of(count: int) -> pd.DataFrame:
    random = np.random.default_rng(4)
    target = random.gamma(2, size=count)
    return pd.DataFrame(
        {
            "target": target,
            "prediction": target + np.round(random.normal(size=count), 1),
            "group": [f"plant {number // 2}" for number in range(count)],
        }
    )


def test_the_interval_of_rmse_is_the_root_of_that_of_mse_and_no_error_is_negative() -> None:
    table = errors_of(8)
    found = metric_intervals(measure_numbers(table), table["group"], ["rmse", "mse", "mae", "median_ae"])
    assert found["rmse"].high ** 2 == pytest.approx(found["mse"].high)
    assert all(bounds.low >= 0 for bounds in found.values())


def test_the_median_is_inside_as_often_as_promised() -> None:
    random = np.random.default_rng(5)
    inside = 0
    for _ in range(REPETITIONS):
        errors = np.abs(random.standard_cauchy(GROUPS))
        table = pd.DataFrame({"target": 0.0, "prediction": errors, "group": np.arange(GROUPS)})
        found = metric_intervals(measure_numbers(table), table["group"], ["median_ae"])["median_ae"]
        inside += found.low <= 1 <= found.high
    assert 0.925 <= inside / REPETITIONS <= 0.975


def test_r2_never_passes_1_and_bias_reaches_as_far_to_both_sides() -> None:
    random = np.random.default_rng(2)
    target = np.repeat(np.exp(random.normal(size=29)), 2)
    table = pd.DataFrame({"target": target, "prediction": target + random.normal(0, 0.05, size=58)})
    table.loc[0, "prediction"] -= 0.5  # one large error makes the rest skewed
    names = ["r2", "bias"]
    measure = measure_numbers(table)
    found = metric_intervals(measure, np.arange(58) // 2, names)
    values = {name: values[0] for name, values in measure(np.ones((1, 58))).items()}
    assert found["r2"].low < values["r2"] < found["r2"].high < 1
    assert values["bias"] - found["bias"].low == pytest.approx(found["bias"].high - values["bias"])


@pytest.mark.parametrize("task", ["numbers", "classes"])
def test_neither_rounding_nor_the_order_of_rows_changes_a_digit(task: str) -> None:
    random = np.random.default_rng(6)
    if task == "numbers":
        table, measured = errors_of(58), None
    else:
        names = ("leaf", "root", "stem")
        measured = Classification(names, 0.0)
        target = np.array(names)[random.integers(3, size=80)]
        decoded = measured.decode(random.normal(size=(80, 3)) + 2 * (target[:, None] == np.array(names)))
        table = decoded.assign(target=target, group=np.arange(80) // 2)

    def digits(rows: pd.DataFrame) -> dict[str, tuple[str, str]]:
        if measured is None:
            names = ["rmse", "mae", "r2", "bias", "median_ae"]
            found = metric_intervals(measure_numbers(rows), rows["group"], names)
        else:
            found = dict(score(measured, rows).intervals)
        return {name: (f"{bounds.low:.5e}", f"{bounds.high:.5e}") for name, bounds in found.items()}

    numbers = table.select_dtypes("float").columns.drop("target", errors="ignore")
    for seed in range(3):
        noisy = table.assign(**{name: table[name] * (1 + 1e-14 * random.normal(size=len(table))) for name in numbers})
        assert digits(noisy.sample(frac=1, random_state=seed)) == digits(table)


def test_a_giant_group_leaves_three_degrees_of_freedom() -> None:
    values = np.random.default_rng(8).normal(size=58)
    alike = jackknife(mean_of(values), np.arange(58))[0]
    giant = jackknife(mean_of(values), np.r_[np.zeros(29), np.arange(1, 30)])[0]
    assert alike.reach == pytest.approx(stats.t.ppf(0.975, 57))
    assert giant.reach > stats.t.ppf(0.975, 3)


def photos_of(structure: str, random: np.random.Generator) -> np.ndarray:
    """Return the group of each photo."""
    photos = np.round(40 ** random.random(GROUPS)).astype(int)
    if structure == "a giant":
        photos = np.r_[2 * (GROUPS - 1), np.full(GROUPS - 1, 2)]
    return np.repeat(np.arange(GROUPS), photos)


@pytest.mark.parametrize(
    ("structure", "power", "truth"),
    [("1 to 40 photos", 1, np.exp(0.6**2 / 2) * np.sqrt(2 / np.pi)), ("a giant", 2, np.exp(2 * 0.6**2))],
)
def test_the_truth_is_inside_however_unequal_groups_are(structure: str, power: int, truth: float) -> None:
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(REPETITIONS):
        groups = photos_of(structure, random)
        hard = np.exp(0.6 * random.normal(size=GROUPS))[groups]
        common = random.normal(size=GROUPS)[groups]
        errors = hard * (common + random.normal(size=len(groups))) / np.sqrt(2)
        inside += covered(np.abs(errors) ** power, truth, groups)
    assert 0.93 <= inside / REPETITIONS <= 0.98


def test_r2_is_inside_more_often_where_a_few_large_objects_make_up_the_variance() -> None:
    random = np.random.default_rng(0)
    truth = np.log(0.25 / (np.exp(0.64) * (np.exp(0.64) - 1)))
    inside = 0
    for _ in range(REPETITIONS):
        target = np.exp(0.8 * random.normal(size=GROUPS))
        table = pd.DataFrame({"target": target, "prediction": target + random.normal(0, 0.5, GROUPS)})
        found = metric_intervals(measure_numbers(table), np.arange(GROUPS), ["r2"])["r2"]
        inside += found.low <= 1 - np.exp(truth) <= found.high
    assert inside / REPETITIONS >= 0.86  # Student alone: 0.78


def test_an_interval_reaches_at_least_as_far_as_each_of_its_two_methods() -> None:
    spread = jackknife(mean_of(np.random.default_rng(9).gamma(0.5, size=20)), np.arange(20))[0]
    hall = skewed_interval(spread)
    low, high = error_interval(spread)
    assert 0 < low <= hall[0] < hall[1] <= high
    low, high = log_ratio_interval(spread)
    far = spread.far_reach * spread.error
    assert low <= spread.estimate - far < spread.estimate + far <= high


def test_two_groups_have_no_interval_of_thousands_of_times_the_error() -> None:
    low, high = error_interval(jackknife(mean_of([1.0, 9.0]), np.arange(2))[0])
    assert 0 <= low < 5 < high < 100

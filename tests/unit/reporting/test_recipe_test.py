"""Several trainings of two recipes: what seeds and test groups make of their difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from specimen.reporting.facts.seeds import RecipeVerdict
from specimen.reporting.recipe_test import judge_recipes
from specimen.reporting.shared_samples import NotComparableError

GROUPS = 12


def table(errors: Sequence[float]) -> pd.DataFrame:
    """Predictions of numbers, one photo a group."""
    count = len(errors)
    names = [f"{number}.png" for number in range(count)]
    return pd.DataFrame({"image": names, "group": names, "target": 10.0, "prediction": 10 + np.asarray(errors)})


def tables(errors: Any) -> list[pd.DataFrame]:
    return [table(row) for row in errors]


def judge(base: Any, head: Any, **options: Any) -> RecipeVerdict:
    return judge_recipes(tables(base), tables(head), "regression", "mae", **options)


def test_the_interval_is_that_of_a_study_with_readers_nested_in_methods() -> None:
    """MAE is a mean over groups, so that variances of group means take the place of the jackknife."""
    random = np.random.default_rng(0)
    base, head = random.gamma(2, size=(2, 3, GROUPS)) * np.array([1.0, 1.3, 0.8])[:, None]
    found = judge(base, head)
    change = head.mean(axis=0) - base.mean(axis=0)
    groups = change.var(ddof=1) / GROUPS
    seeds = np.array([side.mean(axis=1).var(ddof=1) / 3 for side in (base, head)])
    own = [(side - side.mean(axis=0)) for side in (base, head)]
    twice = sum(row.var(ddof=1) / GROUPS for side in own for row in side) / (3 - 1) / 3
    total = max(groups, seeds.sum(), groups + seeds.sum() - twice)
    freedom = total**2 / (groups**2 / (GROUPS - 1) + (seeds**2 / 2).sum())
    half = student.ppf(0.975, freedom) * np.sqrt(total)
    assert (found.low, found.high) == pytest.approx((change.mean() - half, change.mean() + half))
    assert found.from_seeds == pytest.approx(seeds.sum() / total)
    assert (found.before, found.after) == pytest.approx((base.mean(), head.mean()))


def test_how_far_two_trainings_are_apart_is_the_mean_over_pairs_of_the_same_recipe() -> None:
    found = judge([np.full(GROUPS, 1.0), np.full(GROUPS, 2.0)], [np.full(GROUPS, 5.0), np.full(GROUPS, 9.0)])
    assert found.apart == pytest.approx((1 + 4) / 2)


def test_a_gain_that_every_training_has_is_found() -> None:
    random = np.random.default_rng(1)
    hard = random.gamma(2, size=GROUPS)
    base, head = (quality * hard * random.uniform(0.95, 1.05, size=(2, GROUPS)) for quality in (1.0, 0.7))
    assert judge(base, head).word == "better"
    assert judge(head, base).word == "worse"
    assert judge(base, head, level=1 - 1e-9).word == "no detectable change"


def test_luck_of_seeds_is_no_gain_although_all_groups_agree() -> None:
    """Each group of the one recipe is better, and yet a training of the other is among its trainings."""
    hard = np.random.default_rng(2).gamma(2, size=GROUPS)
    base, head = ([quality * hard for quality in side] for side in ((1.0, 1.3), (0.8, 1.1)))
    found = judge(base, head)
    assert found.word == "no detectable change"
    assert found.low < found.after - found.before < 0 < found.high
    assert found.from_seeds > 0.9


def test_equal_recipes_are_seldom_called_different_where_single_trainings_often_are() -> None:
    random = np.random.default_rng(3)
    wrong = []
    for _ in range(60):
        errors = random.gamma(4, size=GROUPS) * np.exp(0.2 * random.normal(size=(2, 2, 1)))
        errors = errors * random.uniform(0.9, 1.1, size=(2, 2, GROUPS))
        change = errors[1, 0] - errors[0, 0]
        by_one = abs(change.mean()) > student.ppf(0.975, GROUPS - 1) * change.std(ddof=1) / np.sqrt(GROUPS)
        wrong.append((judge(*errors).word != "no detectable change", by_one))
    by_recipes, by_one_training = np.mean(wrong, axis=0)
    assert by_recipes <= 0.1
    assert by_one_training >= 0.5


def test_the_same_trainings_do_not_differ() -> None:
    errors = np.random.default_rng(4).gamma(2, size=(2, GROUPS))
    found = judge(errors, errors[::-1])
    assert found.word == "no detectable change"
    assert found.before == pytest.approx(found.after)


def test_trainings_without_any_spread_have_an_interval_without_a_width() -> None:
    found = judge(np.ones((2, GROUPS)), np.ones((2, GROUPS)))
    assert (found.low, found.high, found.word, found.from_seeds) == (0, 0, "no detectable change", 0)


def test_one_recipe_may_have_more_trainings() -> None:
    random = np.random.default_rng(5)
    base, head = random.gamma(2, size=(2, GROUPS)), random.gamma(2, size=(4, GROUPS))
    found = judge(base, head)
    assert (found.base_trainings, found.head_trainings) == (2, 4)
    assert (found.before, found.after) == pytest.approx((base.mean(), head.mean()))
    turned = judge(head, base)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(6)
    base, head = (tables(side) for side in random.gamma(2, size=(2, 2, GROUPS)))
    shuffled = [one.sample(frac=1, random_state=seed) for seed, one in enumerate(head)]
    assert judge_recipes(base, shuffled, "regression", "mae") == judge_recipes(base, head, "regression", "mae")


def test_trainings_on_other_samples_are_refused() -> None:
    errors = np.random.default_rng(7).gamma(2, size=(2, GROUPS))
    with pytest.raises(NotComparableError, match="different samples"):
        judge_recipes(tables(errors), [table(errors[0]), table(errors[1])[1:]], "regression", "mae")


def test_classes_are_compared_by_what_is_better_for_them() -> None:
    names = [f"{number}.png" for number in range(2 * GROUPS)]
    target = ["a", "b"] * GROUPS

    def said(wrong: Sequence[int]) -> pd.DataFrame:
        right = np.array([number % 8 not in wrong for number in range(2 * GROUPS)])
        chance = np.where(right == (np.array(target) == "a"), 0.9, 0.1)
        found = np.where(chance > 0.5, "a", "b")
        columns = {"image": names, "group": names, "target": target, "prediction": found}
        return pd.DataFrame({**columns, "p: a": chance, "p: b": 1 - chance})

    base = [said([0, 1, 2, 3]), said([0, 1, 2, 4])]
    head = [said([]), said([5])]
    assert judge_recipes(base, head, "classification", "accuracy").word == "better"

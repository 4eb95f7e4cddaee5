"""Metrics in words, which follow from the numbers."""

from __future__ import annotations

import builders
import pytest

from specimen.evaluation.results import Baselines, Bounds, Difference, ForestScores, Scores
from specimen.evaluation.summary import gain_over_features, lines

BASELINES = Baselines("mean", {"rmse": 0.2}, ForestScores({"rmse": 0.12}, intervals={}, difference={}))
SCORES = Scores({"rmse": 0.0556, "r2": 0.9}, samples=12, groups=6, intervals={"rmse": Bounds(0.04, 0.07)})


def said(old: float, new: float, bounds: Bounds | None = None, name: str = "rmse") -> str | None:
    difference = {name: Difference(new - old, bounds), "r2": Difference(0.0, None)}
    baselines = Baselines("mean", {}, ForestScores({name: old}, {}, difference))
    return gain_over_features(builders.results(Scores({name: new}, 12, 6, {}), baselines=baselines), "g")


def test_a_line_has_the_metric_its_interval_and_the_baselines() -> None:
    assert [line.split() for line in lines(builders.results(SCORES, baselines=BASELINES))] == [
        ["rmse", "0.0556", "0.04", "to", "0.07", "mean", "0.2,", "features", "alone", "0.12"],
        ["r2", "0.9"],
    ]


def test_the_picture_adds_what_the_difference_says() -> None:
    assert said(0.12, 0.0556, Bounds(-0.08, -0.05)) == (
        "The picture takes RMSE from 0.120 g (features alone) to 0.056 g: -0.064 g (95 % interval -0.080 to -0.050)."
    )


def test_a_difference_that_may_be_zero_is_called_so() -> None:
    assert str(said(120.0, 119.0, Bounds(-5.0, 3.2))).endswith(
        "to 119 g: -1 g (95 % interval -5 to +3; it includes 0, so this test split cannot tell the two apart)."
    )


def test_shares_have_no_unit() -> None:
    assert said(0.5, 0.75, Bounds(0.2, 0.3), "accuracy") == (
        "The picture takes accuracy from 0.500 (features alone) to 0.750: +0.250 (95 % interval +0.200 to +0.300)."
    )


def test_too_few_groups_have_no_interval() -> None:
    assert str(said(0.12, 0.06)).endswith("-0.060 g, on too few groups for an interval.")


@pytest.mark.parametrize("value", [0.0, 1e-9, 12345.0])
def test_any_size_can_be_written(value: float) -> None:
    assert "from" in str(said(value, value, Bounds(0.0, 0.0)))


def test_a_model_without_pictures_is_not_called_one() -> None:
    forest = ForestScores({"rmse": 2.0}, {}, {"rmse": Difference(-1.0, None)})
    results = builders.results(Scores({"rmse": 1.0}, 12, 6, {}), baselines=Baselines("mean", {}, forest))
    sentence = gain_over_features(results, "", sees_pictures=False)
    assert str(sentence).startswith("The model takes RMSE from 2.00 (random forest) to 1.00: -1.00")


def test_without_a_forest_there_is_nothing_to_add_to() -> None:
    assert gain_over_features(builders.results(SCORES), "g") is None

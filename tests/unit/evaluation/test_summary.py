"""Metrics in words: what a reader is told follows from the numbers."""

from __future__ import annotations

from typing import Any

import pytest

from specimen.evaluation.summary import gain_over_features, lines

RESULTS: dict[str, Any] = {
    "rmse": 0.0556,
    "r2": 0.9,
    "samples": 12,
    "groups": 6,
    "interval": {"rmse": {"low": 0.04, "high": 0.07}},
    "baseline": {"mean": {"rmse": 0.2}, "forest": {"rmse": 0.12, "interval": {}, "difference": {}}},
}


def said(old: float, new: float, name: str = "rmse", **difference: float) -> str | None:
    forest = {name: old, "difference": {name: {"value": new - old, **difference}, "r2": {"value": 0.0}}}
    return gain_over_features({name: new, "baseline": {"forest": forest}}, "g")


def test_a_line_has_the_metric_its_interval_and_the_baselines() -> None:
    assert [line.split() for line in lines(RESULTS)] == [
        ["rmse", "0.0556", "0.04", "to", "0.07", "mean", "0.2,", "features", "alone", "0.12"],
        ["r2", "0.9"],
    ]


def test_the_picture_adds_what_the_difference_says() -> None:
    assert said(0.12, 0.0556, low=-0.08, high=-0.05) == (
        "The picture takes RMSE from 0.120 g (features alone) to 0.056 g: -0.064 g (95 % interval -0.080 to -0.050)."
    )


def test_a_difference_that_may_be_none_is_told() -> None:
    assert str(said(120.0, 119.0, low=-5.0, high=3.2)).endswith(
        "to 119 g: -1 g (95 % interval -5 to +3; 0 lies within, so this test split cannot tell them apart)."
    )


def test_shares_have_no_unit() -> None:
    assert said(0.5, 0.75, "accuracy", low=0.2, high=0.3) == (
        "The picture takes accuracy from 0.500 (features alone) to 0.750: +0.250 (95 % interval +0.200 to +0.300)."
    )


def test_one_group_is_told_to_have_no_interval() -> None:
    assert str(said(0.12, 0.06)).endswith("-0.060 g, on one group, so without an interval.")


@pytest.mark.parametrize("value", [0.0, 1e-9, 12345.0])
def test_any_size_can_be_told(value: float) -> None:
    assert "from" in str(said(value, value, low=0.0, high=0.0))


def test_a_model_without_pictures_is_not_called_one() -> None:
    results = {"rmse": 1.0, "baseline": {"forest": {"rmse": 2.0, "difference": {"rmse": {"value": -1.0}}}}}
    sentence = gain_over_features(results, "", sees_pictures=False)
    assert str(sentence).startswith("The model takes RMSE from 2.00 (random forest) to 1.00: -1.00")


def test_without_a_forest_there_is_nothing_to_add_to() -> None:
    assert gain_over_features({"rmse": 1.0, "baseline": {"mean": {"rmse": 2.0}}}, "g") is None

"""What folds say together: mean, spread, pooled, and the table of it."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from specimen.evaluation.results import Bounds, Scores
from specimen.experiments import cross_validation

METRICS = [{"rmse": 2.0, "r2": 0.5}, {"rmse": 4.0, "r2": 0.7, "mape": 0.1}]
PREDICTIONS = [pd.DataFrame({"group": ["a", "a"]}), pd.DataFrame({"group": ["b", "b", "c"]})]
POOLED = Scores({"rmse": 3.3, "r2": 0.6}, samples=5, groups=3, intervals={"rmse": Bounds(2.5, 4.5)})


@pytest.fixture
def summary() -> cross_validation.Summary:
    return cross_validation.summarise(METRICS, PREDICTIONS, POOLED)


def test_mean_and_spread_are_those_of_the_folds(summary: cross_validation.Summary) -> None:
    assert summary.mean == pytest.approx({"rmse": 3.0, "r2": 0.6})
    assert summary.std == pytest.approx({"rmse": 2**0.5, "r2": 0.02**0.5})


def test_samples_and_groups_are_counted_from_the_predictions(summary: cross_validation.Summary) -> None:
    assert [(fold.samples, fold.groups) for fold in summary.folds] == [(2, 1), (3, 2)]
    assert [summary.to_json()[name] for name in ("samples", "groups")] == [5, 3]


def test_pooled_metrics_come_with_their_interval(summary: cross_validation.Summary) -> None:
    assert summary.to_json()["pooled"] == {"rmse": 3.3, "r2": 0.6}
    assert summary.to_json()["interval"] == {"rmse": {"low": 2.5, "high": 4.5}}


def test_a_metric_that_a_fold_lacks_has_no_mean_but_is_in_its_fold(summary: cross_validation.Summary) -> None:
    assert "mape" not in summary.mean
    assert summary.folds[1].metrics["mape"] == 0.1


def test_the_table_is_markdown_with_a_column_a_fold(summary: cross_validation.Summary) -> None:
    assert cross_validation.as_markdown(summary).splitlines() == [
        "|         | mean |    std | pooled | 95 % interval | fold 0 | fold 1 |",
        "| :------ | ---: | -----: | -----: | ------------: | -----: | -----: |",
        "| samples |      |        |      5 |               |      2 |      3 |",
        "| groups  |      |        |      3 |               |      1 |      2 |",
        "| rmse    |    3 |  1.414 |    3.3 |    2.5 to 4.5 |      2 |      4 |",
        "| r2      |  0.6 | 0.1414 |    0.6 |               |    0.5 |    0.7 |",
        "| mape    |      |        |        |               |        |    0.1 |",
    ]


def test_without_intervals_there_is_no_column_for_them() -> None:
    summary = cross_validation.summarise(METRICS, PREDICTIONS, replace(POOLED, intervals={}))
    assert "interval" not in cross_validation.as_markdown(summary)


def test_large_numbers_are_written_out() -> None:
    summary = cross_validation.summarise([{"rmse": 22833.4}, {"rmse": 4.0}], PREDICTIONS, POOLED)
    assert "22833 |" in cross_validation.as_markdown(summary)


def test_the_folds_are_drawn_the_same_bytes_each_time(summary: cross_validation.Summary, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        cross_validation.draw(tmp_path / name, summary)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")

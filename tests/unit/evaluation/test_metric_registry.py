"""The registry knows every metric that is measured, and which way is better."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.baselines import COMPARED, IN_GUESS
from specimen.evaluation.measures import measure
from specimen.evaluation.metrics import WITH_INTERVAL, WITH_INTERVAL_BY
from specimen.evaluation.results import ClassScores
from specimen.evaluation.results_files import ATTENTION
from specimen.models.metric_registry import METRICS, find_metric
from specimen.models.task import TASKS, Classification, Regression

ROOT = Path(__file__).parents[3]


def measured() -> set[str]:
    """Return the names of all metrics that there are, of numbers and of two to six classes."""
    numbers = pd.DataFrame({"target": [4.0, 5.0], "prediction": [4.0, 6.0], "low": 0.0, "high": 9.0})
    names = set(measure(Regression(0.0, 1.0, "none", "mse"), numbers)(np.ones((1, 2))))
    for count in (2, 6):
        classes = tuple("abcdef"[:count])
        task = Classification(classes, 0.0, coverage=0.9, threshold=0.1)
        table = task.decode(np.eye(count)).assign(target=classes)
        names |= set(measure(task, table)(np.ones((1, count))))
    return names | {field.name for field in fields(ClassScores)} - {"support"}


def test_every_metric_that_is_measured_is_registered() -> None:
    assert set(METRICS) == measured() | {"unlike", *ATTENTION}


def test_every_metric_of_the_sample_is_registered() -> None:
    written = json.loads((ROOT / "metrics/test.json").read_text(encoding="utf-8"))
    assert set(written) - {"samples", "groups"} <= set(METRICS)


@pytest.mark.parametrize("names", [WITH_INTERVAL_BY, IN_GUESS, COMPARED])
def test_parts_of_the_metrics_are_among_those_with_intervals(names: list[str]) -> None:
    assert names == [name for name in WITH_INTERVAL if name in names]


def test_the_metric_that_chooses_the_epoch_may_decide() -> None:
    monitored = {name: METRICS[task.monitor] for name, task in TASKS.items()}
    assert {name: metric.label for name, metric in monitored.items()} == {
        "regression": "RMSE",
        "classification": "accuracy",
    }
    assert all(metric.may_decide for metric in monitored.values())
    assert [task.higher_is_better for task in TASKS.values()] == [False, True]


def test_an_unknown_metric_has_a_label_but_no_direction() -> None:
    unknown = find_metric("per_class.leaf.my_score")
    assert (unknown.label, unknown.may_decide, unknown.scale) == ("my score", False, "plain")

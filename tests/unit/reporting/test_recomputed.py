"""Metrics are computed again from the predictions that they are said to come from."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from specimen.evaluation.metrics import point_metrics
from specimen.models.task import Classification, Regression
from specimen.reporting.collect.recomputed import recompute_metrics
from specimen.reporting.verdict import RevisionPredictions

NUMBERS = pd.DataFrame(
    {
        "target": [1.0, 2.0, 4.0, 3.0],
        "prediction": [1.1, 2.3, 3.7, 3.0],
        "group": list("aabc"),
        "unlike": [True] + [False] * 3,
    }
)
CLASSES = pd.DataFrame(
    {"target": list("aabb"), "prediction": list("abbb"), "group": list("abcd"),
     "p: a": [0.75, 0.25, 0.25, 0.125], "p: b": [0.25, 0.75, 0.75, 0.875]}
)  # fmt: skip
REGRESSION = Regression(0.0, 1.0, "none", "mse", coverage=0.9, half_width=0.12)
CLASSIFICATION = Classification(("a", "b"), 0.0, coverage=0.9, threshold=0.05)


def done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def outputs(table: pd.DataFrame, metrics: dict[str, Any], data: dict[str, Any], task: str = "regression") -> Any:
    return SimpleNamespace(
        predictions=done(RevisionPredictions(table, task, "weight", "g")),
        metrics=done(metrics), data_metrics=done(data),
        samples=done(pd.DataFrame({"row": range(9)})), rejected=done(pd.DataFrame({"rule": ["no_label"] * 2})),
    )  # fmt: skip


GOOD_DATA = {"rows": 11, "kept": 9, "rejected": {"no_label": 2, "no_image": 0}}


@pytest.mark.parametrize(("task", "name", "table"), [
    (REGRESSION, "regression", NUMBERS), (CLASSIFICATION, "classification", CLASSES),
])  # fmt: skip
def test_what_evaluate_writes_is_what_the_predictions_give(task: Any, name: str, table: pd.DataFrame) -> None:
    written = {key: float(f"{value:.6g}") for key, value in point_metrics(task, table).items()}
    written |= {"samples": 4, "groups": table["group"].nunique(), "attention_inside": 0.5}
    assert recompute_metrics(outputs(table, written, GOOD_DATA, name)) == ()
    for key in written.keys() - {"attention_inside"}:
        wrong = recompute_metrics(outputs(table, written | {key: written[key] * 1.01 + 0.01}, GOOD_DATA, name))
        assert [fault.key for fault in wrong] == [key]


def test_predictions_that_were_made_better_do_not_fit_their_metrics() -> None:
    written = {"rmse": point_metrics(REGRESSION, NUMBERS)["rmse"], "unlike": 0.25}
    better = NUMBERS.assign(prediction=NUMBERS["target"] + 0.1 * (NUMBERS["prediction"] - NUMBERS["target"]))
    (fault,) = recompute_metrics(outputs(better, written, GOOD_DATA))
    assert fault.key == "rmse"
    assert fault.computed == pytest.approx(written["rmse"] / 10)


@pytest.mark.parametrize("value", ["0.1", None, True, np.nan])
def test_a_metric_that_is_no_number_is_a_fault(value: object) -> None:
    assert [fault.key for fault in recompute_metrics(outputs(NUMBERS, {"rmse": value}, GOOD_DATA))] == ["rmse"]


def test_counts_of_rows_are_those_of_the_tables() -> None:
    data = {"kept": 10, "rejected": {"no_label": 1}}
    wrong = recompute_metrics(outputs(NUMBERS, {}, data))
    assert [(fault.key, fault.written, fault.computed) for fault in wrong] == [("kept", 10, 9), ("rejected", 1, 2)]

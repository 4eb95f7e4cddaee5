"""Regression and classification: targets in, logits out, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import TypeAdapter
from torch.nn import functional as F

from specimen.common.errors import SpecimenError
from specimen.models.regression import Criterion, TargetTransform
from specimen.models.task import AnyTask, Classification, Regression

TARGETS = pd.Series([0.0, 0.5, 3.0, 12.0, 250.0])
TRANSFORMS = ("none", "log1p", "sqrt")
ODD_NAMES = ("", "1", "10", "NA", "Ärger mit Umlauten", "a,b", "p: a", "true", "🌱")


def regression(
    targets: pd.Series[Any] = TARGETS, transform: TargetTransform = "none", criterion: Criterion = "mse"
) -> Regression:
    return Regression.from_targets(targets, transform, criterion)


def through_json(task: AnyTask) -> AnyTask:
    """Write a task as a field of the facts of a model is written, and read it."""
    fields: TypeAdapter[AnyTask] = TypeAdapter(AnyTask)
    return fields.validate_json(fields.dump_json(task))


def logits_of(encoded: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return encoded[:, None].astype(np.float32)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_perfect_model_predicts_the_targets(transform: str) -> None:
    task = regression(transform=transform)
    decoded = task.decode(logits_of(task.encode(TARGETS)))
    np.testing.assert_allclose(decoded["prediction"], TARGETS, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_encoded_targets_are_standardised(transform: str) -> None:
    encoded = regression(transform=transform).encode(TARGETS)
    assert encoded.dtype == np.float32
    assert abs(encoded.mean()) < 1e-6
    assert abs(encoded.std() - 1) < 1e-6


def test_the_transform_is_the_one_named() -> None:
    assert regression(transform="log1p").mean == pytest.approx(np.log1p(TARGETS).mean())
    assert regression(transform="sqrt").std == pytest.approx(np.sqrt(TARGETS).std(ddof=0))


@pytest.mark.parametrize("transform", ["log1p", "sqrt"])
def test_a_weight_is_never_predicted_below_zero(transform: str) -> None:
    low = np.array([[-100.0], [-1.5], [0.0]], dtype=np.float32)
    assert regression(transform=transform).decode(low)["prediction"].min() == 0


def test_without_a_transform_a_prediction_may_be_negative() -> None:
    assert regression().decode(np.array([[-100.0]]))["prediction"][0] < 0


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("constant", [0.1, 0.0, 7.0])
def test_a_constant_target_is_not_divided_by_the_noise_of_rounding(transform: str, constant: float) -> None:
    task = regression(pd.Series([constant] * 7), transform=transform)
    assert task.std == 1
    assert task.decode(np.zeros((1, 1)))["prediction"][0] == pytest.approx(constant)


@pytest.mark.parametrize("transform", ["log1p", "sqrt"])
def test_a_negative_target_is_reported_with_the_ways_out(transform: str) -> None:
    with pytest.raises(SpecimenError, match=f"{transform} is for targets from 0 up, but 2 are below, down to -3"):
        regression(pd.Series([1.0, -3.0, -0.5]), transform=transform)


def test_a_negative_target_of_another_split_is_reported_too() -> None:
    with pytest.raises(SpecimenError, match=r"1 are below, down to -0.5"):
        regression(transform="log1p").encode(pd.Series([1.0, -0.5]))


@pytest.mark.parametrize(("name", "torch_loss"), [("mse", F.mse_loss), ("mae", F.l1_loss), ("huber", F.huber_loss)])
def test_the_loss_of_a_regression_is_the_one_named(name: str, torch_loss: Any) -> None:
    logits, targets = torch.tensor([[0.5], [3.0]]), torch.tensor([0.0, 1.0])
    loss = regression(criterion=name).loss(logits, targets)
    assert loss.item() == pytest.approx(torch_loss(torch.tensor([0.5, 3.0]), targets).item())


def test_a_regression_is_scored_by_rmse_and_r2() -> None:
    predictions = pd.DataFrame({"prediction": [1.0, 5.0, 2.0]}, index=[7, 8, 9])
    scores = regression().scores(pd.Series([1.0, 1.0, 4.0]), predictions)
    assert list(scores) == ["rmse", "r2"]
    assert scores == pytest.approx({"rmse": np.sqrt(20 / 3), "r2": 1 - 20 / 6})


@pytest.mark.parametrize(("prediction", "r2"), [(0.1, 1.0), (0.2, 0.0)])
def test_r2_of_a_constant_target_is_one_or_zero(prediction: float, r2: float) -> None:
    """As `evaluate` has it; the mean of three times 0.1 is not 0.1."""
    predictions = pd.DataFrame({"prediction": [prediction] * 3})
    assert regression().scores(pd.Series([0.1] * 3), predictions)["r2"] == r2


def test_a_class_becomes_its_index_and_a_sure_model_predicts_it() -> None:
    task = Classification(("mars", "moon", "venus"), 0.0)
    targets = pd.Series(["venus", "mars", "venus", "moon"])
    assert task.encode(targets).tolist() == [2, 0, 2, 1]
    assert task.decode(np.eye(3)[task.encode(targets)])["prediction"].tolist() == targets.tolist()


def test_odd_names_are_names() -> None:
    task = Classification(ODD_NAMES, 0.0)
    indices = task.encode(pd.Series(ODD_NAMES))
    decoded = task.decode(np.eye(len(ODD_NAMES))[indices])
    assert indices.tolist() == list(range(len(ODD_NAMES)))
    assert decoded["prediction"].tolist() == list(ODD_NAMES)
    assert list(decoded.columns) == ["prediction", "confidence", *(f"p: {name}" for name in ODD_NAMES)]


@pytest.mark.parametrize("scale", [1, 1e4])
def test_probabilities_are_softmax_whatever_the_logits(scale: float) -> None:
    task = Classification(("a", "b", "c"), 0.0)
    logits = (np.random.default_rng(0).normal(size=(20, 3)) * scale).astype(np.float32)
    decoded = task.decode(logits)
    expected = torch.from_numpy(logits).double().softmax(dim=1).numpy()
    np.testing.assert_allclose(decoded[["p: a", "p: b", "p: c"]], expected, atol=1e-12)
    np.testing.assert_allclose(decoded[["p: a", "p: b", "p: c"]].sum(axis=1), 1)
    np.testing.assert_allclose(decoded["confidence"], expected.max(axis=1))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_classification_is_cross_entropy(smoothing: float) -> None:
    logits, targets = torch.tensor([[0.5, 1.0], [3.0, -2.0]]), torch.tensor([0, 1])
    log_p = logits.log_softmax(dim=1)
    wanted = F.one_hot(targets, 2) * (1 - smoothing) + smoothing / 2
    expected = -(wanted * log_p).sum(dim=1).mean()
    assert Classification(("a", "b"), smoothing).loss(logits, targets).item() == pytest.approx(expected.item())


def test_the_score_of_a_classification_is_its_accuracy() -> None:
    predictions = pd.DataFrame({"prediction": ["a", "b", "b", "a"]}, index=[5, 6, 7, 8])
    scores = Classification(("a", "b"), 0.0).scores(pd.Series(["a", "b", "a", "a"]), predictions)
    assert scores == {"accuracy": 0.75}


def test_the_best_epoch_is_that_of_the_least_error_or_the_highest_accuracy() -> None:
    assert (Regression.monitor, Regression.higher_is_better) == ("rmse", False)
    assert (Classification.monitor, Classification.higher_is_better) == ("accuracy", True)


@pytest.mark.parametrize("task", [regression(transform="sqrt", criterion="huber"), Classification(ODD_NAMES, 0.1)])
def test_a_task_comes_back_from_json(task: Regression | Classification) -> None:
    assert through_json(task) == task


def test_there_is_one_logit_a_number_and_one_a_class() -> None:
    assert regression().num_outputs == 1
    assert Classification(("a", "b", "c"), 0.0).num_outputs == 3


def test_balanced_weights_are_the_smaller_the_more_samples_a_class_has() -> None:
    targets = pd.Series(["a"] * 6 + ["b"] * 2)
    task = Classification.from_targets(["a", "b", "c"], targets, 0.0, balanced=True)
    assert task.class_weights == (8 / (3 * 6), 8 / (3 * 2), 8 / 3)
    assert Classification.from_targets(["a", "b"], targets, 0.0, balanced=False).class_weights is None


def test_a_weighted_loss_is_the_mean_of_weighted_samples() -> None:
    logits, targets = torch.tensor([[0.5, 1.0], [3.0, -2.0]]), torch.tensor([0, 1])
    one, other = (-logits.log_softmax(dim=1)[[0, 1], targets]).tolist()
    loss = Classification(("a", "b"), 0.0, (0.5, 2.0)).loss(logits, targets)
    assert loss.item() == pytest.approx((0.5 * one + 2 * other) / 2)


def test_a_task_with_weights_comes_back_from_json() -> None:
    task = Classification(("a", "b"), 0.1, (0.5, 2.0))
    assert through_json(task) == task


@pytest.mark.parametrize(
    "task",
    [
        Regression(0.0, 1.0, "log1p", "mse", coverage=0.9, half_width=0.25),
        Classification(("a", "b"), 0.1, None, coverage=0.9, temperature=1.5, threshold=0.2),
    ],
)
def test_a_calibration_comes_back_from_json(task: Regression | Classification) -> None:
    assert through_json(task) == task


def test_a_task_that_was_written_before_there_was_calibration_is_read() -> None:
    old = {"name": "classification", "class_names": ["a", "b"], "label_smoothing": 0.0, "class_weights": None}
    task = TypeAdapter(AnyTask).validate_python(old)
    assert task == Classification(("a", "b"), 0.0)
    assert list(task.decode(np.zeros((1, 2)))) == ["prediction", "confidence", "p: a", "p: b"]

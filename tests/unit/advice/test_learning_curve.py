"""The error of a head by how many objects taught it."""

import numpy as np
import pandas as pd
import pytest

from specimen.advice.curve_facts import LearningCurve
from specimen.advice.learning_curve import ORDERS, measure_curve
from specimen.models.predictions import as_columns
from specimen.models.task import Classification, Regression

PLANTS = 90


def plants(seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    """Embeddings of two photos of each plant, and the weights that they tell."""
    random = np.random.default_rng(seed)
    columns = np.repeat(random.normal(size=(PLANTS, 20)), 2, axis=0) + 0.1 * random.normal(size=(2 * PLANTS, 20))
    weight = np.repeat(columns[::2] @ random.normal(size=20) / 4 + 0.2 * random.normal(size=PLANTS), 2)
    groups = np.repeat(np.arange(PLANTS), 2)
    table = pd.DataFrame({"group": groups.astype(str), "target": weight, "fold": groups % 3})
    return columns, table


def test_more_objects_teach_more_and_each_size_holds_the_one_before() -> None:
    columns, table = plants()
    task = Regression.from_targets(table["target"], "none", "mse")
    curve = measure_curve(task, columns, table["target"], table["group"], table["fold"].to_numpy())
    assert curve is not None
    assert curve.sizes.tolist() == [8, 11, 15, 22, 30, 45, 60]
    assert curve.losses.shape == (ORDERS, 7, 2 * PLANTS)
    means = curve.losses.mean(axis=(0, 2))
    assert means[-1] < 0.3 * means[0]
    # With all groups the order makes no difference.
    assert np.ptp(curve.losses[:, -1], axis=0).max() == 0


def test_no_photo_teaches_the_head_that_predicts_its_plant() -> None:
    """Where the embedding is the number of the plant and nothing else, there is nothing to learn."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(PLANTS), 2)
    weight = pd.Series(np.repeat(random.normal(size=PLANTS), 2))
    task = Regression.from_targets(weight, "none", "mse")
    curve = measure_curve(task, np.eye(PLANTS)[groups], weight, pd.Series(groups), groups % 3)
    assert curve is not None
    assert curve.losses.mean(axis=(0, 2)).min() > 0.9


def test_too_few_groups_make_no_curve() -> None:
    columns, table = plants()
    few = table.head(30)
    task = Regression.from_targets(few["target"], "none", "mse")
    assert measure_curve(task, columns[:30], few["target"], few["group"], few["fold"].to_numpy()) is None


def test_the_change_is_applied_to_the_error_of_the_folds_and_to_each_value_of_a_column() -> None:
    columns, table = plants()
    task = Regression.from_targets(table["target"], "none", "mse")
    said = table.assign(prediction=table["target"] + 0.5, soil=np.where(table["group"].astype(int) < 40, "a", "b"))
    found = LearningCurve.find(task, said, columns, ["soil"])
    assert found is not None
    assert [(part.name, part.groups) for part in found.prospects] == [("all", 90), ("soil a", 40), ("soil b", 50)]
    of_all = found.prospects[0]
    assert of_all.now == pytest.approx(0.5)
    assert of_all.then.low < of_all.then.value < 0.5
    assert of_all.then.value < of_all.then.high
    assert found.summary("g").startswith("Twice the objects (90 to 180): RMSE about 0.36 (")


def test_of_classes_the_share_of_wrong_ones_shrinks() -> None:
    columns, table = plants()
    labels = pd.Series(np.where(table["target"] > 0, "oak", "ash"))
    task = Classification(("ash", "oak"), 0.0)
    probabilities = np.tile([0.5, 0.5], (len(labels), 1))
    wrong = np.arange(len(labels)) % 5 == 0
    other = np.where(labels == "oak", "ash", "oak")
    said = table.assign(target=labels, prediction=np.where(wrong, other, labels))
    said = said.assign(confidence=0.5, **as_columns(probabilities, task.class_names))
    found = LearningCurve.find(task, said, columns, [])
    assert found is not None
    of_all = found.prospects[0]
    assert of_all.now == pytest.approx(0.8)
    assert 0.8 < of_all.then.value < 1
    assert of_all.then.low < of_all.then.value < of_all.then.high <= 1

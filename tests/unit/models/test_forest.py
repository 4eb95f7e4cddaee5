"""A forest as a model: it says what scikit-learn says, and travels in a file as any model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from specimen.common.errors import SpecimenError
from specimen.config.forest import Forest
from specimen.models.forest import ROWS, Trees, grow_trees
from specimen.models.model import load_model, make_model, save_model
from specimen.models.task import Classification, Regression

FEW = Forest(n_estimators=7)
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(300, 3)).astype(np.float32)
FEATURES[:, 1] = RNG.integers(0, 4, 300)
TARGETS = pd.Series(np.exp(FEATURES[:, 0]) + FEATURES[:, 1]).astype(float)
NAMES = pd.Series(np.where(TARGETS > 3, "large", np.where(TARGETS > 1.5, "medium", "small")))
KINDS = Classification(("huge", "large", "medium", "small"), 0.0)


def said(trees: Trees, features: Any = FEATURES) -> Any:
    return trees(torch.from_numpy(features)).numpy()


@pytest.mark.parametrize("params", [FEW, Forest(n_estimators=3, max_depth=2, max_features="sqrt", bootstrap=False)])
def test_numbers_are_those_of_scikit_learn(params: Forest) -> None:
    task = Regression.from_targets(TARGETS, "none", "mse")
    expected = RandomForestRegressor(**params.settings()).fit(FEATURES, TARGETS).predict(FEATURES)
    found = task.decode(said(grow_trees(task, FEATURES, TARGETS, params)))
    np.testing.assert_allclose(found["prediction"], expected, rtol=1e-5)


def test_transformed_numbers_are_learnt_as_such() -> None:
    task = Regression.from_targets(TARGETS, "sqrt", "mse")
    roots = RandomForestRegressor(**FEW.settings()).fit(FEATURES, np.sqrt(TARGETS)).predict(FEATURES)
    found = task.decode(said(grow_trees(task, FEATURES, TARGETS, FEW)))
    np.testing.assert_allclose(found["prediction"], roots**2, rtol=1e-5)


def test_classes_are_those_of_scikit_learn_with_one_more_tree_that_knows_nothing() -> None:
    forest = RandomForestClassifier(**FEW.settings()).fit(FEATURES, NAMES)
    shares = pd.DataFrame(forest.predict_proba(FEATURES), columns=forest.classes_)
    shares = shares.reindex(columns=list(KINDS.class_names), fill_value=0.0)
    found = KINDS.decode(said(grow_trees(KINDS, FEATURES, NAMES, FEW)))
    np.testing.assert_allclose(found[[f"p: {name}" for name in shares]], (7 * shares + 0.25) / 8, atol=1e-6)
    assert (found["prediction"] == forest.predict(FEATURES)).all()


def test_weights_of_classes_count() -> None:
    balanced = Classification.from_targets(KINDS.class_names, NAMES, 0.0, balanced=True)
    forest = RandomForestClassifier(**FEW.settings(), class_weight="balanced").fit(FEATURES, NAMES)
    found = balanced.decode(said(grow_trees(balanced, FEATURES, NAMES, FEW)))
    assert (found["prediction"] == forest.predict(FEATURES)).all()
    assert (said(grow_trees(KINDS, FEATURES, NAMES, FEW)) != said(grow_trees(balanced, FEATURES, NAMES, FEW))).any()


def test_a_threshold_between_two_float32_splits_them_as_scikit_learn_does() -> None:
    low = np.nextafter(np.float32(100), np.float32(200))
    high = np.nextafter(low, np.float32(200))
    assert np.float32(low / 2 + np.float64(high) / 2) == high, "the middle would be rounded to the higher"
    close = np.array([[low], [high]] * 5)
    targets = pd.Series([0.0, 1.0] * 5)
    task = Regression(0.0, 1.0, "none", "mse")
    found = said(grow_trees(task, close, targets, Forest(n_estimators=1, min_samples_leaf=1, bootstrap=False)), close)
    assert found[:, 0].tolist() == targets.tolist()


@pytest.mark.parametrize("count", [0, 1, ROWS, ROWS + 1])
def test_so_many_samples_at_a_time_change_nothing(count: int) -> None:
    trees = grow_trees(KINDS, FEATURES, NAMES, FEW)
    np.testing.assert_allclose(said(trees, FEATURES[:count]), said(trees)[:count], rtol=1e-6)


def test_the_same_samples_grow_the_same_arrays() -> None:
    first, again = (grow_trees(KINDS, FEATURES, NAMES, FEW).state_dict() for _ in range(2))
    assert all(torch.equal(value, again[name]) for name, value in first.items())


@pytest.mark.parametrize("task", [builders.NUMBERS, KINDS])
def test_a_forest_is_the_same_after_saving_and_loading(tmp_path: Path, task: Any) -> None:
    dataset = builders.dataset_meta(features={"age": builders.AGE}, task=task.name)
    meta = builders.model_meta(task, dataset=dataset, backbone="forest")
    model = make_model("forest", task.num_outputs, 0)
    model.tabular = grow_trees(task, FEATURES[:, :2], TARGETS if task is builders.NUMBERS else NAMES, FEW)
    save_model(tmp_path / "model.pt", model, meta)
    loaded, found = load_model(tmp_path / "model.pt")
    assert found == meta
    images, features = torch.zeros(300, 3, 0, 0, dtype=torch.uint8), torch.from_numpy(FEATURES[:, :2])
    assert torch.equal(loaded(images, features), model(images, features))


def test_trees_of_another_number_of_outputs_are_refused(tmp_path: Path) -> None:
    meta = builders.model_meta(KINDS, dataset=builders.dataset_meta(features={"age": builders.AGE}), backbone="forest")
    save_model(tmp_path / "model.pt", make_model("forest", 1, 0), meta)
    with pytest.raises(SpecimenError, match="not a model of Specimen"):
        load_model(tmp_path / "model.pt")


def test_what_scikit_learn_refuses_is_an_error_of_the_params() -> None:
    task = Regression(0.0, 1.0, "none", "mse")
    with pytest.raises(SpecimenError, match=r"^train.forest: .*negative.*Poisson"):
        grow_trees(task, FEATURES, TARGETS - 10, Forest(criterion="poisson"))

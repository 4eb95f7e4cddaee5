"""The params of a forest are checked as scikit-learn checks them."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.utils._param_validation import InvalidParameterError

from specimen.common.errors import SpecimenError
from specimen.config.base import check
from specimen.config.forest import CRITERIA, Forest
from specimen.config.params import check_params

VALUES = [-1, 0, 1, 2, 3, 0.0, 0.2, 0.5, 0.9, 1.0, 1.5, None, "sqrt", "log2", "all", float("nan"), [1]]
PARAMS = [name for name in Forest.model_fields if name not in ("criterion", "random_state", "bootstrap")]
ALSO_TAKEN = {"n_estimators": [1.0], "max_depth": [1.0]}
"""A whole number with a point is one all the same."""


def is_taken(name: str, value: Any) -> bool:
    try:
        check(Forest, {name: value}, "params.yaml", "train", "forest")
    except SpecimenError:
        return False
    return True


def is_taken_by_scikit_learn(name: str, value: Any) -> bool:
    try:
        RandomForestRegressor(**{name: value})._validate_params()
    except InvalidParameterError:
        return False
    return True


@pytest.mark.parametrize("name", PARAMS)
def test_what_scikit_learn_takes_is_taken_and_nothing_else(name: str) -> None:
    different = [value for value in VALUES if is_taken(name, value) != is_taken_by_scikit_learn(name, value)]
    assert different == ALSO_TAKEN.get(name, [])


def test_all_params_are_scikit_learns() -> None:
    for kind in (RandomForestRegressor, RandomForestClassifier):
        assert set(Forest.model_fields) <= set(kind().get_params())


def test_what_is_left_to_scikit_learn_is_not_set() -> None:
    assert not {"criterion", "max_features"} & set(Forest().settings())
    assert Forest(max_features=None).settings()["max_features"] is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_features": "all"}, "train.forest.max_features: accepted: a whole number from 1, a share above 0, up to"),
        ({"min_samples_leaf": 1.0}, "accepted: a whole number from 1, a share above 0, below 1, got 1.0"),
        ({"max_samples": 5, "bootstrap": False}, "max_samples is about the samples that bootstrap draws"),
        ({"n_estimator": 5}, "train.forest.n_estimator: unknown key. Did you mean 'n_estimators'?"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecimenError) as error:
        check(Forest, values, "params.yaml", "train", "forest")
    assert message in str(error.value)


@pytest.mark.parametrize("task", list(CRITERIA))
def test_a_criterion_is_for_one_task(task: str) -> None:
    kind = {"regression": RandomForestRegressor, "classification": RandomForestClassifier}[task]
    for of, names in CRITERIA.items():
        for name in names:
            content = {
                "data": {"root": "raw", "task": task, "table": "labels.csv"},
                "train": {"forest": {"criterion": name}},
            }
            if of == task:
                assert check_params(content, "params.yaml").train.forest.criterion == name
                kind(criterion=name)._validate_params()
            else:
                with pytest.raises(
                    SpecimenError, match=rf"train.forest.criterion: {name} is not for data.task: {task}"
                ):
                    check_params(content, "params.yaml")

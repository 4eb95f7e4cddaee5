"""The run config of Dagster: what it says in the words of DVC, and whether params accept it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from specimen.common.errors import SpecimenError

pytest.importorskip("dagster", reason="needs the extra dagster")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    data = {"root": "data", "task": "regression", "table": "labels.csv"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": data, "train": {"epochs": 3}}))
    return tmp_path


def checked(root: Path, **fields: Any) -> list[str]:
    from specimen.integrations.dagster_run_config import RunParams, check_changes

    return list(check_changes(root, RunParams(**fields).changes()))


def test_each_field_is_a_param_of_train(root: Path) -> None:
    changes = checked(root, epochs=2, batch_size=16, lr=1e-5, backbone="timm/resnet10t", weights="my weights.pt")
    assert changes == [
        "train.epochs=2", "train.batch_size=16", "train.lr=1e-05", 'train.backbone="timm/resnet10t"',
        'train.weights="my weights.pt"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"epochs": 3},
        {"lr": 0.001, "weights": "none"},
        {"overrides": ["train.lr=1e-3", "train.patience=null", "train.augment.flip=0.5", "data.features=[]"]},
    ],
)
def test_values_that_params_have_or_that_are_defaults_change_nothing(root: Path, fields: dict[str, Any]) -> None:
    assert checked(root, **fields) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"batch_size": 1}, r"run config:\n  train.batch_size: Input should be greater than or equal to 2, got 1\."),
        ({"lr": float("nan")}, r"run config:\n  train.lr: Input should be a finite number, got nan\."),
        ({"overrides": ["train.loss=mxe"]}, r"train.loss: Input should be 'mse', 'mae' or 'huber', got 'mxe'\."),
        ({"overrides": ["trian.epochs=2"]}, r"trian: unknown key\. Did you mean 'train'"),
        ({"overrides": ["train.epochs"]}, r"run config: 'train.epochs' changes nothing; write KEY=VALUE, such as"),
        ({"overrides": ["train.lr=0.1,0.2"]}, r"run config: 'train.lr=0.1,0.2': "),
        ({"overrides": ["train.augment.flip={"]}, r"run config: 'train.augment.flip=\{': "),
        ({"overrides": ["train.epochs.two=1"]}, r"train.epochs: Input should be a valid integer, got \{'two': 1\}"),
        ({"backbone": "none"}, r"backbone: none learns from features alone, but features is empty"),
    ],
)
def test_a_refused_value_is_named_with_its_key_and_what_is_accepted(
    root: Path, fields: dict[str, Any], message: str
) -> None:
    before = (root / "params.yaml").read_bytes()
    with pytest.raises(SpecimenError, match=message):
        checked(root, **fields)
    assert (root / "params.yaml").read_bytes() == before


def test_faulty_params_are_not_blamed_on_the_run_config(root: Path) -> None:
    (root / "params.yaml").write_text("train: {epochs: 0}\n")
    with pytest.raises(SpecimenError, match=r"params.yaml:\n"):
        checked(root, epochs=2)

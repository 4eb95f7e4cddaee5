"""What a sweep searches: written on the command line, checked against the params before the first trial."""

import re
from pathlib import Path

import pytest
import yaml

from specimen.common.errors import SpecimenError
from specimen.experiments.search_space import Choice, Range, check_space, read_space


@pytest.fixture
def params(tmp_path: Path) -> Path:
    content = {"data": {"root": "data", "task": "regression", "table": "labels.csv"}, "train": {"lr": 0.001}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    return tmp_path / "params.yaml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.lr=1e-4..1e-2:log", Range(1e-4, 1e-2, log=True)),
        ("train.epochs=5..20", Range(5, 20, log=False)),
        ("train.batch_size=16,32", Choice((16, 32))),
        ("train.loss=mse,huber", Choice(("mse", "huber"))),
        ("train.clip_norm=null,1.0", Choice((None, 1.0))),
        ("train.augment.flip=0..0.5", Range(0, 0.5, log=False)),
    ],
)
def test_ranges_and_choices(text: str, expected: Range | Choice) -> None:
    assert read_space([text]) == {text.split("=", maxsplit=1)[0]: expected}


NO_DIMENSIONS = ["lr=1..2", "train.lr", "train.lr=", "split.seed=1,2", "data.root=a,b", "train.lr=1..2..3"]
NO_RANGES = ["train.lr=a..b", "train.lr=2..1", "train.lr=0..1:log", "train.lr=1..2:lin", "train.lr=.."]


@pytest.mark.parametrize("text", [*NO_DIMENSIONS, *NO_RANGES])
def test_what_is_no_dimension_is_refused(text: str) -> None:
    with pytest.raises(SpecimenError, match=re.escape(f"'{text}'")):
        read_space([text])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train.lrr=1..2", r"sweep: train.lrr = 1:\n  train.lrr: unknown key. Did you mean 'lr'"),
        ("train.ema=0.5..1", r"sweep: train.ema = 1:\n  train.ema: "),
        ("train.loss=mse,mxe", r"sweep: train.loss = mxe:\n  train.loss: "),
    ],
)
def test_values_that_params_refuse_are_found_before_the_first_trial(params: Path, text: str, message: str) -> None:
    with pytest.raises(SpecimenError, match=message):
        check_space(read_space([text]), params)


def test_accepted_values_leave_the_params_as_they_are(params: Path) -> None:
    space = read_space(["train.lr=1e-4..1e-2:log", "train.augment.flip=0,0.5"])
    assert check_space(space, params).train.lr == 0.001

"""Which smaller files are kept, and what is said of each."""

from __future__ import annotations

import math

import builders
import pytest

from specimen.models.task import Classification
from specimen.onnx.trial import Trial, trials_json, trials_table

KINDS = Classification(("a", "b"), 0.0)


def trial(metric: float, name: str = "int8", size: int = 2_000_000) -> Trial:
    return Trial(name, size, metric)


@pytest.mark.parametrize(
    ("exact", "small", "by"), [(2.0, 2.5, 0.25), (2.0, 1.0, -0.5), (0.0, 0.0, 0), (0.0, 0.1, math.inf)]
)
def test_a_larger_error_is_worse(exact: float, small: float, by: float) -> None:
    assert trial(small).worse(trial(exact), builders.NUMBERS) == by


def test_a_lower_accuracy_is_worse() -> None:
    assert trial(0.6).worse(trial(0.8), KINDS) == pytest.approx(0.25)


def test_what_is_no_number_is_never_good_enough() -> None:
    assert not trial(math.nan).worse(trial(0.8), KINDS) <= 1


def test_facts_have_no_times_and_the_table_has() -> None:
    trials = [trial(0.5, "fp32", 8_000_000), trial(0.4), trial(math.nan, "fp16")]
    assert trials_json(trials, KINDS, ["fp32"]) == {
        "fp32": {"megabytes": 8.0, "accuracy": 0.5, "worse_by": 0.0, "written": True},
        "int8": {"megabytes": 2.0, "accuracy": 0.4, "worse_by": pytest.approx(0.2), "written": False},
        "fp16": {"megabytes": 2.0, "accuracy": None, "worse_by": None, "written": False},
    }
    times = {"fp32": 4.0, "int8": 1.25, "fp16": 5.0}
    lines = trials_table(trials, KINDS, ["fp32"], times).splitlines()
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == ["int8", "2.0", "0.4", "+20.0%", "1.2", "no"]

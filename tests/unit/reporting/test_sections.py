"""Sections of the report that need no repository."""

import math
from typing import Any

import pytest

from specimen.reporting.collect.changes import read_changes, values_of_head
from specimen.reporting.facts.base import Names, NotKnown, first_names
from specimen.reporting.facts.changes import Change, keep_most
from specimen.reporting.facts.reproducibility import Reproducibility
from specimen.reporting.sections.metrics import describe_change, metrics_section
from specimen.reporting.sections.reproducibility import reproducibility_section


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("rmse", 2.0, 1.5, -0.5), "-0.5 ↓ better"),
        (("accuracy", 0.5, 0.25, -0.25), "-0.25 ↓ worse"),
        (("bias", 1.0, 1.5, 0.5), "+0.5 ↑"),
        (("per_class.a.f1", 0.5, 0.75, 0.25), "+0.25 ↑ better"),
        (("rmse", None, 1.5), "new"),
        (("rmse", 1.5, None), "gone"),
        (("note", "a", "b"), "other"),
        (("rmse", 1.5, math.nan, math.nan), "other"),
        (("rmse", math.nan, math.nan), ""),
        (("rmse", 1.5, 1.5, 0.0), ""),
    ],
)
def test_a_change_says_what_became_of_a_metric(change: tuple[Any, ...], expected: str) -> None:
    values = dict(zip(("key", "old", "new", "difference"), change, strict=False))
    assert describe_change(Change(file="f", **values), comparable=True) == expected
    assert not {"better", "worse"} & set(describe_change(Change(file="f", **values), comparable=False).split())


def test_a_metric_that_dvc_no_longer_finds_is_gone() -> None:
    diff = {"metrics/test.json": {"mape": {"old": 0.25, "new": None}, "rmse": {"old": 2, "new": 2, "diff": 0}}}
    text = metrics_section(keep_most(read_changes(diff))).render(10)
    assert "| `mape` | 0.25 | - | gone |" in text
    assert "All 2 metrics" in text


@pytest.mark.parametrize(("metric", "is_said"), [("rmse", True), ("accuracy", False)])
def test_the_intervals_that_are_too_narrow_come_with_a_note(metric: str, is_said: bool) -> None:
    ends = {f"interval.{metric}.{end}": {"old": 1.0, "new": 2.0, "diff": 1.0} for end in ("low", "high")}
    text = metrics_section(keep_most(read_changes({"metrics/details.json": ends}))).render(10)
    assert ("hold the truth in 82 to 92 of 100 cases only" in text) == is_said


def test_lists_of_folds_and_seeds_are_no_params() -> None:
    values = {"seeds.0": {"old": None, "new": 2}}
    diff = {"folds/folds.yaml": values, "params.yaml": {"train.lr": {"old": 1, "new": 2}}, "seeds/seeds.yaml": values}
    assert [change.key for change in read_changes(diff)] == ["train.lr"]


def test_metrics_of_one_revision_are_new() -> None:
    changes = values_of_head("metrics/test.json", {"rmse": 2.0, "baseline": {"mean": {"rmse": 3.0}}})
    assert [(change.key, change.new) for change in changes] == [("baseline.mean.rmse", 3.0), ("rmse", 2.0)]
    assert {describe_change(change, comparable=True) for change in changes} == {"new"}


def state(**changes: Any) -> Reproducibility:
    names = dict.fromkeys(("not_in_remote", "uncommitted", "unexplained", "missing", "edited"), Names())
    good = {"stale": {"train": False}, **names, "recomputed": (), "pins": (), "changed": {}, "last_run": {}}
    return Reproducibility(**good | changes)


def test_all_is_well() -> None:
    assert reproducibility_section(state()).body.startswith("**Yes.**")


def test_commands_are_named_once_and_in_their_order() -> None:
    body = reproducibility_section(
        state(
            stale={"train": True},
            uncommitted=first_names(["metrics/tëst 1.json"]),
            not_in_remote=first_names(["models/"]),
        )
    ).body
    assert body.startswith("**No.**")
    assert "The run changed files that are not committed: `metrics/tëst 1.json`." in body
    assert "The remote lacks 1 output: `models/`." in body
    commands = body.split("```sh\n")[1].split("\n```")[0]
    assert commands.splitlines() == [
        "dvc repro",
        "git add dvc.lock metrics",
        'git commit -m "Run the pipeline"',
        "dvc push",
    ]


def test_what_is_not_known_is_not_called_reproducible() -> None:
    body = reproducibility_section(state(not_in_remote=NotKnown(reason="no credentials"))).body
    assert body.startswith("**Not known in full.**")
    assert "Whether the remote has every output is not known: no credentials." in body

"""`metrics/advice.json` in the report: what it says, and whether it is of this revision."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest

from specimen.reporting.collect.advice import collect_advice
from specimen.reporting.facts.advice import Advice, WorseSlice
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.sections.advice import advice_section, worse_section
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.lock import StageLock

WRITTEN: dict[str, Any] = {
    "of": {"data": "aa.dir", "folds": {"0": "f0.dir"}},
    "metric": "rmse",
    "suspects": {
        "labels": 200, "outside": 23, "expected": 20,
        "first": [{"rank": 1, "model says": 0.12, "score": 5.1, "image": "<b>.jpg", "row": 3, "target": 0.75}],
    },
    "slices": {"tested": 60, "found": [
        {"slice": "bed far", "photos": 24, "groups": 12, "rmse": 0.3, "elsewhere": 0.1, "times": 3.0, "p": 0.001},
    ]},
    "curve": {"times": 2, "groups": 200, "now": {"rmse": 0.06}, "then": {"rmse": 0.047, "low": 0.042, "high": 0.053},
              "by": {}},
}  # fmt: skip


def done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
    return future


def outputs(data: str = "aa.dir", fold: str = "f0.dir", *, locked: bool = True) -> RevisionOutputs:
    """A revision with this hash of its data, and of the results of its fold."""
    stages = {"fold@0": {"outs": [{"path": "folds/fold-0", "md5": fold}]}}

    def read(path: str) -> dict[str, Any]:
        if not locked:
            raise NotFoundError(path)
        return {"stages": stages}

    return cast(
        RevisionOutputs,
        SimpleNamespace(
            revision=done(SimpleNamespace(yaml=read)),
            params=done({"data": {"task": "regression", "target": "weight", "unit": "g"}}),
            stages=done({"prepare": StageLock({"data/prepared": data})}),
        ),
    )


def collected(**revision: Any) -> Advice:
    advice = collect_advice(outputs(**revision), done(WRITTEN))
    assert advice is not None
    return advice


def test_the_section_says_how_many_labels_to_check_and_what_more_objects_would_bring() -> None:
    section = advice_section(collected())
    assert section.body == (
        "23 of 200 labels are outside what the folds hold likely. "
        "With twice the objects: RMSE about 0.047 g (0.042 g to 0.053 g), now 0.06 g."
    )
    larger, first = section.folds
    assert larger.rows == [["`bed far`", "12", "0.3", "0.1"]]
    assert first.rows == [["<code>&#60;b&#62;.jpg</code>", "0.75", "0.12"]]


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        ({"fold": "f9.dir"}, "fold 0 has been trained again since"),
        ({"data": "bb.dir"}, "the data have changed since"),
        ({"locked": False}, "there is no folds/dvc.lock"),
    ],
)
def test_an_advice_of_other_data_or_folds_is_out_of_date(revision: dict[str, Any], reason: str) -> None:
    advice = collected(**revision)
    assert advice.stale == reason
    assert advice_section(advice).body.startswith("**Out of date:** ")


def test_an_advice_of_these_data_and_folds_is_not() -> None:
    assert collected().stale == ""


def test_where_nobody_has_asked_there_is_no_section() -> None:
    assert collect_advice(outputs(), done(NotFoundError("no such file"))) is None
    assert advice_section(None).render(10) == ""


def test_a_damaged_file_is_named() -> None:
    with pytest.raises(NotAvailableError, match=r"metrics/advice\.json is not what `make advice` writes"):
        collect_advice(outputs(), done({"of": {}, "suspects": 3}))


def test_a_part_that_got_worse_is_one_line() -> None:
    part = WorseSlice(name="soil sand", groups=20, before=0.1, after=0.234)
    assert worse_section((part,)).body == (
        "**Worse for a part, although better on average:** `soil sand` (20 groups: mean error from 0.1 to 0.234)."
    )
    assert worse_section(()).render(10) == worse_section(NotKnown(reason="no base")).render(10) == ""

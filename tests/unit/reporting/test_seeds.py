"""Trainings with other seeds in the report: which count, and in which words."""

from __future__ import annotations

import io
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import yaml

from specimen.common.hashing import content_md5
from specimen.reporting.collect.seeds import collect_seeds, read_trainings
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.seeds import RecipeVerdict
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.sections.seeds import seeds_section
from specimen.reporting.verdict import RevisionPredictions
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.lock import StageLock
from specimen.versioning.revisions import Revision
from specimen.versioning.seed_lock import LIST, LOCK, training_key

VERDICT = Verdict("better", "rmse", unit="g", before=0.055, after=0.05)
DEPS = {"data/prepared": "d.dir"}


def recipe(**changes: Any) -> RecipeVerdict:
    facts = {
        "word": "better", "metric": "rmse", "unit": "g", "before": 0.055, "after": 0.05, "low": -0.009, "high": -0.001,
        "level": 0.95, "base_trainings": 3, "head_trainings": 3, "apart": 0.00412, "from_seeds": 0.38,
    }  # fmt: skip
    return RecipeVerdict(**facts | changes)


def said(seeds: RecipeVerdict | NotKnown | None, verdict: Verdict = VERDICT) -> str:
    return seeds_section(seeds, verdict).body


def test_a_change_that_is_more_than_the_dice() -> None:
    assert said(recipe()) == (
        "**The change, or the dice? More than the dice: better.** Of 3 trainings of each with other seeds, RMSE fell "
        "by 9.1 % (from 0.0550 to 0.0500 g) on average. Another seed alone changes RMSE by about 0.0041 g. With other "
        "seeds and other test groups the difference could be from -0.009 g to -0.001 g (95 % interval), so this change "
        "is beyond what they do by chance; 38 % of the doubt is due to the seeds, the rest to the test groups."
    )


def test_a_change_that_another_seed_could_have_made() -> None:
    text = said(recipe(word="no detectable change", high=0.002))
    assert text.startswith("**The change, or the dice? It may be the dice.** Of 3 trainings of each")
    assert "this change is within what they do by chance" in text
    assert text.endswith("So this model is better; that training again gives a better one is not shown.")


@pytest.mark.parametrize(("word", "of_models", "end"), [
    ("better", "no detectable change", "The two models alone do not show it."),
    ("better", "worse", "The two models alone say the opposite: theirs was the luck of a seed."),
    ("worse", "worse", "the rest to the test groups."),
])  # fmt: skip
def test_it_is_said_where_the_two_models_say_something_else(word: str, of_models: Any, end: str) -> None:
    assert said(recipe(word=word), Verdict(of_models, "rmse")).endswith(end)


def test_shares_are_in_points_and_unequal_numbers_of_trainings_are_named() -> None:
    text = said(recipe(metric="accuracy", unit="", before=0.8, after=0.85, low=0.01, high=0.09, apart=0.02,
                       base_trainings=5))  # fmt: skip
    assert "Of 5 trainings of the base and 3 of this with other seeds, accuracy rose by 5.0 points" in text
    assert "changes accuracy by about 2.0 points" in text


def test_nothing_is_said_where_nobody_has_trained_with_other_seeds() -> None:
    assert said(None) == ""


def test_why_trainings_do_not_count_is_said_and_escaped() -> None:
    text = said(NotKnown(reason="<b> is stale; `make seeds` makes them again"))
    assert text == (
        "Trainings with other seeds do not count here: &#60;b&#62; is stale; `make seeds` makes them again."
    )


class Files(Revision):
    """A revision whose files are given."""

    def __init__(self, label: str, files: dict[str, bytes]) -> None:
        super().__init__(Path(), "0" * 40, label)
        object.__setattr__(self, "files", files)

    def read(self, path: str) -> bytes:
        files = cast("dict[str, bytes]", self.__dict__["files"])
        if path not in files:
            raise NotFoundError(f"{path} is not in {self.label}")
        return files[path]


def train(lr: float) -> StageLock:
    return StageLock({}, "python src/train.py", DEPS, {"params.yaml": {"train": {"lr": lr}}})


def predictions(quality: float, seed: int) -> bytes:
    hard = np.random.default_rng(0).normal(size=12)
    errors = quality * hard * np.random.default_rng(seed).uniform(0.95, 1.05, size=12)
    table = pd.DataFrame({"image": [f"{n}.png" for n in range(12)], "group": range(12), "target": 10.0})
    file = io.BytesIO()
    table.assign(prediction=10 + errors).to_csv(file, index=False)
    return file.getvalue()


def side(label: str, lr: float, *, own: float | None = None, base: float | None = None, seeds: int = 2) -> Any:
    """A revision with trainings of its own and of its base, at these learning rates."""
    files, stages = {}, {}
    for kind, trained in (("seed", own), ("base", base)):
        for seed in range(1, seeds + 1) if trained is not None else ():
            path = f"seeds/{kind}-{seed}.csv"
            files[path] = predictions(trained or 0, seed)
            key = training_key(train(trained or 0))
            stages[f"{kind}@{seed}"] = {
                "cmd": f"python src/seed.py {seed}" + (f" --base {key}" if kind == "base" else ""),
                "deps": [{"path": name, "md5": md5} for name, md5 in DEPS.items()],
                "params": {"params.yaml": {"train": {"lr": trained}}} if kind == "seed" else {},
                "outs": [{"path": path, "md5": content_md5(files[path])}],
            }
    listed = {kind: list(range(1, seeds + 1)) for kind in ("seeds", "base_seeds")}
    files[LIST], files[LOCK] = yaml.safe_dump(listed).encode(), yaml.safe_dump({"stages": stages}).encode()
    return outputs(Files(label, files), lr)


def outputs(revision: Revision, lr: float) -> Any:
    class Outputs:
        def __init__(self) -> None:
            self.revision = done(revision)
            self.stages = done({"train": train(lr)})
            self.predictions = done(RevisionPredictions(pd.DataFrame(), "regression", "weight", "g"))

    return cast("RevisionOutputs", Outputs())


def done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def collected(base: Any, head: Any, verdict: Verdict = VERDICT) -> RecipeVerdict | None:
    return collect_seeds(verdict, done(read_trainings(base, head)))


def test_a_base_that_has_committed_its_own_is_compared_by_them() -> None:
    found = collected(side("main", 3.0, own=3.0), side("this", 1.0, own=1.0))
    assert found is not None
    assert (found.word, found.unit, found.base_trainings) == ("better", "g", 2)


def test_a_base_that_has_never_heard_of_seeds_is_compared_by_those_of_this_revision() -> None:
    base = outputs(Files("main", {}), 3.0)
    found = collected(base, side("this", 1.0, own=1.0, base=3.0))
    assert found is not None
    assert found.word == "better"


def test_of_two_sets_of_the_base_the_larger_counts() -> None:
    found = collected(side("main", 3.0, own=3.0, seeds=2), side("this", 1.0, own=1.0, base=3.0, seeds=3))
    assert found is not None
    assert (found.base_trainings, found.head_trainings) == (3, 3)


@pytest.mark.parametrize(("base", "head", "reason"), [
    ({"own": 3.0}, {"own": 2.0},
     "of the trainings with other seeds of this revision, 0 of 2 had the data, code and params that dvc.lock says"),
    ({"own": 2.0}, {"own": 1.0}, "of the trainings with other seeds of the base, 0 of 2 had"),
    ({}, {"own": 1.0, "base": 2.0}, "of the trainings with other seeds of the base, 0 of 2 had"),
    ({}, {"own": 1.0}, "the base has no trainings with other seeds"),
    ({"own": 3.0}, {}, "this revision has no trainings with other seeds"),
])  # fmt: skip
def test_trainings_of_something_else_are_never_used(base: Any, head: Any, reason: str) -> None:
    with pytest.raises(NotAvailableError, match=reason):
        collected(side("main", 3.0, **base), side("this", 1.0, **head))


def test_predictions_that_are_not_those_of_the_lock_are_never_used() -> None:
    head = side("this", 1.0, own=1.0)
    head.revision.result().files["seeds/seed-2.csv"] += b"\n"
    with pytest.raises(NotAvailableError, match=r"seeds/seed-2\.csv of this is not what seeds/dvc\.lock says"):
        collected(side("main", 3.0, own=3.0), head)


def test_there_is_nothing_to_say_without_trainings_without_a_verdict_and_of_the_same_training() -> None:
    assert collected(side("main", 3.0), side("this", 1.0)) is None
    assert collected(side("main", 1.0, own=1.0), side("this", 1.0, own=1.0)) is None
    trained = side("main", 3.0, own=3.0), side("this", 1.0, own=1.0)
    assert collected(*trained, Verdict("not comparable", "rmse")) is None
    assert collected(*trained) is not None

"""The trainings with other seeds of two revisions: which count, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import pandas as pd

from specimen.common.hashing import content_md5
from specimen.reporting.facts.seeds import RecipeVerdict
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.recipe_test import FEWEST_TRAININGS, judge_recipes
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.revision_tables import parse_table
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import StageLock
from specimen.versioning.revisions import Revision
from specimen.versioning.seed_lock import TRAIN, is_training_of, read_seed_lock


@dataclass(frozen=True)
class Trainings:
    """The predictions of trainings with other seeds, a table each."""

    base: Sequence[pd.DataFrame]
    head: Sequence[pd.DataFrame]
    task: str


def read_trainings(base: RevisionOutputs, head: RevisionOutputs) -> Trainings | None:
    """Return the trainings that count; None where there is nothing to compare, or where nobody has trained any.

    Those of the base are its own, or those that were made of it next to this revision's. Raises `NotAvailableError`
    with what is missing, or why what there is does not count.
    """
    of_base, of_head = (outputs.stages.result().get(TRAIN) for outputs in (base, head))
    if of_base is None or of_head is None or is_training_of(of_head, of_base):
        return None
    base_revision, head_revision = base.revision.result(), head.revision.result()
    base_lock, head_lock = read_seed_lock(base_revision), read_seed_lock(head_revision)
    if not (base_lock.own or head_lock.own):
        return None
    own = head_lock.own_of(of_head)
    its_own, made_here = base_lock.own_of(of_base), head_lock.base_of(of_base)
    _require(own, head_lock.own, "this revision")
    sides = ((base_revision, base_lock.own, its_own), (head_revision, head_lock.base, made_here))
    side = max(sides, key=lambda one: len(one[2]))
    _require(side[2], {**base_lock.own, **head_lock.base}, "the base")
    task = head.predictions.result().task
    classes = task == "classification"
    tables = _read(*side, classes=classes)
    return Trainings(tables, _read(head_revision, head_lock.own, own, classes=classes), task)


def _require(counting: Sequence[str], known: Mapping[str, StageLock], whose: str) -> None:
    """Raise `NotAvailableError` where too few trainings count."""
    if len(counting) >= FEWEST_TRAININGS:
        return
    if known:
        raise NotAvailableError(
            f"of the trainings with other seeds of {whose}, {len(counting)} of {len(known)} had the data, code and "
            f"params that dvc.lock says, and it takes {FEWEST_TRAININGS}; `make seeds` makes them again"
        )
    raise NotAvailableError(f"{whose} has no trainings with other seeds; `make seeds` makes them")


def _read(
    revision: Revision, stages: Mapping[str, StageLock], paths: Sequence[str], *, classes: bool
) -> list[pd.DataFrame]:
    tables = []
    for path in paths:
        content, source = revision.read(path), f"{path} of {revision.label}"
        if content_md5(content) != stages[path].outputs.get(path):
            raise NotAvailableError(f"{source} is not what seeds/dvc.lock says")
        tables.append(parse_table(content, source, classes=classes))
    return tables


def collect_seeds(verdict: Verdict, trainings: Future[Trainings | None]) -> RecipeVerdict | None:
    """Return what the trainings say by the metric that decides; None where there is no verdict, or no trainings.

    Raises `NotAvailableError` and `NotComparableError`.
    """
    if verdict.word == "not comparable":
        return None
    known = trainings.result()
    if known is None:
        return None
    judged = judge_recipes(known.base, known.head, known.task, verdict.metric, level=verdict.level)
    return judged.model_copy(update={"unit": verdict.unit})

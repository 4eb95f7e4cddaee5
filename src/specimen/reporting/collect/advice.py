"""What `make advice` has written, and whether it is of the data and folds that the revision has."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from specimen.reporting.facts.advice import Advice, LargerError, Prospect, Suspect, WorseSlice
from specimen.reporting.facts.base import FIRST, plain
from specimen.reporting.revision_outputs import PARAMS, RevisionOutputs, read_target
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.worse_slices import worse_slices
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.fold_lock import LOCK, read_fold_lock, results_hash

FILE = "metrics/advice.json"
PREPARED = "data/prepared"


def collect_advice(head: RevisionOutputs, written: Future[Mapping[str, Any]]) -> Advice | None:
    """Return what to do next; None where nobody has asked. Raises `NotAvailableError` for a file that is damaged."""
    try:
        content = written.result()
    except NotFoundError:
        return None
    stale = _stale(head, content)
    unit = read_target(head.params.result(), PARAMS).unit
    try:
        return _advice(content, unit, stale)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAvailableError(f"{FILE} is not what `make advice` writes ({type(error).__name__})") from error


def collect_worse_slices(shared: Future[SharedPredictions]) -> tuple[WorseSlice, ...]:
    """Return the parts that got worse while all together got better; none where nothing can be compared."""
    return tuple(worse_slices(shared.result())[:FIRST])


def _stale(head: RevisionOutputs, content: Mapping[str, Any]) -> str:
    """Return why an advice does not belong to this revision; nothing if it does."""
    of = content.get("of") or {}
    try:
        stages = read_fold_lock(head.revision.result())
    except NotFoundError:
        return f"there is no {LOCK}"
    for fold, known in (of.get("folds") or {}).items():
        if fold not in stages or results_hash(fold, stages[fold]) != known:
            return f"fold {fold} has been trained again since"
    prepare = head.stages.result().get("prepare")
    if prepare is not None and prepare.outputs.get(PREPARED) != of.get("data"):
        return "the data have changed since"
    return ""


def _advice(content: Mapping[str, Any], unit: str, stale: str) -> Advice:
    suspects, slices, curve = content["suspects"], content["slices"], content.get("curve")
    metric = content["metric"]
    first = tuple(
        Suspect(name=one["image"], label=plain(one["target"]), says=plain(one["model says"]))
        for one in suspects["first"][:FIRST]
    )
    larger = tuple(
        LargerError(name=one["slice"], groups=one["groups"], inside=one[metric], elsewhere=one["elsewhere"])
        for one in slices["found"][:FIRST]
    )
    return Advice(
        stale=stale,
        metric=metric,
        unit=unit,
        labels=suspects["labels"],
        outside=suspects["outside"],
        first=first,
        tested=slices["tested"],
        larger=larger,
        curve=None if curve is None else _prospect(curve, metric),
    )


def _prospect(curve: Mapping[str, Any], metric: str) -> Prospect:
    then = curve["then"]
    return Prospect(
        times=curve["times"], now=curve["now"][metric], then=then[metric], low=then["low"], high=then["high"]
    )

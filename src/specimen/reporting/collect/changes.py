"""Metrics and params in the base and now, as `dvc metrics diff` and `dvc params diff` know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from specimen.common.flattening import flatten
from specimen.reporting.claims import LISTS
from specimen.reporting.facts.base import NotKnown, plain
from specimen.reporting.facts.changes import Change, Changes, keep_most
from specimen.reporting.revision_outputs import METRICS, RevisionOutputs
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import NotComparableError
from specimen.versioning.errors import NotAvailableError


def collect_changes(diff: Future[list[Change]], file: str, head: Future[Mapping[str, Any]]) -> Changes:
    """Return what changed, or where DVC cannot compare, the values of the head alone.

    Raises `NotAvailableError` where the head has none either.
    """
    try:
        return keep_most(diff.result())
    except NotAvailableError as error:
        return keep_most(values_of_head(file, head.result()), NotKnown(reason=str(error)))


def collect_metrics(
    diff: Future[list[Change]], head: RevisionOutputs, base: RevisionOutputs, shared: Future[SharedPredictions]
) -> Changes:
    """Return the metrics, and whether both revisions measured them on the same samples.

    Raises `NotAvailableError` where the head has none.
    """
    changes = collect_changes(diff, METRICS, head.metrics)
    return changes.model_copy(update={"comparable": _same_samples(head, base, shared)})


def _same_samples(head: RevisionOutputs, base: RevisionOutputs, shared: Future[SharedPredictions]) -> bool:
    try:
        pairs = len(shared.result().pairs)
    except (NotAvailableError, NotComparableError):
        return False
    return all(len(outputs.predictions.result().predictions) == pairs for outputs in (base, head))


def read_changes(diff: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[Change]:
    """Return what `dvc metrics diff --json` or `dvc params diff --json` printed, sorted by file and key.

    Lists of folds and of seeds are left out.
    """
    files = [(file, keys) for file, keys in sorted(diff.items()) if file not in LISTS]
    return [_change(file, key, **values) for file, keys in files for key, values in sorted(keys.items())]


def _change(file: str, key: str, old: object = None, new: object = None, diff: float | None = None) -> Change:
    return Change(file=file, key=key, old=plain(old), new=plain(new), difference=diff)


def values_of_head(file: str, content: Mapping[str, Any]) -> Sequence[Change]:
    """Return the values of one revision as new, where DVC has nothing to compare them with."""
    return [Change(file=file, key=key, new=plain(value)) for key, value in sorted(flatten(content, ".").items())]

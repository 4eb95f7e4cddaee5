"""Which data and folds an advice belongs to, so that one of other data or folds is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.fold_lock import LOCK, read_fold_lock, results_hash
from specimen.versioning.lock import StageLock
from specimen.versioning.revisions import Revision

PREPARED = "data/prepared"


def origin_of(revision: Revision, count: int) -> dict[str, Any]:
    """Return the hashes, as DVC gives them, of the prepared data and of the results of each fold.

    Raises `SpecimenError` where DVC has not run all folds, or not with the same data.
    """
    stages = _fold_stages(revision)
    folds = [str(fold) for fold in range(count)]
    for fold in folds:
        if fold not in stages:
            raise SpecimenError(f"{LOCK}: DVC has not run fold {fold}. Run `make cv` first.")
    data = {stages[fold].deps.get(PREPARED, "") for fold in folds}
    if len(data) > 1:
        raise SpecimenError(f"{LOCK}: not all folds are of the same data. Run `make cv` first.")
    return {"data": data.pop(), "folds": {fold: results_hash(fold, stages[fold]) for fold in folds}}


def _fold_stages(revision: Revision) -> Mapping[str, StageLock]:
    try:
        return read_fold_lock(revision)
    except NotAvailableError as error:
        raise SpecimenError(f"{error}: `make cv` trains the folds, then come back.") from error

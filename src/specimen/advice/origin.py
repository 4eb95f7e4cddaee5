"""Which data and folds an advice belongs to, so that one of other data or folds is noticed."""

from __future__ import annotations

from typing import Any

from specimen.common.errors import SpecimenError
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import StageLock, read_lock
from specimen.versioning.revisions import Revision

FOLD_LOCK = "folds/dvc.lock"
PREPARED = "data/prepared"


def origin_of(revision: Revision, count: int) -> dict[str, Any]:
    """Return the hashes, as DVC gives them, of the prepared data and of the results of each fold.

    Raises `SpecimenError` where DVC has not run all folds, or not with the same data.
    """
    stages = _fold_stages(revision)
    data: set[str] = set()
    folds: dict[str, str] = {}
    for fold in range(count):
        stage = stages.get(f"fold@{fold}")
        if stage is None:
            raise SpecimenError(f"{FOLD_LOCK}: DVC has not run fold {fold}. Run `make cv` first.")
        data.add(stage.deps.get(PREPARED, ""))
        folds[str(fold)] = stage.outputs.get(f"folds/fold-{fold}", "")
    if len(data) > 1:
        raise SpecimenError(f"{FOLD_LOCK}: not all folds are of the same data. Run `make cv` first.")
    return {"data": data.pop(), "folds": folds}


def _fold_stages(revision: Revision) -> dict[str, StageLock]:
    try:
        return read_lock(revision.yaml(FOLD_LOCK), FOLD_LOCK)
    except NotAvailableError as error:
        raise SpecimenError(f"{error}: `make cv` trains the folds, then come back.") from error

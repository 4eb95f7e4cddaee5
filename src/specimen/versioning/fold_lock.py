"""The folds of `make cv`, as DVC has run them in a revision."""

from __future__ import annotations

from collections.abc import Mapping

from specimen.versioning.lock import StageLock, read_lock
from specimen.versioning.revisions import Revision

LOCK = "folds/dvc.lock"
STAGE = "fold@"


def read_fold_lock(revision: Revision) -> Mapping[str, StageLock]:
    """Return the stage of each fold that has run, by its number. Raises `NotFoundError` where none has."""
    stages = read_lock(revision.yaml(LOCK), LOCK)
    return {name.removeprefix(STAGE): stage for name, stage in stages.items() if name.startswith(STAGE)}


def results_hash(fold: str, stage: StageLock) -> str:
    """Return the hash, as DVC gives it, of the results of a fold."""
    return stage.outputs.get(f"folds/fold-{fold}", "")

"""A copy of the base with its code, params and prepared data, to train it again without leaving the branch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from specimen.common.errors import SpecimenError
from specimen.versioning.dvc_commands import read_dvc
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import StageLock
from specimen.versioning.provenance import check_out, is_stale
from specimen.versioning.revisions import Revision
from specimen.versioning.seed_lock import TRAIN


def copy_base(base: Revision, folder: Path, train: StageLock) -> None:
    """Put a base with all that its stage train depends on into a folder, unless it is there; DVC's cache is shared.

    Raises `SpecimenError` where the data are not available, or where its `dvc.lock` says something else than its files.
    """
    if folder.is_dir():
        return  # by an interrupted run, whose checkpoint counts only for these files
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        project = check_out(base, aside)
        cache = read_dvc(base.root, "cache", "dir").strip()
        read_dvc(project, "cache", "dir", "--local", cache)
        _fetch(base, project, train.deps)
        stale = is_stale(project, TRAIN)
    except NotAvailableError as error:
        raise SpecimenError(f"{base.label}: {error}.") from error
    if stale:
        raise SpecimenError(
            f"{base.label}: its dvc.lock is not of its code, params and data, so nobody knows what its model was "
            "trained with. Run `dvc repro` there and commit dvc.lock first."
        )
    project.rename(folder)  # of a repository below the root of Git, the rest is not needed
    shutil.rmtree(aside, ignore_errors=True)


def _fetch(base: Revision, project: Path, deps: Iterable[str]) -> None:
    """Get the deps that DVC has, from the cache or from the remote."""
    for dep in deps:
        for command in ("checkout", "pull"):
            if not (project / dep).exists():
                _try(project, command, dep)
        if not (project / dep).exists():
            raise SpecimenError(
                f"{base.label}: {dep} is neither in the cache nor in the remote. `dvc push` on the machine that has it "
                "sends it; `dvc repro` on that revision makes it again."
            )


def _try(project: Path, command: str, dep: str) -> None:
    try:
        read_dvc(project, command, dep)
    except NotAvailableError:
        return  # what is missing then is said once, with the ways out

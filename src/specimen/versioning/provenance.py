"""Can this be repeated? What DVC and Git say of the lock, the outputs in the remote and the stages that ran."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specimen.versioning.dvc_commands import read_dvc, read_dvc_json
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.git_commands import folder_in_repository, read_git
from specimen.versioning.remote_config import NOT_CONNECTED, is_unconnected
from specimen.versioning.revisions import Revision
from specimen.versioning.states import StageState

_PRINTED: tuple[tuple[StageState, str], ...] = (
    ("unchanged", r"^(?:Stage )?'([^'\n]+)' didn't change, skipping"),
    ("from cache", r"^Stage '([^'\n]+)' is cached - skipping run"),
    ("ran", r"^Running stage '([^'\n]+)'"),
)
"""What `dvc repro` prints; the later count more, for a dry run calls a stage cached and then says that it would run."""
WRITTEN_BY_DVC = ("*dvc.lock", "metrics", "*.dvc")
"""What Git keeps of what DVC and the stages write, as Git's own patterns."""


def read_log(text: str) -> dict[str, StageState]:
    """Return what became of each stage, in their order, from what `dvc repro` printed."""
    states = {name: state for state, pattern in _PRINTED for name in re.findall(pattern, text, re.MULTILINE)}
    order = {name: position for position, name in enumerate(re.findall(r"'([^'\n]+)'", text))}
    return dict(sorted(states.items(), key=lambda item: order[item[0]]))


def stale_stages(root: Path, seconds: float | None = None) -> dict[str, bool]:
    """Return for each stage whether code, params or data differ from what `dvc.lock` says.

    Raises `NotAvailableError`, also where DVC takes longer than so many seconds.
    """
    return _are_stale(root, seconds=seconds)


def is_stale(root: Path, stage: str) -> bool:
    """Return the same for one stage, whose deps must be there; stages before it do not count.

    Raises `NotAvailableError`.
    """
    return _are_stale(root, "--single-item", stage).get(stage, True)


def _are_stale(root: Path, *targets: str, seconds: float | None = None) -> dict[str, bool]:
    states = read_log(read_dvc(root, "repro", "--dry", "--allow-missing", *targets, seconds=seconds))
    return {name: state != "unchanged" for name, state in states.items()}


def not_in_remote(root: Path, seconds: float | None = None) -> list[str]:
    """Return the outputs that the remote lacks; files of a folder that is named itself are left out.

    Raises `NotAvailableError` where the remote cannot be asked, or takes longer than so many seconds.
    """
    if is_unconnected(root):  # somebody else's bucket may have that name
        raise NotAvailableError(NOT_CONNECTED)
    status = read_dvc_json(root, "data", "status", "--not-in-remote", "--granular", seconds=seconds)
    missing: list[str] = status.get("not_in_remote", [])
    folders = tuple(path for path in missing if path.endswith("/"))
    return sorted(path for path in missing if not any(path != folder and path.startswith(folder) for folder in folders))


def uncommitted(root: Path) -> list[str]:
    """Return what Git would commit of the files that DVC and the stages write. Raises `NotAvailableError` without Git.

    A file that was renamed goes by its new name.
    """
    # -z, because Git puts quotes and escapes around names with spaces or umlauts otherwise.
    status = read_git(root, "status", "--porcelain", "-z", "--untracked-files=no", "--", *WRITTEN_BY_DVC)
    entries = iter(status.split("\0"))
    names = []
    for entry in entries:
        if not entry:
            continue
        state = entry[:2]
        names.append(entry[3:])
        if "R" in state or "C" in state:
            next(entries)  # the name that it was renamed or copied from
    return names


@contextmanager
def checked_out(revision: Revision) -> Iterator[Path]:
    """Yield a folder with a revision as DVC wants it, without data: the repository itself for the workspace.

    Raises `NotAvailableError` where Git fails.
    """
    if revision.name is None:
        yield revision.root
        return
    with tempfile.TemporaryDirectory(prefix="specimen-report-") as folder:
        yield check_out(revision, Path(folder) / "repository")


def check_out(revision: Revision, clone: Path) -> Path:
    """Clone a revision into a folder that is not there yet; return the folder of the project in it.

    Raises `NotAvailableError` where Git fails.
    """
    top = read_git(revision.root, "rev-parse", "--show-toplevel").rstrip("\n")
    read_git(revision.root, "clone", "--quiet", "--shared", "--no-checkout", top, str(clone))
    read_git(clone, "checkout", "--quiet", "--detach", str(revision.name))
    project = clone / folder_in_repository(revision.root)
    local = revision.root / ".dvc/config.local"
    if local.exists():
        shutil.copy(local, project / ".dvc/config.local")
    return project

"""Can this be repeated? What DVC says of the lock, the outputs in the remote and the stages that ran."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from specimen.versioning.dvc_commands import NotAvailableError, dvc_json, run_dvc
from specimen.versioning.revisions import Revision

RAN, CACHED, UNCHANGED = "ran", "from cache", "unchanged"
_SAID = (
    (UNCHANGED, r"^(?:Stage )?'([^'\n]+)' didn't change, skipping"),
    (CACHED, r"^Stage '([^'\n]+)' is cached - skipping run"),
    (RAN, r"^Running stage '([^'\n]+)'"),
)
"""What `dvc repro` prints; the later count more, for a dry run calls a stage cached and then says that it would run."""


def read_log(text: str) -> dict[str, str]:
    """Return what became of each stage, from what `dvc repro` printed."""
    found = [(name, state) for state, pattern in _SAID for name in re.findall(pattern, text, re.MULTILINE)]
    order = {match: place for place, match in enumerate(re.findall(r"'([^'\n]+)'", text))}
    return dict(sorted(dict(found).items(), key=lambda item: order[item[0]]))


def stale_stages(root: Path) -> dict[str, bool]:
    """Return for each stage whether code, params or data are others than `dvc.lock` says. Raises `MissingError`."""
    states = read_log(run_dvc(root, "repro", "--dry", "--allow-missing"))
    return {name: state != UNCHANGED for name, state in states.items()}


def not_in_remote(root: Path) -> list[str]:
    """Return the outputs that the remote lacks; files of a folder that is named itself are left out.

    Raises `MissingError` where the remote cannot be asked.
    """
    missing = dvc_json(root, "data", "status", "--not-in-remote", "--granular").get("not_in_remote", [])
    folders = tuple(path for path in missing if path.endswith("/"))
    return sorted(path for path in missing if not any(path != folder and path.startswith(folder) for folder in folders))


def uncommitted(root: Path) -> list[str]:
    """Return what Git would commit of the files that DVC and the stages write. Raises `MissingError` without Git."""
    command = ["git", "status", "--porcelain", "--untracked-files=no", "--", "*dvc.lock", "metrics", "*.dvc"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotAvailableError(f"`git status` did not work: {done.stderr.strip()}")
    return [line[3:] for line in done.stdout.splitlines()]


def changed_stages(base: dict[str, Any], head: dict[str, Any]) -> dict[str, str]:
    """Return for each stage of two locks: same outputs, other outputs, new, or gone."""

    def outputs(stage: dict[str, Any]) -> dict[str, str]:
        return {out["path"]: out.get("md5", "") for out in stage.get("outs", [])}

    states = {name: "same outputs" if outputs(stage) == outputs(base.get(name, {})) else "other outputs"
              for name, stage in head.items()}  # fmt: skip
    states |= dict.fromkeys(head.keys() - base.keys(), "new") | dict.fromkeys(base.keys() - head.keys(), "gone")
    return states


@contextmanager
def checked_out(revision: Revision) -> Iterator[Path]:
    """Yield a folder in which a revision lies as DVC wants it, without data: the repository itself for the workspace.

    Raises `MissingError` where Git fails.
    """
    if revision.name is None:
        yield revision.root
        return
    with tempfile.TemporaryDirectory(prefix="specimen-report-") as folder:
        clone = Path(folder) / "repository"
        for command in (
            ["git", "clone", "--quiet", "--shared", "--no-checkout", str(revision.root), str(clone)],
            ["git", "-C", str(clone), "checkout", "--quiet", "--detach", revision.name],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotAvailableError(f"`{' '.join(command[:2])}` did not work: {done.stderr.strip()}")
        local = revision.root / ".dvc/config.local"
        if local.exists():
            shutil.copy(local, clone / ".dvc/config.local")
        yield clone

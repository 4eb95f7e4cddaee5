"""A clone of this repository with the outputs of its pipeline, for pictures that need a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from specimen.common.errors import SpecimenError

REMOTE = "storage"
"""The remote of `.dvc/config`."""
AUTHOR = ("-c", "user.name=Specimen", "-c", "user.email=specimen@example.com")


def make_clone(repository: Path, clone: Path) -> Path:
    """Clone a repository, and run what its cache does not have: `dvc pull` finds that cache in place of the remote."""
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    run_dvc(clone, "remote", "modify", "--quiet", "--local", REMOTE, "url", str(repository / ".dvc/cache"))
    run_dvc(clone, "pull", "--quiet", "--run-cache", "--allow-missing")
    run_dvc(clone, "repro", "--quiet")
    return clone


def run_dvc(clone: Path, *arguments: str) -> None:
    """Run a command of DVC in a clone."""
    run_python(clone, "-m", "dvc", *arguments)


def run_python(clone: Path, *arguments: str) -> None:
    """Run Python on the code of a clone. Raises `SpecimenError` if that fails."""
    env = os.environ | {"PYTHONPATH": str(clone / "src"), "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=clone, env=env, check=False)
    if done.returncode:
        raise SpecimenError(f"`python {' '.join(arguments)}` has failed in a clone of this repository; see above.")


def commit(clone: Path, message: str) -> None:
    """Commit all changes of files that Git knows, and what DVC has staged."""
    _git(clone, "commit", "--quiet", "--all", "--no-verify", "--message", message)


def revert(clone: Path) -> None:
    """Commit what was there before the last commit."""
    _git(clone, "revert", "--no-edit", "HEAD")


def _git(clone: Path, *arguments: str) -> None:
    subprocess.run(["git", *AUTHOR, *arguments], cwd=clone, check=True, stdout=subprocess.DEVNULL)

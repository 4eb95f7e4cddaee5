"""Commands of Git, and what they print."""

from __future__ import annotations

import subprocess
from pathlib import Path

from specimen.versioning.errors import NotAvailableError


def read_git(root: Path, *arguments: str) -> str:
    """Return what a Git command printed. Raises `NotAvailableError` with what Git says of its failure."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, errors="surrogateescape", check=False)
    if done.returncode:
        raise NotAvailableError(f"`git {arguments[0]}` did not work: {done.stderr.strip()}")
    return done.stdout


def ask_git(root: Path, *arguments: str) -> str:
    """Return what a Git command printed, without white space around it; nothing where it failed."""
    try:
        return read_git(root, *arguments).strip()
    except NotAvailableError:
        return ""


def folder_in_repository(root: Path) -> str:
    """Return where a folder is in its repository, with a slash at its end; nothing for the root itself."""
    return ask_git(root, "rev-parse", "--show-prefix")


def find_commit(root: Path, name: str) -> str:
    """Return the hash of the commit that a name means here; empty where Git does not know it."""
    # --end-of-options, or a name such as --help would be an option.
    return ask_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")

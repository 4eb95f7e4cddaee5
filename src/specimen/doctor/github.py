"""Questions to GitHub, asked through its program `gh`, whose login counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 20.0


class RefusedError(Exception):
    """GitHub does not answer the question; the message says why, in the words of `gh`."""

    @property
    def not_found(self) -> bool:
        """Whether the thing is not there, or hidden from who asks."""
        return "HTTP 404" in str(self)


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub."""

    root: Path
    name: str
    """OWNER/NAME."""
    branch: str
    """The default branch."""
    private: bool

    def get(self, path: str) -> Any:
        """Return what GitHub's API says of a path below the repository. Raises `RefusedError`."""
        return json.loads(ask_gh(self.root, "api", f"repos/{self.name}/{path}"))


def find_repository(root: Path) -> Repository:
    """Return the repository that this is a clone of. Raises `RefusedError`."""
    answer = json.loads(ask_gh(root, "repo", "view", "--json", "nameWithOwner,defaultBranchRef,isPrivate"))
    branch = (answer.get("defaultBranchRef") or {}).get("name", "")
    return Repository(root, answer["nameWithOwner"], branch, bool(answer["isPrivate"]))


def is_installed() -> bool:
    """Tell whether there is a `gh`."""
    return shutil.which("gh") is not None


def ask_gh(root: Path, *arguments: str) -> str:
    """Return what `gh` printed. Raises `RefusedError`."""
    settings = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            ["gh", *arguments],
            cwd=root,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RefusedError(f"no answer within {SECONDS:g} s") from None
    if done.returncode:
        raise RefusedError(" ".join(done.stderr.split()) or f"exit status {done.returncode}")
    return done.stdout

"""Questions to GitHub, asked through its program `gh`, whose login counts."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specimen.connecting.cli_program import Program
from specimen.connecting.github import GH

SECONDS = 20.0


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
        return json.loads(_gh(self.root).ask("api", f"repos/{self.name}/{path}"))


def find_repository(root: Path) -> Repository:
    """Return the repository that this is a clone of. Raises `RefusedError`."""
    answer = json.loads(_gh(root).ask("repo", "view", "--json", "nameWithOwner,defaultBranchRef,isPrivate"))
    branch = (answer.get("defaultBranchRef") or {}).get("name", "")
    return Repository(root, answer["nameWithOwner"], branch, bool(answer["isPrivate"]))


def _gh(root: Path) -> Program:
    return replace(GH, folder=root, seconds=SECONDS)

"""The copies of a repository that DVC, or a tool here, works in and removes afterwards."""

from __future__ import annotations

from pathlib import Path

COPIES = (".dvc", "tmp")
"""Where they are, in the repository."""


def repository_of(folder: Path) -> Path:
    """Return the repository itself that a copy was made of, also of a copy in a copy; else the folder."""
    parts = folder.parts
    for index in range(1, len(parts)):
        if parts[index : index + 2] == COPIES:
            return Path(*parts[:index])
    return folder

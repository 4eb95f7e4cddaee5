"""What all trackers share: what a run of one must do, and where the repository is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

PROJECT = "specimen"


PACKAGE = Path(__file__).parents[1]


class Run(Protocol):
    """One run of a tracker, opened by its constructor from what `tracking.py` and `tracker_process.py` say of it."""

    place: str
    """Where it is written to."""

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Write the numbers of one epoch."""

    def log_results(self, metrics: dict[str, Any], plots: Path, model: Path, data: Path) -> None:
        """Write the final metrics, the plots, the model and what it was made from."""

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""


def home() -> Path:
    """Return the root of the repository, also in one of the copies that DVC makes for queued experiments."""
    here = Path.cwd()
    return next((folder.parent for folder in here.parents if folder.name == ".dvc"), here)

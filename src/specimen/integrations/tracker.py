"""What all trackers share: what they get of a run, what they must do with it, and where the repository is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from specimen.common.copies import repository_of
from specimen.integrations.tracking import ResultFiles

PROJECT = "specimen"
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class RunFacts:
    """What a tracker gets when a run begins."""

    name: str
    """What people see, such as `resnet18-sqrt-e9-s1`."""
    session: str
    """What the stages know the run by."""
    resumed: bool
    """Whether an earlier stage has begun this run."""
    params: Mapping[str, Any]
    """The sections of params.yaml that decide a run, with all defaults."""
    commit: str
    """Of Git; empty outside of a repository."""
    lock_md5: str
    """Of dvc.lock; empty where there is none."""


class TrackerRun(Protocol):
    """One run of a tracker, opened by its constructor from `RunFacts`."""

    location: str
    """Where it is written to, for the one line that a user sees."""

    def log(self, values: Mapping[str, float], epoch: int) -> None:
        """Write the numbers of one epoch, from 1."""

    def log_results(self, metrics: Mapping[str, float], files: ResultFiles) -> None:
        """Write the final metrics, and the model with what it was made from and what it predicts."""

    def log_onnx(self, path: Path) -> None:
        """Write the model as ONNX."""

    def end(self, *, succeeded: bool) -> None:
        """Close the run."""


def repository_root() -> Path:
    """Return the root of the repository, also in one of the copies that DVC makes for queued experiments."""
    return repository_of(Path.cwd())

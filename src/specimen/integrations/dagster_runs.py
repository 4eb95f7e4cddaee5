"""Runs of stages for Dagster: `dvc repro` in the workspace, or an experiment that leaves the workspace alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from specimen.versioning.dvc_commands import set_param, stream_dvc
from specimen.versioning.provenance import read_log
from specimen.versioning.revisions import Revision
from specimen.versioning.states import StageState

Say = Callable[[str], object]


@dataclass(frozen=True)
class StageRun:
    """What became of a stage."""

    address: str
    state: StageState
    results: Revision
    """Where its outputs are."""
    notes: dict[str, str] = field(default_factory=dict)
    """Of an experiment: its name, its changes, and how to get it into the workspace."""


def run_in_workspace(root: Path, addresses: Sequence[str], say: Say) -> Iterator[StageRun]:
    """Bring stages up to date one by one, and yield what became of each. Raises `SpecimenError` of one that fails."""
    for address in addresses:
        state = _run(root, ["repro", "--single-item", address], say).get(address, "unchanged")
        yield StageRun(address, state, Revision(root))


def run_experiment(
    root: Path, name: str, changes: Sequence[str], addresses: Sequence[str], say: Say
) -> Iterator[StageRun]:
    """Run stages, and those that they need, with changed params in a copy of the repository.

    What comes out is the experiment `name` of DVC; workspace and params.yaml stay as they are. Raises `SpecimenError`.
    """
    options = [f"--set-param={set_param(change)}" for change in changes]
    states = _run(root, ["exp", "run", "--temp", "--name", name, *options, *addresses], say)
    notes = {"experiment": name, "changes": ", ".join(changes), "to apply it": f"dvc exp apply {name}"}
    for address in addresses:
        yield StageRun(address, states.get(address, "unchanged"), Revision(root, name, name), notes)


def _run(root: Path, arguments: Sequence[str], say: Say) -> dict[str, StageState]:
    """Run a command of DVC and return what became of each stage, by its address."""
    lines = []
    for line in stream_dvc(root, *arguments):
        say(line)
        lines.append(line)
    return read_log("\n".join(lines))

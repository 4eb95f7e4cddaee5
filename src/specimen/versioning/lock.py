"""What a `dvc.lock` says of each stage: what went in, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.states import StageOutputs


@dataclass(frozen=True)
class StageLock:
    """A stage as it ran: paths with their md5 hashes, empty where DVC keeps none."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    command: str | list[str] = ""
    deps: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    """By the file that they are from."""

    @property
    def inputs(self) -> tuple[object, ...]:
        """Command, deps and params; two stages with equal ones have done the same work."""
        return self.command, self.deps, self.params


Lock = Mapping[str, StageLock]
"""Stages by their names."""


class _File(BaseModel):
    path: str
    md5: str = ""


class _Stage(BaseModel):
    cmd: str | list[str] = ""
    deps: list[_File] = []
    params: dict[str, Any] = {}
    outs: list[_File] = []


class _LockFile(BaseModel):
    stages: dict[str, _Stage] = {}


def read_lock(content: Mapping[str, Any], source: str) -> dict[str, StageLock]:
    """Return the stages of a lock. Raises `NotAvailableError` for what DVC did not write."""
    try:
        stages = _LockFile.model_validate(content).stages
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        raise NotAvailableError(f"{source} is not a lock file of DVC ({key}: {fault['msg']})") from None
    return {
        name: StageLock(_hashes(stage.outs), stage.cmd, _hashes(stage.deps), stage.params)
        for name, stage in stages.items()
    }


def _hashes(files: list[_File]) -> dict[str, str]:
    return {file.path: file.md5 for file in files}


def changed_stages(base: Lock, head: Lock) -> dict[str, StageOutputs]:
    """Return for each stage of two locks: same outputs, other outputs, new, or gone."""
    states: dict[str, StageOutputs] = {}
    for name, stage in head.items():
        if name not in base:
            states[name] = "new"
        else:
            states[name] = "same outputs" if stage.outputs == base[name].outputs else "other outputs"
    for name in base.keys() - head.keys():
        states[name] = "gone"
    return states


def unexplained_stages(base: Lock, head: Lock) -> list[str]:
    """Return the stages with the same command, deps and params in both locks, and yet with other outputs."""
    return [name for name, stage in head.items() if name in base and _is_unexplained(base[name], stage)]


def _is_unexplained(base: StageLock, head: StageLock) -> bool:
    shared = base.outputs.keys() & head.outputs.keys()
    return base.inputs == head.inputs and any(base.outputs[path] != head.outputs[path] for path in shared)

"""What a `dvc.lock` says of the outputs of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.states import StageOutputs

Outputs = Mapping[str, str]
"""Paths and md5 hashes of the outputs of a stage; the hash is empty where DVC keeps none."""


class _Output(BaseModel):
    path: str
    md5: str = ""


class _Stage(BaseModel):
    outs: list[_Output] = []


class _Lock(BaseModel):
    stages: dict[str, _Stage] = {}


def read_lock(content: Mapping[str, Any], source: str) -> dict[str, Outputs]:
    """Return the outputs of each stage of a lock. Raises `NotAvailableError` for what DVC did not write."""
    try:
        lock = _Lock.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        raise NotAvailableError(f"{source} is not a lock file of DVC ({key}: {fault['msg']})") from None
    return {name: {output.path: output.md5 for output in stage.outs} for name, stage in lock.stages.items()}


def changed_stages(base: Mapping[str, Outputs], head: Mapping[str, Outputs]) -> dict[str, StageOutputs]:
    """Return for each stage of two locks: same outputs, other outputs, new, or gone."""
    states: dict[str, StageOutputs] = {}
    for name, outputs in head.items():
        if name not in base:
            states[name] = "new"
        else:
            states[name] = "same outputs" if outputs == base[name] else "other outputs"
    for name in base.keys() - head.keys():
        states[name] = "gone"
    return states

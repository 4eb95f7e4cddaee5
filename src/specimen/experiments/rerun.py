"""Train and evaluate once more in a folder aside, with a few params changed: for a fold, or for another seed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.config.base import PARAMS_FILE, read_yaml


def params_aside(project: Path) -> dict[str, Any]:
    """Return the params of a project for a run in another folder, unchecked: the stages check what they read.

    Files that they name are found from there too, and no trackers hear of the run. Raises `SpecimenError` where there
    is no section train.
    """
    source = project / PARAMS_FILE
    params: dict[str, Any] = read_yaml(source)
    train = params.get("train") if isinstance(params, dict) else None
    if not isinstance(train, dict):
        raise SpecimenError(f"{source} has no section train.")
    if train.get("track"):
        train["track"] = []
    weights = train.get("weights")
    if isinstance(weights, str) and (project / weights).is_file():
        train["weights"] = str((project / weights).absolute())
    return params


def write_params(folder: Path, params: dict[str, Any]) -> None:
    """Write the `params.yaml` of a run."""
    with replace_atomically(folder / PARAMS_FILE) as aside:
        aside.write_text(yaml.safe_dump(params), encoding="utf-8")


def run_stage(folder: Path, *command: str, hide: Collection[str]) -> None:
    """Run a stage in a folder, without the variables in `hide`; if it fails, end with its status, for it has said why.

    Trackers can also be asked for in the environment: that is for a run of the pipeline, not for each of these.
    """
    env = {name: value for name, value in os.environ.items() if name not in hide}
    done = subprocess.run(command, cwd=folder, env=env, check=False)
    if done.returncode:
        sys.exit(done.returncode)

"""Which trainings with other seeds a revision has, and which of them are trainings of what `dvc.lock` says.

A training counts if it had the same data, code and params as the model in `dvc.lock`, but for its seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specimen.common.hashing import content_md5
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.lock import Lock, StageLock, read_lock
from specimen.versioning.revisions import LOCK as PIPELINE_LOCK
from specimen.versioning.revisions import Revision

LIST = "seeds/seeds.yaml"
LOCK = "seeds/dvc.lock"
TRAIN = "train"
"""The stage that makes the model, and its section of the params."""


@dataclass(frozen=True)
class SeedLock:
    """The trainings with other seeds that a revision lists, of its own and of its base."""

    own: Mapping[str, StageLock]
    """By the paths of their predictions."""
    base: Mapping[str, StageLock]

    def own_of(self, train: StageLock) -> list[str]:
        """Return the predictions of this revision that were made as `train` was."""
        return [path for path, stage in self.own.items() if is_training_of(stage, train)]

    def base_of(self, train: StageLock) -> list[str]:
        """Return the predictions of the base that were made as its `train` was."""
        option = f"--base {training_key(train)}"
        return [path for path, stage in self.base.items() if str(stage.command).endswith(option)]


def model_training(revision: Revision) -> StageLock | None:
    """Return how the model of a revision was trained; None where none was. Raises `NotAvailableError`."""
    try:
        lock = revision.yaml(PIPELINE_LOCK)
    except NotFoundError:
        return None
    return read_lock(lock, f"{PIPELINE_LOCK} of {revision.label}").get(TRAIN)


def read_seed_lock(revision: Revision) -> SeedLock:
    """Return what a revision has of trainings with other seeds. Raises `NotAvailableError` for a damaged file."""
    try:
        listed = revision.yaml(LIST)
        stages = read_lock(revision.yaml(LOCK), f"{LOCK} of {revision.label}")
    except NotFoundError:
        return SeedLock({}, {})
    return SeedLock(_stages(listed, "seeds", "seed", stages), _stages(listed, "base_seeds", "base", stages))


def _stages(listed: Mapping[str, Any], key: str, stage: str, stages: Lock) -> dict[str, StageLock]:
    seeds = listed.get(key)
    if not isinstance(seeds, list):
        raise NotAvailableError(f"{LIST} has no list `{key}`")
    names = {f"{stage}@{seed}": f"seeds/{stage}-{seed}.csv" for seed in seeds}
    return {path: stages[name] for name, path in names.items() if name in stages}


def is_training_of(stage: StageLock, train: StageLock) -> bool:
    """Return whether a stage had all deps of the stage train, with the same content, and the same params."""
    same_deps = bool(train.deps) and all(stage.deps.get(path) == md5 for path, md5 in train.deps.items())
    return same_deps and _params(stage) == _params(train)


def training_key(train: StageLock) -> str:
    """Return a hash of the data, code and params of a training."""
    return content_md5(json.dumps([sorted(train.deps.items()), _params(train)], sort_keys=True).encode())


def seed_of(train: StageLock) -> int:
    """Return the seed of a training, see `seed_in`."""
    return seed_in(_params(train))


def seed_in(params: Any) -> int:
    """Return the seed in a section `train`, or the default of those that name none: 1, and 0 of a forest."""
    section, key, default = params, "seed", 1
    if isinstance(params, dict) and params.get("backbone") == "forest":  # which has a seed of its own
        section, key, default = params.get("forest"), "random_state", 0
    seed = section.get(key) if isinstance(section, dict) else None
    return seed if isinstance(seed, int) else default


def _params(stage: StageLock) -> Any:
    params = stage.params.get("params.yaml")
    return params.get(TRAIN) if isinstance(params, dict) else None

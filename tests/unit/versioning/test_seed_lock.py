"""Trainings with other seeds: which of them are trainings of what `dvc.lock` says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.lock import StageLock, read_lock
from specimen.versioning.revisions import Revision
from specimen.versioning.seed_lock import LIST, LOCK, is_training_of, read_seed_lock, seed_in, seed_of, training_key

DEPS = {"data/prepared": "d1.dir", "src/train.py": "c1"}
TRAIN = StageLock({}, "python src/train.py", DEPS, {"params.yaml": {"train": {"lr": 0.001, "seed": 4}}})
SEED = replace(TRAIN, command="python src/seed.py 2", deps={**DEPS, "src/seed.py": "c2"})


class Files(Revision):
    """A revision with files that are given as what they hold."""

    def __init__(self, **files: Any) -> None:
        super().__init__(Path(), "0" * 40, "main")
        object.__setattr__(self, "files", files)

    def yaml(self, path: str) -> dict[str, Any]:
        known: dict[str, Any] = getattr(self, "files")  # noqa: B009
        name = {LIST: "listed", LOCK: "lock"}[path]
        if name not in known:
            raise NotFoundError(path)
        content: dict[str, Any] = known[name]
        return content


def lock_of(stage: StageLock) -> dict[str, Any]:
    deps = [{"path": path, "md5": md5} for path, md5 in stage.deps.items()]
    return {"cmd": stage.command, "deps": deps, "params": stage.params}


def test_a_training_counts_if_only_its_seed_is_another() -> None:
    assert is_training_of(SEED, TRAIN)


@pytest.mark.parametrize("changed", [
    replace(SEED, deps=SEED.deps | {"data/prepared": "d2.dir"}),
    replace(SEED, deps=SEED.deps | {"src/train.py": "c9"}),
    replace(SEED, deps={"src/train.py": "c1"}),
    replace(SEED, params={"params.yaml": {"train": {"lr": 0.003, "seed": 4}}}),
    replace(SEED, params={}),
])  # fmt: skip
def test_other_data_code_or_params_do_not_count(changed: StageLock) -> None:
    assert not is_training_of(changed, TRAIN)
    assert is_training_of(SEED, TRAIN)


def test_a_lock_without_deps_has_no_trainings() -> None:
    assert not is_training_of(StageLock(), StageLock())


def test_the_key_of_a_base_is_what_it_was_trained_with() -> None:
    key = training_key(TRAIN)
    assert key == training_key(replace(TRAIN, deps=dict(reversed(DEPS.items())), outputs={"models/model.pt": "m"}))
    assert key != training_key(replace(TRAIN, deps={**DEPS, "data/prepared": "d2.dir"}))
    assert key != training_key(replace(TRAIN, params={"params.yaml": {"train": {"lr": 0.003}}}))


def test_the_trainings_that_are_listed_are_found_by_their_lock() -> None:
    base = StageLock({}, f"python src/seed.py 1 --base {training_key(TRAIN)}")
    stages = {"seed@1": lock_of(SEED), "seed@2": lock_of(SEED), "base@1": lock_of(base), "seed@9": lock_of(SEED)}
    listed = {"seeds": [1, 2, 3], "base": "x", "base_seeds": [1]}
    known = read_seed_lock(Files(listed=listed, lock={"stages": stages}))
    assert known.own_of(TRAIN) == ["seeds/seed-1.csv", "seeds/seed-2.csv"]
    assert known.base_of(TRAIN) == ["seeds/base-1.csv"]
    other = replace(TRAIN, params={"params.yaml": {"train": {"lr": 0.003, "seed": 4}}})
    assert known.own_of(other) == known.base_of(other) == []


@pytest.mark.parametrize("files", [{}, {"listed": {"seeds": [1], "base_seeds": []}}])
def test_a_revision_that_has_never_heard_of_seeds_has_none(files: dict[str, Any]) -> None:
    known = read_seed_lock(Files(**files))
    assert (known.own, known.base) == ({}, {})


def test_a_list_that_make_seeds_did_not_write_is_an_error() -> None:
    with pytest.raises(NotAvailableError, match=r"seeds/seeds\.yaml has no list `seeds`"):
        read_seed_lock(Files(listed={"seeds": "all"}, lock={"stages": {}}))


def test_the_seed_of_a_training_is_in_its_params() -> None:
    assert seed_of(TRAIN) == 4
    assert seed_of(StageLock()) == 1


def test_a_forest_has_a_seed_of_its_own() -> None:
    assert seed_in({"backbone": "forest", "seed": 4, "forest": {"random_state": 7}}) == 7
    assert seed_in({"backbone": "forest", "seed": 4}) == 0
    assert seed_in({"backbone": "resnet18", "seed": 4, "forest": {"random_state": 7}}) == 4


def test_a_lock_keeps_command_deps_and_params_apart() -> None:
    (stage,) = read_lock({"stages": {"train": lock_of(TRAIN)}}, "dvc.lock").values()
    assert stage == TRAIN
    assert stage.inputs == (TRAIN.command, TRAIN.deps, TRAIN.params)

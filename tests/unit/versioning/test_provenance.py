"""What DVC prints and what a lock holds, read back."""

import subprocess
from pathlib import Path

import pytest

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import changed_stages, read_lock
from specimen.versioning.provenance import read_log, uncommitted

LOG = """\
'data/raw.dvc' didn't change, skipping
Stage 'data/dvc.yaml:sample' didn't change, skipping
Stage 'prepare' is cached - skipping run, checking out outputs
Running stage 'train':
> python src/train.py
Stage 'evaluate' is cached - skipping run, checking out outputs
Running stage 'evaluate':
"""


def test_a_log_tells_what_became_of_each_stage() -> None:
    assert read_log(LOG) == {
        "data/raw.dvc": "unchanged",
        "data/dvc.yaml:sample": "unchanged",
        "prepare": "from cache",
        "train": "ran",
        "evaluate": "ran",
    }


def test_an_empty_log_tells_nothing() -> None:
    assert read_log("") == {}


def test_stages_are_told_apart_by_their_outputs_alone() -> None:
    def stage(md5: str, dep: str) -> dict[str, object]:
        return {"deps": [{"path": "a", "md5": dep}], "outs": [{"path": "b", "md5": md5}]}

    base = {"same": stage("1", "1"), "other": stage("1", "1"), "gone": stage("1", "1")}
    head = {"same": stage("1", "2"), "other": stage("2", "1"), "new": stage("1", "1")}
    locks = [read_lock({"schema": "2.0", "stages": stages}, "dvc.lock") for stages in (base, head)]
    assert changed_stages(*locks) == {
        "same": "same outputs", "other": "other outputs", "new": "new", "gone": "gone",
    }  # fmt: skip


def test_without_git_what_is_committed_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match="git status"):
        uncommitted(tmp_path)


def test_what_a_run_has_written_and_nobody_committed(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@e", *arguments], cwd=tmp_path, check=True)

    git("init", "--quiet")
    (tmp_path / "data").mkdir()
    for name in ("dvc.lock", "data/dvc.lock", "README.md"):
        (tmp_path / name).write_text("before")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Before")
    assert uncommitted(tmp_path) == []
    for name in ("data/dvc.lock", "README.md"):
        (tmp_path / name).write_text("after")
    assert uncommitted(tmp_path) == ["data/dvc.lock"]

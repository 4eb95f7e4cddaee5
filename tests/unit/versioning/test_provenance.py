"""What DVC prints and what a lock holds, read back."""

from pathlib import Path

import pytest
from projects import commit_all, git, init_git

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import changed_stages, read_lock, unexplained_stages
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


def test_a_log_says_what_became_of_each_stage() -> None:
    assert read_log(LOG) == {
        "data/raw.dvc": "unchanged",
        "data/dvc.yaml:sample": "unchanged",
        "prepare": "from cache",
        "train": "ran",
        "evaluate": "ran",
    }


def test_an_empty_log_says_nothing() -> None:
    assert read_log("") == {}


def test_stages_differ_by_their_outputs_alone() -> None:
    def stage(md5: str, dep: str) -> dict[str, object]:
        return {"deps": [{"path": "a", "md5": dep}], "outs": [{"path": "b", "md5": md5}]}

    base = {"same": stage("1", "1"), "other": stage("1", "1"), "gone": stage("1", "1")}
    head = {"same": stage("1", "2"), "other": stage("2", "1"), "new": stage("1", "1")}
    locks = [read_lock({"schema": "2.0", "stages": stages}, "dvc.lock") for stages in (base, head)]
    assert changed_stages(*locks) == {
        "same": "same outputs", "other": "other outputs", "new": "new", "gone": "gone",
    }  # fmt: skip


def test_other_outputs_of_the_same_inputs_are_named() -> None:
    def stage(md5: str, dep: str, lr: float) -> dict[str, object]:
        return {"cmd": "python a.py", "deps": [{"path": "a", "md5": dep}], "params": {"params.yaml": {"lr": lr}},
                "outs": [{"path": "b", "md5": md5}]}  # fmt: skip

    base = {
        "same": stage("1", "1", 1),
        "edited": stage("1", "1", 1),
        "code": stage("1", "1", 1),
        "lr": stage("1", "1", 1),
    }
    head = {
        "same": stage("1", "1", 1),
        "edited": stage("2", "1", 1),
        "code": stage("2", "2", 1),
        "lr": stage("2", "1", 2),
    }
    locks = [read_lock({"stages": stages}, "dvc.lock") for stages in (base, head)]
    assert unexplained_stages(*locks) == ["edited"]


def test_without_git_what_is_committed_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match="git status"):
        uncommitted(tmp_path)


def commit(folder: Path, *names: str) -> None:
    """Commit these files in a new repository."""
    init_git(folder)
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("before")
    commit_all(folder, "Before")


def test_what_a_run_has_written_and_nobody_committed(tmp_path: Path) -> None:
    commit(tmp_path, "dvc.lock", "data/dvc.lock", "README.md")
    assert uncommitted(tmp_path) == []
    for name in ("data/dvc.lock", "README.md"):
        (tmp_path / name).write_text("after")
    assert uncommitted(tmp_path) == ["data/dvc.lock"]


AWKWARD = ("metrics/a b.json", 'metrics/"quoted".json', "metrics/größe.json", "metrics/ -> .json", "metrics/two\nlines")


def test_names_with_spaces_quotes_and_umlauts_are_named_as_they_are(tmp_path: Path) -> None:
    commit(tmp_path, *AWKWARD)
    assert uncommitted(tmp_path) == []
    for name in AWKWARD:
        (tmp_path / name).write_text("after")
    assert sorted(uncommitted(tmp_path)) == sorted(AWKWARD)


def test_a_renamed_file_goes_by_its_new_name(tmp_path: Path) -> None:
    commit(tmp_path, "metrics/old name.json", "metrics/other.json")
    git(tmp_path, "mv", "metrics/old name.json", "metrics/neuer größerer.json")
    (tmp_path / "metrics/other.json").write_text("after")
    assert sorted(uncommitted(tmp_path)) == ["metrics/neuer größerer.json", "metrics/other.json"]


def test_what_is_not_a_lock_is_named() -> None:
    with pytest.raises(NotAvailableError, match=r"dvc\.lock of main is not a lock file of DVC \(stages"):
        read_lock({"stages": ["train"]}, "dvc.lock of main")

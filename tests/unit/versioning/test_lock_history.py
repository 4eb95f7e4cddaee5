"""The models of a branch, read from every lock in its history."""

from pathlib import Path

import pytest
import yaml
from projects import commit_all, git, init_git

from specimen.versioning.lock_history import read_history


def write_lock(folder: Path, model: str, seed: int = 1, prepared: str = "a") -> None:
    lock = {
        "schema": "2.0",
        "stages": {
            "prepare": {
                "cmd": "python src/prepare.py",
                "params": {"params.yaml": {"data": {"root": "data/raw", "group": ["plant"]}, "split": {"seed": seed}}},
                "outs": [{"path": "data/prepared", "hash": "md5", "md5": f"{prepared * 32}.dir"}],
            },
            "train": {"cmd": "x", "outs": [{"path": "models/model.pt", "hash": "md5", "md5": model * 32}]},
        },
    }
    folder.mkdir(exist_ok=True)
    (folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    commit_all(folder, "lock")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    init_git(tmp_path)
    return tmp_path


def models(folder: Path) -> str:
    return "".join(model.md5[0] for model in read_history(folder, git(folder, "rev-parse", "HEAD").strip()).models)


def test_each_model_counts_once_the_newest_first(repository: Path) -> None:
    for model in "abca":
        write_lock(repository, model, prepared=model)
    assert models(repository) == "acb"


def test_a_commit_without_a_lock_or_with_a_broken_one_does_not_count(repository: Path) -> None:
    write_lock(repository, "a")
    (repository / "dvc.lock").unlink()
    commit_all(repository, "lock")
    (repository / "dvc.lock").write_text("<<<<<<< HEAD\n")
    commit_all(repository, "lock")
    write_lock(repository, "b")
    assert models(repository) == "ba"


def test_it_says_which_params_and_data_the_test_groups_come_from(repository: Path) -> None:
    write_lock(repository, "a", seed=1, prepared="d")
    write_lock(repository, "b", seed=2)
    newest, oldest = read_history(repository, "HEAD").models
    assert newest.split != oldest.split
    assert oldest.prepared == f"{'d' * 32}.dir"


def test_a_project_in_a_folder_of_its_repository_has_its_own_history(repository: Path) -> None:
    write_lock(repository, "a")
    write_lock(repository / "inner", "b")
    assert models(repository / "inner") == "b"


def test_a_shallow_clone_says_that_there_may_be_more(repository: Path, tmp_path: Path) -> None:
    for model in "abc":
        write_lock(repository, model)
    assert read_history(repository, "HEAD").complete
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", "--depth", "1", repository.as_uri(), str(clone))
    history = read_history(clone, "HEAD")
    assert not history.complete
    assert [model.md5[0] for model in history.models] == ["c"]

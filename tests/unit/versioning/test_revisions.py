"""Revisions: which commit is compared with, and where its files are."""

from pathlib import Path

import pytest
from projects import commit_all, dvc_here, git, init_git

from specimen.versioning import dvc_commands, provenance
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.revisions import Revision, branch_point, resolve, workspace


def commit(folder: Path, name: str) -> str:
    (folder / name).write_text(name)
    commit_all(folder, name)
    return git(folder, "rev-parse", "HEAD").strip()


def test_a_branch_is_compared_with_where_it_left_its_base(tmp_path: Path) -> None:
    init_git(tmp_path)
    left = commit(tmp_path, "first")
    git(tmp_path, "checkout", "--quiet", "-b", "branch")
    commit(tmp_path, "own")
    git(tmp_path, "checkout", "--quiet", "main")
    tip = commit(tmp_path, "of main")
    main = resolve(tmp_path, "main")
    base = branch_point(main, resolve(tmp_path, "branch"))
    assert base.name == left
    assert base.label == f"{left[:7]}, where this left main ({tip[:7]})"
    git(tmp_path, "checkout", "--quiet", "branch")
    git(tmp_path, "merge", "--quiet", "main")
    assert branch_point(main, workspace(tmp_path)) is main


def test_without_a_common_commit_the_base_itself_is_compared_with(tmp_path: Path) -> None:
    init_git(tmp_path)
    commit(tmp_path, "first")
    git(tmp_path, "checkout", "--quiet", "--orphan", "other")
    commit(tmp_path, "second")
    main = resolve(tmp_path, "main")
    assert branch_point(main, workspace(tmp_path)) is main


def test_a_project_below_the_root_of_git_has_its_files(tmp_path: Path) -> None:
    init_git(tmp_path)
    project = tmp_path / "a project"
    project.mkdir()
    dvc_here(project, "init", "--quiet", "--subdir")
    (project / "params.yaml").write_text("train: {lr: 1}\n")
    commit_all(tmp_path, "First")
    (project / "params.yaml").write_text("train: {lr: 2}\n")
    committed = resolve(project, "HEAD")
    assert committed.yaml("params.yaml") == {"train": {"lr": 1}}
    assert workspace(project).yaml("params.yaml") == {"train": {"lr": 2}}
    with pytest.raises(NotFoundError, match=r"plots/x\.csv is not in HEAD .*: the pipeline never ran there"):
        committed.read("plots/x.csv")
    with provenance.checked_out(committed) as folder:
        assert (folder / "params.yaml").read_text() == "train: {lr: 1}\n"
        assert (folder / ".dvc").is_dir()


def test_a_file_that_is_not_there_is_not_one_that_cannot_be_read(tmp_path: Path) -> None:
    init_git(tmp_path)
    dvc_here(tmp_path, "init", "--quiet")
    (tmp_path / "dvc.lock").write_text("<<<<<<< HEAD\n")
    with pytest.raises(NotFoundError):
        Revision(tmp_path).yaml("data/dvc.lock")
    with pytest.raises(NotAvailableError, match=r"dvc\.lock of workspace") as raised:
        Revision(tmp_path).yaml("dvc.lock")
    assert not isinstance(raised.value, NotFoundError)


def test_params_that_dvc_cannot_load_are_not_taken_for_none(tmp_path: Path) -> None:
    """DVC warns, prints an empty difference, and ends with status 0."""
    init_git(tmp_path)
    dvc_here(tmp_path, "init", "--quiet")
    (tmp_path / "params.yaml").write_text("data: {day: 2024-01-01}\n")
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: 'true', params: [data]}}\n")
    commit_all(tmp_path, "A date")
    with pytest.raises(NotAvailableError, match=r"Unsupported value of type 'date' in 'params\.yaml:data\.day'"):
        dvc_commands.read_dvc_json(tmp_path, "params", "diff", "--all", "HEAD")

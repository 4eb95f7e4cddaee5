"""A downloaded model is the one of a tag, and of a workflow, or the check says which part fails."""

import subprocess
import sys
from pathlib import Path

import pytest
import verify

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository where `old@v1.0.0` is the model in old.pt and HEAD the one in new.pt; origin is on GitHub."""
    monkeypatch.chdir(tmp_path)

    def git(*arguments: str) -> None:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init")
    git("remote", "add", "origin", "git@github.com:lab/plants.git")
    git("commit", "--allow-empty", "-m", "before the pipeline")
    git("tag", "empty@v0.0.1")
    for name in ("old", "new"):
        model = tmp_path / f"{name}.pt"
        model.write_text(name)
        outs = f"[{{path: models/model.pt, md5: {file_md5(model)}}}, {{path: metrics/test.json}}]"
        (tmp_path / "dvc.lock").write_text(f"schema: '2.0'\nstages: {{train: {{cmd: x, outs: {outs}}}}}\n")
        git("add", "dvc.lock")
        git("commit", "-m", name)
        git("tag", f"{name}@v1.0.0")
    return tmp_path


def stand_in_for_gh(folder: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> Path:
    """Put a `gh` first on PATH that keeps its arguments and ends with a status."""
    program, asked = folder / "bin/gh", folder / "asked"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {asked}\necho "no attestations found" >&2\nexit {status}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return asked


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["verify.py", *arguments])
    verify.main()


def test_the_model_of_a_tag_passes_both_checks(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stand_in_for_gh(here, monkeypatch, status=0)
    run(monkeypatch, "old.pt", "--rev", "old@v1.0.0")
    assert asked.read_text().split() == ["attestation", "verify", "old.pt", "--repo", "lab/plants"]
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["ok", "ok"]


def test_another_model_is_named_by_its_tag(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in_for_gh(here, monkeypatch, status=0)
    with pytest.raises(SystemExit, match="1"):
        run(monkeypatch, "old.pt")
    assert "is not in dvc.lock of HEAD. It is a model of old@v1.0.0." in capsys.readouterr().out


def test_a_changed_file_is_no_model_of_any_tag(here: Path) -> None:
    (here / "new.pt").write_text("new!")
    passed, line = verify.check_lock(here / "new.pt", "HEAD", here)
    assert not passed
    assert line.endswith("No tag of this repository knows it.")


def test_without_an_attestation_it_fails_and_says_what_gh_says(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in_for_gh(here, monkeypatch, status=1)
    with pytest.raises(SystemExit, match="1"):
        run(monkeypatch, "new.pt")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("ok: ")
    assert second == "FAULT: no workflow of lab/plants vouches for new.pt: no attestations found"


def test_what_could_not_be_checked_is_not_ok(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert verify.check_attestation(here / "new.pt", "a/b", here)[0] is False
    subprocess.run(["git", "remote", "set-url", "origin", "/srv/plants.git"], check=True)
    passed, line = verify.check_attestation(here / "new.pt", None, here)
    assert not passed
    assert "--repo OWNER/NAME" in line


@pytest.mark.parametrize(
    ("rev", "message"), [("gone", "Git does not know 'gone'"), ("empty@v0.0.1", "`git show` did not work")]
)
def test_a_revision_without_a_lock_is_a_fault_of_the_option(here: Path, rev: str, message: str) -> None:
    with pytest.raises(SpecimenError, match=message):
        verify.check_lock(here / "new.pt", rev, here)


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/lab/plants.git", "lab/plants"),
        ("https://github.com/lab/plants/", "lab/plants"),
        ("ssh://git@github.com/lab/plants.git", "lab/plants"),
        ("https://gitlab.com/lab/plants.git", None),
        ("", None),
    ],
)
def test_the_repository_is_that_of_the_remote(url: str, repository: str | None) -> None:
    assert verify.github_repository(url) == repository

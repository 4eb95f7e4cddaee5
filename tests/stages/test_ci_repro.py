"""What CI runs: with the remote or without, and after a label, whatever the lock says."""

import shutil
import sys
from pathlib import Path

import ci_repro
import pytest
from projects import ROOT, commit_all, git, init_git

from specimen.common.errors import SpecimenError
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.provenance import not_in_remote


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that was run last."""
    command: list[str] = []

    def run(given: list[str]) -> int:
        command[:] = given[given.index("repro") :]
        return 3

    monkeypatch.setattr(ci_repro, "run", run)
    monkeypatch.setattr(ci_repro, "not_in_remote", lambda root: [])
    return command


def end(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run the command, which ends with the status of DVC."""
    monkeypatch.setattr(sys, "argv", ["ci_repro.py", *arguments])
    with pytest.raises(SystemExit) as exited:
        ci_repro.main()
    assert exited.value.code == 3


def test_what_the_remote_has_is_taken_from_it(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    end(monkeypatch)
    assert ran == ["repro", "--pull", "--allow-missing"]


def test_without_credentials_nothing_is_pulled(
    ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in the first pull request of a copy that has no bucket."""

    def refuse(root: Path) -> list[str]:
        raise NotAvailableError("Unable to locate credentials")

    monkeypatch.setattr(ci_repro, "not_in_remote", refuse)
    end(monkeypatch)
    assert ran == ["repro"]
    assert "so everything runs: Unable to locate credentials." in capsys.readouterr().out


def test_a_copy_without_a_bucket_runs_everything_and_says_how_to_connect_one(
    ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And asks nobody: `your-bucket` may be a stranger's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    shutil.copyfile(ROOT / ".dvc/config", tmp_path / ".dvc/config")
    monkeypatch.setattr(ci_repro, "not_in_remote", not_in_remote)
    end(monkeypatch)
    assert ran == ["repro"]
    assert "so everything runs: no bucket is connected yet; `make connect` does it." in capsys.readouterr().out


def test_without_a_bucket_no_training_begins_whose_results_would_be_lost(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: Path) -> list[str]:
        raise NotAvailableError("no bucket is connected yet; `make connect` does it")

    monkeypatch.setattr(ci_repro, "not_in_remote", refuse)
    monkeypatch.setattr(sys, "argv", ["ci_repro.py", "--retrain", "main"])
    with pytest.raises(SpecimenError, match=r"results would be lost, .* `make connect` does it"):
        ci_repro.main()
    assert not ran


def test_training_starts_from_the_locks_of_the_base(
    ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    init_git(tmp_path)
    (tmp_path / "dvc.lock").write_text("of the base\n")
    commit_all(tmp_path, "Base")
    git(tmp_path, "checkout", "--quiet", "-b", "branch")
    (tmp_path / "data").mkdir()
    for name in ("dvc.lock", "data/dvc.lock"):
        (tmp_path / name).write_text("forged\n")
    commit_all(tmp_path, "Forged")
    end(monkeypatch, "--retrain", "main")
    assert (tmp_path / "dvc.lock").read_text() == "of the base\n"
    assert not (tmp_path / "data/dvc.lock").exists()
    assert ran == ["repro", "--no-run-cache", "--pull", "--allow-missing"]


def test_an_unknown_base_is_one_message(ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    init_git(tmp_path)
    (tmp_path / "a").touch()
    commit_all(tmp_path, "Base")
    monkeypatch.setattr(sys, "argv", ["ci_repro.py", "--retrain", "origin/main"])
    with pytest.raises(SpecimenError, match="Git finds no commit that this branch shares with origin/main"):
        ci_repro.main()
    assert not ran


def test_the_log_has_what_was_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import sys; print('größe', flush=True); print('error', file=sys.stderr); sys.exit(5)"
    assert ci_repro.run([sys.executable, "-X", "utf8", "-c", code]) == 5
    assert (tmp_path / "repro.log").read_text(encoding="utf-8") == "größe\nerror\n"
    assert "error\n" in capfd.readouterr().out

"""What a rented machine does when training ends, fails, takes too long or is killed; DVC itself stays out of it."""

import signal
import sys
from pathlib import Path

import pytest
import rented

from specimen.common.errors import SpecimenError
from specimen.versioning.cloud_run import CloudRun

CONFIG = "[core]\n    no_scm = true\n    remote = storage\n['remote \"storage\"']\n    url = {remote}\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a remote, asked for what the variables say."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(CONFIG.format(remote=tmp_path / "remote"))
    monkeypatch.chdir(tmp_path)
    for name, value in {"BASE": "main", "COMMIT": "c0ffee", "RUN": "7-1", "MINUTES": "30"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return tmp_path


def end(monkeypatch: pytest.MonkeyPatch, training: int, push: int = 0) -> tuple[object, list[str], list[int]]:
    """Run it with a training that ends so; return its status, the calls of DVC and the statuses that it left."""
    calls: list[str] = []
    left: list[int] = []

    def run_dvc(*arguments: str) -> int:
        calls.append(" ".join(arguments))
        return push

    monkeypatch.setattr(rented, "train", lambda *_: training)
    monkeypatch.setattr(rented, "run_dvc", run_dvc)
    monkeypatch.setattr(CloudRun, "leave_results", lambda self, root, status: left.append(status))
    with pytest.raises(SystemExit) as exited:
        rented.main()
    return exited.value.code, calls, left


def test_what_was_trained_is_pushed_before_the_results_say_so(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert end(monkeypatch, 0) == (0, ["push --run-cache"], [0])


def test_what_cannot_be_pushed_is_not_called_trained(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert end(monkeypatch, 0, push=255) == (255, ["push --run-cache"], [255])


@pytest.mark.parametrize("status", [1, rented.OUT_OF_TIME])
def test_a_training_that_fails_or_takes_too_long_leaves_its_status(
    machine: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    assert end(monkeypatch, status) == (status, [], [status])


def test_a_training_that_is_killed_leaves_none_so_that_another_machine_goes_on(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert end(monkeypatch, -signal.SIGTERM) == ("Training was killed by signal 15.", [], [])


def test_a_training_that_does_not_end_is_ended_with_its_children(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    (machine / "ci_repro.py").write_text(stubborn)
    monkeypatch.setattr(rented, "__file__", str(machine / "rented.py"))
    monkeypatch.setattr(rented, "LAST_SECONDS", 0.1)
    assert rented.train("main", 0.5) == rented.OUT_OF_TIME
    assert "The time is over; the checkpoint is kept." in capsys.readouterr().out


def test_what_nobody_asked_for_is_an_error(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["rented.py"])
    monkeypatch.delenv("COMMIT")
    with pytest.raises(SpecimenError, match=r"COMMIT is not set; tools/rent\.py sets it"):
        rented.main()

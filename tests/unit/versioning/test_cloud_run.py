"""What one machine leaves in the remote, and what the next one, or the one that rented it, finds there."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from specimen.versioning.cloud_run import CHECKPOINT, CloudRun
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.remote_files import RemoteFiles

CONFIG = """\
[core]
    no_scm = true
    remote = storage
['remote "storage"']
    url = {remote}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[str], Path]:
    """A function that makes a checkout on a machine of its own; all have one remote."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        write(folder / ".dvc/config", CONFIG.format(remote=tmp_path / "remote"))
        return folder

    return make


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_of(folder: Path, commit: str = "c0ffee", run: str = "7-1") -> CloudRun:
    return CloudRun(RemoteFiles(folder), commit, run)


def test_the_next_machine_finds_the_last_checkpoint_of_this_commit_alone(machine: Callable[[str], Path]) -> None:
    first, second = machine("first"), machine("second")
    assert run_of(first).take_checkpoint(first) is False
    with run_of(first).checkpoints_kept(first, seconds=60):
        write(first / CHECKPOINT, "epoch 3")  # and the machine ends before the minute does
    assert run_of(second, "another").take_checkpoint(second) is False
    assert run_of(second, run="8-1").take_checkpoint(second) is True
    assert (second / CHECKPOINT).read_text() == "epoch 3"


def test_checkpoints_are_sent_while_training_goes_on(machine: Callable[[str], Path], tmp_path: Path) -> None:
    first = machine("first")
    there = tmp_path / "remote/cloud/c0ffee/checkpoint.pt"
    with run_of(first).checkpoints_kept(first, seconds=0.01):
        for epoch in ("1", "2"):
            write(first / "new", epoch)
            os.utime(first / "new", ns=(int(epoch), int(epoch)))
            (first / CHECKPOINT).parent.mkdir(exist_ok=True)
            (first / "new").replace(first / CHECKPOINT)
            while not (there.exists() and there.read_text() == epoch):
                Event().wait(0.01)
    assert list((first / "models").iterdir()) == [first / CHECKPOINT]


def test_a_remote_that_is_away_costs_a_warning(
    machine: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise NotAvailableError("no route to host")

    first = machine("first")
    monkeypatch.setattr(RemoteFiles, "put", refuse)
    with run_of(first).checkpoints_kept(first, seconds=60):
        write(first / CHECKPOINT, "epoch 1")
    assert "warning: the checkpoint is not in the remote: no route to host" in capsys.readouterr().out


def test_results_come_back_to_their_places_with_the_status(machine: Callable[[str], Path]) -> None:
    rented, here = machine("rented"), machine("here")
    assert run_of(here).take_results(here) is None
    for name in ("dvc.lock", "data/dvc.lock", "metrics/test.json", "repro.log", "models/model.pt"):
        write(rented / name, f"new {name}")
    write(here / "dvc.lock", "old")
    run_of(rented).leave_results(rented, 0)
    assert run_of(here, run="8-1").take_results(here) is None, "those of another run"
    assert run_of(here).take_results(here) == 0
    assert (here / "dvc.lock").read_text() == "new dvc.lock"
    assert (here / "metrics/test.json").read_text() == "new metrics/test.json"
    assert not (here / "models/model.pt").exists()


def test_of_a_training_that_failed_comes_the_log_alone(machine: Callable[[str], Path]) -> None:
    rented, here = machine("rented"), machine("here")
    for name in ("dvc.lock", "repro.log"):
        write(rented / name, "half")
    write(here / "dvc.lock", "old")
    run_of(rented).leave_results(rented, 3)
    assert run_of(here).take_results(here) == 3
    assert (here / "dvc.lock").read_text() == "old"
    assert (here / "repro.log").read_text() == "half"


def test_results_cannot_be_put_anywhere_else(machine: Callable[[str], Path], tmp_path: Path) -> None:
    """Whoever may write to the bucket may not write to the machine that reads it."""
    here = machine("here")
    path = tmp_path / "remote/cloud/c0ffee/7-1.tar"
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w") as archive:
        evil = ("../../evil", "metrics/../../evil", ".git/hooks/pre-commit", "/tmp/evil", "dvc.yaml", "metricsx")
        for name, content in (("status.json", b'{"status": 0}'), *((name, b"evil") for name in evil)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("metrics/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert run_of(here).take_results(here) == 0
    assert [file.name for file in here.iterdir()] == [".dvc"]
    assert not list(tmp_path.rglob("evil*"))
    assert not Path("/tmp/evil").exists()


def test_without_a_remote_the_reason_is_said(tmp_path: Path) -> None:
    write(tmp_path / ".dvc/config", "[core]\n    no_scm = true\n")
    with pytest.raises(NotAvailableError, match="no remote specified"):
        RemoteFiles(tmp_path)

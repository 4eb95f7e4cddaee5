"""What a training says: on the terminal for people who watch, and in `training.log` for later."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specimen.common.copies import repository_of
from specimen.training.run_log import LOG, run_log


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(title: str, *, is_first: bool = True) -> None:
    with run_log(title, is_first=is_first):
        LOG.info("epoch %d", 1)
        LOG.debug("every detail")


def test_runs_are_appended_each_with_a_header_and_its_end(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train("one")
    train("two")
    at = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+\] "
    lines = [
        line
        for title in ("one", "two")
        for line in (rf"=== {title}, .* ===", "epoch 1", "every detail", r"done in \d+\.\d s")
    ]
    assert re.fullmatch("".join(f"{at}{line}\n" for line in lines), (folder / "training.log").read_text())
    assert re.fullmatch(r"(epoch 1\ndone in \d+\.\d s\n){2}", capsys.readouterr().out)


def test_a_run_that_fails_says_why_in_the_log_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="the loss is nan"), run_log("one", is_first=True):
        raise ValueError("the loss is nan")
    assert re.search(r"ended after \d+\.\d s by ValueError: the loss is nan\n$", (folder / "training.log").read_text())
    assert capsys.readouterr() == ("", "")


def test_of_several_processes_the_first_alone_speaks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train("one", is_first=False)
    assert capsys.readouterr() == ("", "")
    assert list(folder.iterdir()) == []


def test_a_log_that_cannot_be_opened_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "training.log").mkdir()
    train("one")
    said = capsys.readouterr()
    assert said.err == "warning: training.log cannot be written (Is a directory); the training goes on without it.\n"
    assert said.out.startswith("epoch 1\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full on this system")
def test_a_disk_that_is_full_is_one_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "training.log").symlink_to("/dev/full")
    train("one")
    said = capsys.readouterr()
    assert said.err.count("warning: training.log cannot be written (No space left on device)") == 1
    assert said.err.count("\n") == 1
    assert said.out.startswith("epoch 1\n")


def test_a_run_in_a_copy_is_logged_in_the_repository_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = folder / ".dvc/tmp/exps/standalone/tmp1"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("DVC_EXP_NAME", "biped-hunt")
    train("one")
    assert not (copy / "training.log").exists()
    log = (folder / "training.log").read_text()
    assert re.search(r"=== one, .*, experiment biped-hunt, in \.dvc/tmp/exps/standalone/tmp1 ===", log)
    assert repository_of(copy / ".dvc/tmp/folds/fold-1") == folder
    assert repository_of(folder / "data") == folder / "data"

"""Several processes as one: their values come together, and the failure of one ends all with one message."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from processes import Started, start_group

from specimen.training.distributed import ProcessGroup, process_group
from specimen.training.validation import combine_shares

SCRIPT = """
import sys, time
from specimen.common import errors
from specimen.training.distributed import process_group
def main():
    with process_group() as group:
        gathered = group.gather(group.rank * 10)
        if group.is_first:
            print(gathered, flush=True)
        if sys.argv[1] == "one fails" and group.rank == 1 or sys.argv[1] == "all fail":
            raise errors.SpecimenError("too hot")
        if sys.argv[1] == "ctrl-c":
            print("ready", flush=True)
            while True:
                time.sleep(0.01)
        group.gather(group.rank)
errors.run_cli(main)
"""


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def start(what: str) -> list[Started]:
    Path("script.py").write_text(SCRIPT)
    return start_group(Path("script.py").absolute(), what)


@pytest.mark.parametrize(("what", "status", "message"), [("all fail", 2, "error: too hot"), ("none", 0, "")])
def test_the_end_of_two_processes_is_told_once(in_tmp: None, what: str, status: int, message: str) -> None:
    processes = start(what)
    assert [process.wait() for process in processes] == [status, status], [process.said for process in processes]
    said = "".join(process.said for process in processes)
    assert said.count("[0, 10]\n") == 1
    assert said.count("error:") == bool(message)
    assert message in said
    assert "Traceback" not in said


def test_the_failure_of_one_process_ends_the_other(in_tmp: None) -> None:
    processes = start("one fails")
    assert [process.wait() for process in processes] == [2, 2], [process.said for process in processes]
    said = "".join(process.said for process in processes)
    assert said.count("error: too hot") == 1
    assert "Traceback" not in said


def test_ctrl_c_ends_both_with_one_word(in_tmp: None) -> None:
    processes = start("ctrl-c")
    for process in processes:
        while "ready\n" not in process.said:
            assert process.process.is_alive()
            time.sleep(0.01)
    for process in processes:
        os.kill(process.pid, signal.SIGINT)
    ends = sorted(process.wait() for process in processes)
    said = "".join(process.said for process in processes)
    assert ends in ([2, 130], [130, 130]), said
    assert said.count("interrupted") == 1
    assert "Traceback" not in said


def test_a_single_process_is_a_group_of_its_own() -> None:
    with process_group() as group:
        assert group == ProcessGroup(0, 1, 0)
        assert group.is_first
        assert group.gather("value") == ["value"]


def test_the_shares_of_two_processes_come_back_in_their_order() -> None:
    rows = np.arange(5, dtype=np.float32)[:, None]
    first = ([rows[[0, 2]], rows[[3]], rows[[4]]], [2.0, 1.0, 1.0])
    second = ([rows[[1]], rows[:0], rows[:0]], [1.0])
    logits, loss = combine_shares([first, second])
    assert logits[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert loss == 1.0

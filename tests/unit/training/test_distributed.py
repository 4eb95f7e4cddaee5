"""Several processes as one: their values come together, and the failure of one ends all with one message."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from specimen.training.distributed import ProcessGroup, process_group
from specimen.training.loop import _whole

SRC = Path(__file__).parents[3] / "src"
SCRIPT = """
import sys, time
from specimen.common import errors
from specimen.training.distributed import process_group
def main():
    with process_group() as group:
        group.print_once(str(group.gather(group.rank * 10)))
        if sys.argv[1] == "one fails" and group.rank == 1 or sys.argv[1] == "all fail":
            raise errors.SpecimenError("too hot")
        if sys.argv[1] == "ctrl-c":
            print("ready", flush=True)
            while True:
                time.sleep(0.01)
        group.gather(group.rank)
errors.run_cli(main)
"""


def start(what: str) -> list[subprocess.Popen[str]]:
    """Start two processes that find each other, as `torchrun` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "PYTHONPATH": str(SRC)}
    started = []
    for rank in ("0", "1"):
        env = os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", SCRIPT, what]
        started.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    return started


@pytest.mark.parametrize(("what", "status", "message"), [("all fail", 2, "error: too hot"), ("none", 0, "")])
def test_the_end_of_two_processes_is_told_once(what: str, status: int, message: str) -> None:
    processes = start(what)
    out, err = zip(*(process.communicate() for process in processes), strict=True)
    assert [process.returncode for process in processes] == [status, status], err
    assert "".join(out) == "[0, 10]\n"
    assert "".join(err).count("error:") == bool(message)
    assert message in "".join(err)
    assert "Traceback" not in "".join(err)


def test_the_failure_of_one_process_ends_the_other() -> None:
    processes = start("one fails")
    _, err = zip(*(process.communicate() for process in processes), strict=True)
    assert [process.returncode for process in processes] == [2, 2], err
    assert "".join(err).count("error: too hot") == 1
    assert "Traceback" not in "".join(err)


def test_ctrl_c_ends_both_with_one_word() -> None:
    processes = start("ctrl-c")
    for process in processes:
        assert process.stdout is not None
        while process.stdout.readline() != "ready\n":
            assert process.poll() is None
    for process in processes:
        process.send_signal(signal.SIGINT)
    _, err = zip(*(process.communicate() for process in processes), strict=True)
    assert sorted(process.returncode for process in processes) in ([2, 130], [130, 130])
    assert "".join(err).count("interrupted") == 1
    assert "Traceback" not in "".join(err)


def test_a_single_process_is_a_group_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with process_group() as group:
        assert group == ProcessGroup(0, 1, 0)
        assert group.gather("value") == ["value"]
        group.print_once("hello")
    assert capsys.readouterr().out == "hello\n"


def test_only_the_first_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    ProcessGroup(rank=1, size=2).print_once("hello")
    assert capsys.readouterr().out == ""


def test_the_shares_of_two_processes_come_back_in_their_order() -> None:
    rows = np.arange(5, dtype=np.float32)[:, None]
    first = ([rows[[0, 2]], rows[[3]], rows[[4]]], [2.0, 1.0, 1.0])
    second = ([rows[[1]], rows[:0], rows[:0]], [1.0])
    logits, loss = _whole([first, second])
    assert logits[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert loss == 1.0

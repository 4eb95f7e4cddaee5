"""The `python` of `preloaded` is to its caller what `python` is."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import preloaded
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloaded needs Linux")
SCRIPT = """
import os, sys, time, colorsys
print(os.getcwd(), sys.argv[1], sys.path[:2], os.environ["WORD"], sys.stdin.read(), flush=True)
{"end": lambda: None, "status": lambda: sys.exit(3), "say": lambda: sys.exit("too hot"), "fail": lambda: 1 / 0,
 "wait": lambda: (print(os.getpid(), flush=True), time.sleep(60))}[sys.argv[1]]()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a `python` and a script."""
    with tempfile.TemporaryDirectory(prefix="python-", dir="/tmp") as name:
        server = preloaded.start(Path(name), ["colorsys"])
        (Path(name) / "script.py").write_text(SCRIPT)
        yield Path(name)
        assert server.stdin is not None
        server.stdin.close()
        assert server.wait(60) == 0


def command(folder: Path, word: str) -> list[str]:
    return [str(folder / "python"), "script.py", word]


@pytest.mark.parametrize(("word", "status", "error"), [
    ("end", 0, ""), ("status", 3, ""), ("say", 1, "too hot\n"), ("fail", 1, "ZeroDivisionError: division by zero\n"),
])  # fmt: skip
def test_script_folder_environment_files_and_status_are_those_of_the_caller(
    folder: Path, word: str, status: int, error: str
) -> None:
    env = os.environ | {"WORD": "hello", "PYTHONPATH": "/elsewhere"}
    done = subprocess.run(
        command(folder, word),
        cwd=folder,
        env=env,
        input="read",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == f"{folder} {word} {[str(folder), '/elsewhere']} hello read\n"
    assert done.stderr.endswith(error)
    assert done.returncode == status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_who_ends_the_caller_ends_the_process(folder: Path, number: signal.Signals) -> None:
    env = os.environ | {"WORD": "hello"}
    with subprocess.Popen(
        command(folder, "wait"), cwd=folder, env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as caller:  # fmt: skip
        assert caller.stdout is not None
        caller.stdout.readline()
        process = Path(f"/proc/{int(caller.stdout.readline())}")
        caller.send_signal(number)
        assert caller.wait(60) == -number
    end = time.monotonic() + 60
    while process.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not process.exists()


def test_all_but_scripts_is_left_to_python(folder: Path) -> None:
    done = subprocess.run([folder / "python", "-c", "print(1)"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1\n"

"""The S3 server of `make s3`: what is pushed to it comes back, and DVC's local config is put back as it was."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import s3
from projects import dvc_here, forget_settings, init_git

from specimen.common.errors import SpecimenError, run_cli

SCRIPT = Path(s3.__file__).resolve()
CONFIG = b"""\
[core]
    remote = storage
['remote "storage"']
    url = s3://your-bucket/specimen
    verify = true
"""
LOCAL = b"""\
# by hand
['remote "storage"']
  profile = laboratory
"""
TIMEOUT = 120


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with none of the settings for Git, DVC and S3 that this machine has."""
    forget_settings(monkeypatch, tmp_path / "settings")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def bare(here: Path) -> Path:
    """A folder with a DVC config, which is all that the server looks at."""
    (here / ".dvc").mkdir()
    (here / ".dvc/config").write_bytes(CONFIG)
    return here


@contextmanager
def served(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tools/s3.py` on a free port, from when it says that it listens; its output goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, str(SCRIPT), "--port", "0"], stdout=output, stderr=output)
    try:
        give_up = time.monotonic() + TIMEOUT
        while "Ctrl-C ends the server" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait(TIMEOUT)


def test_what_is_pushed_comes_back_and_ctrl_c_leaves_no_trace(here: Path) -> None:
    init_git(here)
    dvc_here(here, "init", "--quiet")
    (here / ".dvc/config").write_bytes(CONFIG)
    (here / ".dvc/config.local").write_bytes(LOCAL)
    photos, log = here / "photos", here.parent / "log"
    photos.mkdir()
    (photos / "leaf.jpg").write_bytes(bytes(range(256)) * 99)
    dvc_here(here, "add", "--quiet", "photos")

    with served(log) as server:
        dvc_here(here, "push")
        shutil.rmtree(here / ".dvc/cache")
        shutil.rmtree(photos)
        dvc_here(here, "pull")
        assert (photos / "leaf.jpg").read_bytes() == bytes(range(256)) * 99
        server.send_signal(signal.SIGINT)
        assert server.wait(TIMEOUT) == 0

    assert (here / ".dvc/config.local").read_bytes() == LOCAL
    assert (here / ".dvc/config").read_bytes() == CONFIG
    assert "HTTP/" not in log.read_text(), "the log of requests buries what the server has to say"


def test_the_next_run_undoes_what_a_killed_one_left(bare: Path) -> None:
    log, local = bare.parent / "log", bare / ".dvc/config.local"
    local.write_bytes(LOCAL)
    killed = s3.point_dvc_at("http://127.0.0.1:1")
    killed.__enter__()  # and never left, as a process that is killed
    assert b"127.0.0.1" in local.read_bytes()
    with served(log) as server:
        server.send_signal(signal.SIGTERM)
        assert server.wait(TIMEOUT) == 0
    assert local.read_bytes() == LOCAL


@pytest.mark.parametrize("before", [LOCAL, b"", None])
def test_the_local_config_is_put_back_after_an_error_too(bare: Path, before: bytes | None) -> None:
    local = bare / ".dvc/config.local"
    if before is not None:
        local.write_bytes(before)

    def fail_while_it_is_ours() -> None:
        with s3.point_dvc_at("http://127.0.0.1:1"):
            assert "profile" not in local.read_text(), "a profile of a real account must not be next to the dummy keys"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_while_it_is_ours()
    assert (local.read_bytes() if local.exists() else None) == before
    assert [path.name for path in (bare / ".dvc/tmp").iterdir()] == []


def test_a_taken_port_is_one_message(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signal, "signal", lambda _number, _handler: None)  # of the tests' process
    with socket.create_server((s3.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["s3.py", "--port", str(port)])
        with pytest.raises(SystemExit) as exited:
            run_cli(s3.main)
    assert exited.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: cannot serve on port {port} of 127.0.0.1: it is taken")
    assert printed.err.count("\n") == 1, printed.err
    assert not (bare / ".dvc/config.local").exists()


def test_without_a_repository_there_is_nothing_to_point(here: Path) -> None:
    with pytest.raises(SpecimenError, match="root of the repository"), s3.point_dvc_at("http://127.0.0.1:1"):
        pass
    assert list(here.iterdir()) == []


def test_a_config_that_dvc_cannot_read_is_named_and_kept(bare: Path) -> None:
    local = bare / ".dvc/config.local"
    local.write_bytes(b"[core\n")
    with pytest.raises(SpecimenError, match="DVC cannot read"), s3.point_dvc_at("http://127.0.0.1:1"):
        pass
    assert local.read_bytes() == b"[core\n"

"""DVC's commands as programs: what they print, how they fail, and which Python their stages get."""

import json
import sys
from pathlib import Path

import psutil
import pytest
import yaml
from projects import dvc_here

from specimen.common.errors import SpecimenError
from specimen.versioning.dvc_commands import read_dvc, run_dvc, stream_dvc
from specimen.versioning.errors import NotAvailableError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC repository without Git, with a stage that says which Python runs it, one that fails and one that hangs."""
    dvc_here(tmp_path, "init", "--quiet", "--no-scm")
    fail = "python -c \"import sys; print('works'); sys.exit('error: target: no such column')\""
    hang = "python -c \"import time; print('hangs', flush=True); time.sleep(600)\""
    good = 'python -c "import sys; print(sys.executable)"'
    stages = {"good": {"cmd": good}, "bad": {"cmd": fail}, "hanging": {"cmd": hang}}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # as where nobody has activated the environment
    return tmp_path


def test_lines_are_yielded_and_stages_get_the_python_of_this_environment(folder: Path) -> None:
    lines = list(stream_dvc(folder, "repro", "good"))
    assert lines[0] == "Running stage 'good':"
    assert str(Path(sys.executable).parent) in " ".join(lines)


def test_a_stage_that_fails_is_an_error_with_its_message(folder: Path) -> None:
    lines = []
    with pytest.raises(SpecimenError, match="error: target: no such column"):
        lines.extend(stream_dvc(folder, "repro", "bad"))


def test_whoever_stops_reading_stops_the_stage(folder: Path) -> None:
    others = psutil.Process().children(recursive=True)  # which tests before this one may have left to Python
    lines = stream_dvc(folder, "repro", "hanging")
    while next(lines) != "hangs":
        pass
    family = [process for process in psutil.Process().children(recursive=True) if process not in others]
    assert len(family) >= 2
    lines.close()  # type: ignore[attr-defined]
    assert not [process for process in family if process.is_running()]
    assert not any(json.loads((folder / ".dvc/tmp/rwlock").read_text()).values()), "nothing is locked any more"


def test_a_command_that_fails_says_why(folder: Path) -> None:
    with pytest.raises(NotAvailableError, match=r"`dvc repro nothing` did not work: .*'nothing'"):
        read_dvc(folder, "repro", "nothing")


def test_the_status_of_a_command_on_the_terminal_is_returned(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert run_dvc("stage", "list", "--name-only") == 0
    assert sorted(capfd.readouterr().out.split()) == ["bad", "good", "hanging"]

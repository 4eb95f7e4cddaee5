"""`python tools/doctor.py` prints one table, or JSON, and ends with status 1 on a fault."""

import json
import sys
from pathlib import Path

import doctor
import pytest

from specimen.common.errors import SpecimenError
from specimen.doctor.findings import fault, ok, warning


@pytest.fixture(autouse=True)
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups of checks, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    bad = {"GPU": lambda _place: fault("gone", "find it"), "disk": lambda _place: warning("full", "free some")}
    monkeypatch.setattr(doctor, "GROUPS", {"machine": {"Python": lambda _place: ok("3.14")}, "parts": bad})


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["doctor.py", *arguments])
    with pytest.raises(SystemExit) as exited:
        doctor.main()
    return exited.value.code


def test_a_fault_ends_with_status_1_after_all_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 1
    assert capsys.readouterr().out.splitlines() == [
        "machine",
        "  ok       Python  3.14",
        "",
        "parts",
        "  fault    GPU     gone",
        "                   -> find it",
        "  warning  disk    full",
        "                   -> free some",
        "",
        "1 ok, 1 warning, 1 fault",
    ]


def test_a_group_can_be_examined_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "machine") == 0
    assert "GPU" not in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["doctor.py", "machin"])
    with pytest.raises(SpecimenError, match=r"no group 'machin'\. Did you mean 'machine'"):
        doctor.main()


def test_json_has_the_same_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--json") == 1
    content = json.loads(capsys.readouterr().out)
    assert [line["check"] for line in content["lines"]] == ["Python", "GPU", "disk"]
    assert content["faults"] == 1

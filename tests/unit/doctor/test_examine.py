"""The doctor itself: no check stops it, no secret leaves it, and its table is one."""

import json
from pathlib import Path

import pytest
from projects import forget_settings

from specimen.common.errors import SpecimenError
from specimen.doctor.examine import Line, examine, has_fault
from specimen.doctor.findings import Finding, fault, ok, warning
from specimen.doctor.place import Place
from specimen.doctor.secrets import without
from specimen.doctor.table import as_json, format_line, summarise
from specimen.versioning.errors import TooSlowError


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch, tmp_path / "settings")


def test_a_check_that_breaks_is_a_fault_with_its_name_and_the_next_one_runs(tmp_path: Path) -> None:
    def broken(_place: Place) -> Finding:
        raise ZeroDivisionError("by zero\nand more")

    def wrong(_place: Place) -> Finding:
        raise SpecimenError("params.yaml is wrong")

    def slow(_place: Place) -> Finding:
        raise TooSlowError("`dvc status` gave no answer within 1 s")

    checks = {
        "broken": broken,
        "wrong": wrong,
        "slow": slow,
        "nothing": lambda _place: None,
        "fine": lambda _place: ok("well"),
    }
    lines = list(examine(Place(tmp_path), {"group": checks}))
    assert [(line.name, line.finding.status) for line in lines] == [
        ("broken", "fault"),
        ("wrong", "fault"),
        ("slow", "warning"),
        ("fine", "ok"),
    ]
    assert lines[0].finding.what == "the check itself failed: ZeroDivisionError: by zero"
    assert lines[1].finding.what == "params.yaml is wrong"
    assert has_fault(lines)
    assert not has_fault(lines[2:])


def test_secrets_of_the_environment_and_of_dvc_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the environment")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config.local").write_text(
        "['remote \"storage\"']\n    secret_access_key = of-the-config\n    url = s3://x\n"
    )

    def tells(_place: Place) -> Finding:
        return fault("signed with of-the-config", "unset 'of the environment' and s3://x")

    (line,) = examine(Place(tmp_path), {"remote": {"tells": tells}})
    assert line.finding == fault("signed with ***", "unset '***' and s3://x")


def test_user_and_password_of_an_address_are_hidden() -> None:
    assert without((), "origin is https://me:secret@host.org/it.git") == "origin is https://***@host.org/it.git"
    assert without((), "git@host.org:it.git") == "git@host.org:it.git"


def test_long_sentences_stay_in_their_column_and_the_way_out_is_below() -> None:
    line = Line("machine", "disk", warning("word " * 30, "free some space"))
    text = format_line(line, 8, 80)
    first, *others = text.splitlines()
    assert first.startswith("  warning  disk      word")
    assert all(other.startswith(" " * 21) for other in others)
    assert others[-1].strip() == "-> free some space"
    assert max(map(len, text.splitlines())) <= 80


def test_the_summary_and_the_json_count_what_is_wrong() -> None:
    lines = [Line("a", "one", ok("x")), Line("a", "two", fault("y", "z")), Line("b", "three", warning("y", "z"))]
    assert summarise(lines) == "1 ok, 1 warning, 1 fault"
    content = json.loads(json.dumps(as_json(lines)))
    assert (content["faults"], content["warnings"]) == (1, 1)
    assert content["lines"][1] == {"group": "a", "check": "two", "status": "fault", "what": "y", "way_out": "z"}

"""`make connect` with a project on GitLab: the pair that reads becomes two variables, through glab or by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from laboratory import Lab
from projects import git

from specimen.common.errors import SpecimenError
from specimen.connecting.gitlab import Project, parse_project

GLAB = """#!{python}
import json, sys
from pathlib import Path
path = Path({state!r})
known = json.loads(path.read_text())
known["calls"].append(sys.argv[1:])
assert sys.argv[1:4] == ["api", "--hostname", "gitlab.example.org"]
rest = sys.argv[4:]
method = rest[1] if rest[0] == "--method" else "GET"
address = rest[2] if rest[0] == "--method" else rest[0]
start, _, name = address.partition("/variables")
assert start == "projects/lab%2Fgreenhouse%2Fplants"
values, name = known["variables"], name.strip("/")
try:
    if method in ("POST", "PUT"):
        body = json.loads(sys.stdin.read())
        assert "Content-Type: application/json" in rest
        assert (method == "PUT") == (body["key"] in values)
        values[body["key"]] = body
    elif name not in values:
        sys.exit("glab: 404 Variable Not Found (HTTP 404)")
    elif method == "DELETE":
        del values[name]
    else:
        print(json.dumps(values[name]))
finally:
    path.write_text(json.dumps(known))
"""
PROJECT = "https://gitlab.example.org/lab/greenhouse/plants"
READ = ("AKIAREADER", "secret-of-the-reader")


@pytest.fixture
def glab(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a stand-in for glab keeps what it is given, and two exported keys."""
    state = tmp_path / "glab.json"
    state.write_text(json.dumps({"variables": {}, "calls": []}))
    script = tmp_path / "bin/glab"
    script.write_text(GLAB.format(python=sys.executable, state=str(state)))
    script.chmod(0o755)
    for kind in ("READ", "WRITE"):
        monkeypatch.setenv(f"S3_{kind}_ACCESS_KEY_ID", READ[0])
        monkeypatch.setenv(f"S3_{kind}_SECRET_ACCESS_KEY", READ[1])
    return state


def flags(lab: Lab) -> tuple[str, ...]:
    # The server of this lab lets everybody write.
    return ("--url", "s3://plants/specimen", "--endpoint-url", lab.endpoint, "--read-key-may-write")


def values(state: Path) -> dict[str, Any]:
    return {name: variable["value"] for name, variable in json.loads(state.read_text())["variables"].items()}


PAIR = {"AWS_ACCESS_KEY_ID": READ[0], "AWS_SECRET_ACCESS_KEY": READ[1]}


def test_the_key_that_reads_becomes_two_masked_variables_and_undo_removes_them(
    lab: Lab, glab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(lab.root, "remote", "add", "origin", "git@gitlab.example.org:lab/greenhouse/plants.git")
    lab.connect(*flags(lab))
    known = json.loads(glab.read_text())
    assert values(glab) == PAIR
    assert {(one["masked"], "protected" in one) for one in known["variables"].values()} == {(True, False)}
    assert not any(value in json.dumps(known["calls"]) for value in READ)
    assert not any(value in capsys.readouterr().out for value in READ)
    lab.connect()
    assert "Nothing to do" in capsys.readouterr().out
    lab.connect("--undo")
    assert values(glab) == {}
    assert lab.github["calls"] == []


def test_half_a_pair_is_replaced_and_what_others_have_set_stays(lab: Lab, glab: Path) -> None:
    theirs = {"key": "AWS_ACCESS_KEY_ID", "value": "THEIRS", "description": None}
    glab.write_text(json.dumps({"variables": {theirs["key"]: theirs}, "calls": []}))
    lab.connect(*flags(lab), "--gitlab", PROJECT)
    assert values(glab) == PAIR
    both = {name: {"key": name, "value": "THEIRS", "description": None} for name in PAIR}
    glab.write_text(json.dumps({"variables": both, "calls": []}))
    lab.connect(*flags(lab), "--gitlab", PROJECT)
    lab.connect(*flags(lab), "--gitlab", PROJECT, "--undo")
    assert values(glab) == dict.fromkeys(PAIR, "THEIRS")


def test_without_glab_there_is_a_list_of_what_to_set(lab: Lab, glab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (glab.parent / "bin/glab").unlink()
    lab.connect(*flags(lab), "--gitlab", PROJECT)
    printed = capsys.readouterr().out
    assert f"{PROJECT}/-/settings/ci_cd" in printed
    assert all(name in printed for name in PAIR)
    assert READ[1] not in printed
    lab.connect(*flags(lab), "--gitlab", PROJECT)
    printed = capsys.readouterr().out
    assert all(name in printed for name in PAIR), "also where nothing else is to be done"


@pytest.mark.parametrize(("text", "project"), [
    ("lab/plants", Project("gitlab.com", "lab/plants")),
    ("https://gitlab.example.org/lab/plants.git", Project("gitlab.example.org", "lab/plants")),
    (PROJECT, Project("gitlab.example.org", "lab/greenhouse/plants")),
])  # fmt: skip
def test_a_project_is_named_by_its_path_or_its_address(text: str, project: Project) -> None:
    assert parse_project(text) == project


@pytest.mark.parametrize("text", ["plants", "https://gitlab.com/plants", ""])
def test_what_is_no_project_is_one_message(text: str) -> None:
    with pytest.raises(SpecimenError, match="--gitlab: write GROUP/NAME"):
        parse_project(text)

"""Machines are rented, followed by others, and ended whatever happens; tried with a stand-in for SkyPilot's program."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import rent
import yaml
from projects import ROOT, commit_all, init_git

from specimen.common.errors import SpecimenError

SKY = """#!{python}
import json, os, pathlib, sys, time
folder = pathlib.Path(__file__).parent
calls = json.loads((folder / "calls.json").read_text())
options = dict(zip(sys.argv, sys.argv[1:]))
given = dict(value.split("=", 1) for name, value in zip(sys.argv, sys.argv[1:]) if name == "--env")
secrets = pathlib.Path(options["--secret-file"]).read_text() if "--secret-file" in options else ""
calls.append({{"argv": sys.argv[1:], "env": given, "secrets": secrets, "key": os.environ.get("AWS_ACCESS_KEY_ID")}})
(folder / "calls.json").write_text(json.dumps(calls))
if sys.argv[1] == "launch":
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(plan[1:]))
    if plan[0] == "hangs":
        time.sleep(60)
    if plan[0] == "lost":
        sys.exit(100)
    from specimen.versioning.cloud_run import CloudRun
    from specimen.versioning.remote_files import RemoteFiles
    machine = folder / "machine"
    machine.mkdir(exist_ok=True)
    (machine / "dvc.lock").write_text("trained")
    (machine / "repro.log").write_text("log")
    CloudRun(RemoteFiles(pathlib.Path.cwd()), given["COMMIT"], given["RUN"]).leave_results(machine, plan[0])
if sys.argv[1] == "down":
    sys.exit((folder / "immortal").exists())
if sys.argv[1] == "cost-report":
    print("Total Cost: $1.23")
"""

CONFIG = """\
[core]
    remote = storage
['remote "storage"']
    url = {remote}
"""


@pytest.fixture
def sky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a repository with a remote, and find a program sky that notes its calls and does as the plan says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sky"
    program.write_text(SKY.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "calls.json").write_text("[]")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in [name for name in os.environ if name.startswith(("AWS_", "RENT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setattr(rent, "PAUSE", 0)
    init_git(work)
    (work / ".dvc").mkdir()
    (work / ".dvc/config").write_text(CONFIG.format(remote=tmp_path / "remote"))
    (work / ".gitignore").write_text("/.dvc/tmp\n/repro.log\n")
    (work / "dvc.lock").write_text("old")
    commit_all(work, "First")
    return folder


def run(sky: Path, monkeypatch: pytest.MonkeyPatch, plan: list[Any], *options: str) -> int:
    (sky / "plan.json").write_text(json.dumps(plan))
    monkeypatch.setattr(sys, "argv", ["rent.py", "--base=HEAD", "--run=7-1", *options])
    with pytest.raises(SystemExit) as end:
        rent.main()
    return int(str(end.value.code))


def calls(sky: Path, verb: str = "") -> list[dict[str, Any]]:
    noted: list[dict[str, Any]] = json.loads((sky / "calls.json").read_text())
    return [call for call in noted if verb in ("", call["argv"][0])]


def test_a_machine_trains_and_is_ended_and_its_cost_is_said(
    sky: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(sky, monkeypatch, [0], "--gpus=A100:1", "--infra=aws/eu-central-1", "--hours=2") == 0
    assert [call["argv"][0] for call in calls(sky)] == ["launch", "down", "cost-report"]
    [launch] = calls(sky, "launch")
    options = dict(zip(launch["argv"], launch["argv"][1:], strict=False))
    assert (options["--gpus"], options["--infra"], options["--cluster"]) == (
        "A100:1",
        "aws/eu-central-1",
        "specimen-7-1",
    )
    assert launch["argv"][-1] == "cloud/train.yaml"
    assert 118 <= int(launch["env"]["MINUTES"]) <= 120
    assert launch["env"]["BASE"] == launch["env"]["COMMIT"]
    assert len(launch["env"]["COMMIT"]) == 40
    assert Path("dvc.lock").read_text() == "trained"
    assert "Total Cost: $1.23" in capfd.readouterr().out


def test_a_machine_that_is_taken_away_is_followed_by_another(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(sky, monkeypatch, ["lost", "lost", 0]) == 0
    assert [call["argv"][0] for call in calls(sky)] == ["launch", "down"] * 3 + ["cost-report"]
    assert len({call["env"]["COMMIT"] for call in calls(sky, "launch")}) == 1


def test_a_training_that_fails_is_not_tried_again(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(sky, monkeypatch, [3, 0]) == 3
    assert len(calls(sky, "launch")) == 1
    assert Path("dvc.lock").read_text() == "old"


def test_the_machine_gets_the_keys_of_the_remote_and_sky_those_to_rent(
    sky: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "bucket")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "short")
    monkeypatch.setenv("RENT_AWS_ACCESS_KEY_ID", "rent")
    assert run(sky, monkeypatch, [0]) == 0
    [launch] = calls(sky, "launch")
    assert launch["secrets"] == "AWS_ACCESS_KEY_ID=bucket\nAWS_SESSION_TOKEN=short\n"
    assert {call["key"] for call in calls(sky)} == {"rent"}
    secret_file = launch["argv"][launch["argv"].index("--secret-file") + 1]
    assert not Path(secret_file).exists()
    assert not any("bucket" in word for word in launch["argv"])


def test_where_no_machine_is_to_be_had_it_ends_with_the_way_out(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecimenError, match=r"3 machines ended at once.*--gpus, or --on-demand"):
        run(sky, monkeypatch, ["lost"] * 9)
    assert len(calls(sky, "launch")) == 3
    assert calls(sky)[-2]["argv"] == ["down", "--yes", "specimen-7-1"]


def test_too_few_hours_say_how_to_go_on(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecimenError, match=r"5 hours were too few\. The checkpoint is kept; start it again"):
        run(sky, monkeypatch, [rent.OUT_OF_TIME])
    assert len(calls(sky, "down")) == 1


def test_a_command_that_hangs_is_given_up_and_the_machine_ended(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rent, "GRACE", -17999)  # a second, in place of five hours
    monkeypatch.setattr(rent, "MOST_FAILURES", 1)
    with pytest.raises(SpecimenError):
        run(sky, monkeypatch, ["hangs"])
    assert calls(sky)[-2]["argv"][0] == "down"


def test_ctrl_c_ends_the_machine(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rent, "launch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(sky, monkeypatch, [])
    assert [call["argv"][0] for call in calls(sky)] == ["down", "cost-report"]


def test_a_machine_that_cannot_be_ended_is_named(
    sky: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (sky / "immortal").touch()
    assert run(sky, monkeypatch, [0]) == 0
    assert len(calls(sky, "down")) == 3
    assert "error: the machine specimen-7-1 may still run. End it: sky down specimen-7-1" in capfd.readouterr().err


def test_what_is_not_committed_is_refused(sky: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("dvc.lock").write_text("changed")
    with pytest.raises(SpecimenError, match="commit first"):
        run(sky, monkeypatch, [0])
    assert calls(sky) == []


@pytest.mark.parametrize("hours", ["0", "100", "nan", "five"])
def test_hours_have_an_upper_limit(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        rent.parse_options(["--hours", hours])
    assert "is not a number of hours from 0.1 to 72" in capsys.readouterr().err


def test_the_machine_ends_by_itself_in_two_ways() -> None:
    task = yaml.safe_load((ROOT / "cloud/train.yaml").read_text())
    assert task["resources"]["autostop"] == {"idle_minutes": 5, "wait_for": "jobs", "down": True}
    assert task["setup"].splitlines()[0] == 'sudo shutdown -P "+$((MINUTES + 15))"'
    assert set(task["envs"]) == {"BASE", "COMMIT", "RUN", "MINUTES"}
    assert "--require-hashes" in task["setup"]
    assert task["run"].split()[-1] == "tools/rented.py"

"""sweep.yaml, as the agent of W&B runs it: its own code, without a server to ask for the next params."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psutil
import pytest
import yaml
from projects import ROOT, commit_all, dvc_here, init_git

from specimen.config.train import Train

wandb_agent = pytest.importorskip("wandb.wandb_agent", reason="needs the extra track")

SWEEP = yaml.safe_load((ROOT / "sweep.yaml").read_text())
STAGE = """
import os, pathlib, time, yaml
from specimen.integrations.tracking import track_training
train = yaml.safe_load(open("params.yaml"))["train"]
with track_training("a trial", is_first=True) as tracking:
    tracking.log({"val_rmse": train["lr"]}, 1)
    if train["epochs"] > 1:
        pathlib.Path(os.environ["PID"]).write_text(str(os.getpid()))
        time.sleep(300)
pathlib.Path("model").write_text("trained")
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose stage train takes no time, or 300 seconds with two epochs."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "tools").mkdir()
    shutil.copyfile(ROOT / SWEEP["program"], folder / SWEEP["program"])
    data = {"root": "data", "task": "regression", "table": "labels.csv"}
    (folder / "params.yaml").write_text(yaml.safe_dump({"data": data, "train": {"lr": 1.0, "epochs": 1}}))
    (folder / "stage.py").write_text(STAGE)
    stage = {"cmd": "python stage.py", "deps": ["stage.py"], "params": ["train"], "outs": ["model"]}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    (folder / ".gitignore").write_text("/model\n/wandb\n/pid\n")
    init_git(folder)
    dvc_here(folder, "init", "--quiet")
    commit_all(folder, "first")
    return folder


@pytest.fixture
def agent(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An agent in the repository."""
    for name in [name for name in os.environ if name.startswith(("WANDB_", "SPECIMEN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(repository)
    settings = {"WANDB_MODE": "offline", "WANDB_SWEEP_ID": "leaves", "WANDB_DIR": str(repository)}
    for name, value in {**settings, "PYTHONPATH": str(ROOT / "src"), "PID": str(repository / "pid")}.items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:
        patch.setenv("WANDB_RUN_ID", "")  # the agent sets it for good
        made = wandb_agent.Agent(Mock(), None, sweep_id="leaves")
        made._sweep_command = SWEEP["command"]
        yield made


def start(agent: Any, run: str, **params: object) -> Any:
    """Let the agent start a run with these params of train; return its process."""
    args = {f"train.{name}": {"value": value} for name, value in params.items()}
    agent._command_run({"run_id": run, "program": SWEEP["program"], "args": args})
    return agent._run_processes[run]


def test_the_sweep_searches_params_that_there_are() -> None:
    for name in SWEEP["parameters"]:
        section, key = name.split(".")
        assert section == "train"
        assert key in Train.model_fields
    assert all(isinstance(SWEEP["parameters"]["train.lr"][end], float) for end in ("min", "max"))


def test_the_agent_runs_an_experiment_of_dvc_that_logs_to_its_run(agent: Any, repository: Path) -> None:
    assert start(agent, "run1", lr=0.25, batch_size=16).wait() == 0
    (found,) = json.loads(dvc_here(repository, "exp", "show", "--json"))[1]["experiments"]
    (revision,) = found["revs"]
    assert revision["data"]["params"]["params.yaml"]["data"]["train"] == {"lr": 0.25, "epochs": 1, "batch_size": 16}
    assert yaml.safe_load((repository / "params.yaml").read_text())["train"] == {"lr": 1.0, "epochs": 1}
    (log,) = (repository / "wandb").glob("offline-run-*/run-run1.wandb")
    assert b"best_val_rmse" in log.read_bytes()


def test_a_run_that_the_agent_stops_leaves_no_process_and_no_copy(agent: Any, repository: Path) -> None:
    process = start(agent, "run2", epochs=2)
    pid = repository / "pid"
    while not (pid.exists() and pid.read_text()):
        assert process.poll() is None
    stage = psutil.Process(int(pid.read_text()))
    agent._command_stop({"run_id": "run2"})
    assert process.wait() < 0, "for the agent it has been stopped, and has not failed"
    assert not stage.is_running() or stage.status() == psutil.STATUS_ZOMBIE
    assert not list((repository / ".dvc/tmp/exps/standalone").glob("tmp*"))

"""Sweeps: real studies of Optuna over real experiments of DVC, on a stage that only pretends to train."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
import psutil
import pytest
import yaml
from projects import ROOT, commit_all, dvc_here, git, init_git

optuna = pytest.importorskip("optuna", reason="needs the extra tune")

import sweep  # noqa: E402

from specimen.common.errors import SpecimenError  # noqa: E402
from specimen.experiments import study as study_of_trials  # noqa: E402
from specimen.experiments.study import Goal, open_study  # noqa: E402
from specimen.experiments.trial import Trial  # noqa: E402

TRAIN = """
import json, math, os, pathlib, subprocess, sys, time, yaml
params = yaml.safe_load(open("params.yaml"))["train"]
if params["lr"] > 1:
    sys.exit("error: train: the loss is nan")
rows = []
for epoch in range(1, params["epochs"] + 1):
    rows.append((epoch, abs(math.log10(params["lr"]) + 3) + 1 / epoch))
    with open(os.environ["SPECIMEN_RECORDS"], "a") as file:
        file.write(json.dumps({"epoch": epoch, "val_rmse": rows[-1][1]}) + "\\n")
    if params.get("weight_decay"):  # hangs, with a child in a session of its own
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        pathlib.Path(params["weights"]).write_text(str(child.pid))
        time.sleep(600)
pathlib.Path("plots").mkdir(exist_ok=True)
table = "epoch,val_rmse\\n" + "".join(f"{epoch},{value}\\n" for epoch, value in rows)
pathlib.Path("plots/history.csv").write_text(table)
"""


def make_sweep_repository(folder: Path) -> None:
    """Make a committed repository with a stage train."""
    (folder / "train.py").write_text(TRAIN)
    stage = {
        "cmd": f"{sys.executable} train.py",
        "deps": ["train.py"],
        "params": ["train"],
        "outs": ["plots/history.csv"],
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    data = {"root": "data", "task": "regression", "table": "labels.csv"}
    (folder / "params.yaml").write_text(yaml.safe_dump({"data": data, "train": {"lr": 0.01, "epochs": 3}}))
    (folder / ".gitignore").write_text("/plots\n/sweep\n")
    init_git(folder)
    dvc_here(folder, "init", "--quiet")
    commit_all(folder, "first")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of `make_sweep_repository`. Not to be changed, but for its folder `sweep` and its experiments."""
    folder = tmp_path_factory.mktemp("sweep")
    make_sweep_repository(folder)
    return folder


class FakeTrial:
    """A trial that only pretends to run: two epochs whose metric is the learning rate, or a failure above 1."""

    def __init__(self, name: str, changes: Mapping[str, Any], folder: Path) -> None:
        self.name = name
        self.lr = float(changes["train.lr"])

    def epochs(self) -> Iterator[dict[str, float]]:
        if self.lr > 1:
            raise SpecimenError(f"sweep: {self.name} failed: error: train: the loss is nan")
        for epoch in (1, 2):
            yield {"epoch": epoch, "val_rmse": self.lr}

    def history(self) -> pd.DataFrame:
        return pd.DataFrame(self.epochs())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...


@pytest.fixture
def fake_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_of_trials, "Trial", FakeTrial)


@pytest.fixture
def repository(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The repository, with a study of its own for each test."""
    monkeypatch.chdir(fresh)
    monkeypatch.setattr(sys, "argv", ["sweep.py"])
    yield fresh
    for path in sorted(Path("sweep").glob("*")):
        path.unlink()


def run_sweep(*arguments: str) -> None:
    sys.argv = ["sweep.py", *arguments]
    sweep.main()


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_trial_yields_its_epochs_and_its_history_stays_in_dvc(repository: Path) -> None:
    with Trial("one", {"train.lr": 0.001, "train.epochs": 2}, Path("sweep")) as trial:
        assert list(trial.epochs(0.05)) == [{"epoch": 1, "val_rmse": 1.0}, {"epoch": 2, "val_rmse": 0.5}]
        assert trial.history().equals(pd.DataFrame({"epoch": [1, 2], "val_rmse": [1.0, 0.5]}))
    assert not Path("plots/history.csv").exists()
    assert yaml.safe_load(Path("params.yaml").read_text())["train"]["lr"] == 0.01


def test_a_stopped_trial_leaves_no_process_and_no_copy(repository: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid.pt"
    with Trial("two", {"train.weight_decay": 1, "train.weights": str(pid)}, Path("sweep")) as trial:
        assert next(trial.epochs(0.05))["epoch"] == 1
        while not (pid.exists() and pid.read_text()):
            pass
        family = [
            trial._process.pid,
            *(child.pid for child in psutil.Process(trial._process.pid).children(recursive=True)),
        ]
        assert int(pid.read_text()) in family
    assert not [pid for pid in family if is_running(pid)]
    assert not list(Path(".dvc/tmp/exps/standalone").glob("tmp*"))
    assert "/two" not in git(repository, "for-each-ref", "refs/exps")


def test_a_trial_that_fails_says_why(repository: Path) -> None:
    with Trial("three", {"train.lr": 2}, Path("sweep")) as trial, pytest.raises(SpecimenError) as caught:
        list(trial.epochs(0.05))
    assert "three failed: error: train: the loss is nan (all of it: sweep/three.log)" in str(caught.value)


def test_a_sweep_goes_on_where_it_stood_and_its_best_is_applied(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_sweep("-S", "train.lr=1e-4..1e-2:log", "--trials", "1")
    run_sweep("--trials", "2")
    study = optuna.load_study(study_name="sweep", storage="sqlite:///sweep/study.db")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE"]
    for name in ("trials.png", "importance.png"):
        assert Path("sweep", name).stat().st_size > 1000
    run_sweep("--apply")
    applied = yaml.safe_load(Path("params.yaml").read_text())["train"]["lr"]
    assert applied == pytest.approx(study.best_params["train.lr"])
    git(repository, "checkout", "--quiet", ".")
    with pytest.raises(SpecimenError, match=r"study 'sweep' searches train.lr=1e-4..1e-2:log, not train.lr=1,2"):
        run_sweep("-S", "train.lr=1,2")


@pytest.mark.usefixtures("fake_trials")
def test_a_trial_worse_than_the_median_is_stopped(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = optuna.create_study(study_name="sweep", storage=f"sqlite:///{repository}/sweep/study.db")
    study.set_user_attr("space", ["train.lr=0.1..0.2"])
    numbers = optuna.distributions.FloatDistribution(0.1, 0.2)
    for _ in range(3):
        good = {"params": {"train.lr": 0.1}, "distributions": {"train.lr": numbers}, "value": 0.0}
        good |= {"user_attrs": {"experiment": "good"}, "intermediate_values": {1: 0.0, 2: 0.0}}
        study.add_trial(optuna.trial.create_trial(**good))
    run_sweep("--trials", "4", "--spare", "0")
    assert study.trials[-1].state == optuna.trial.TrialState.PRUNED
    assert "stopped after epoch 1" in capsys.readouterr().out


@pytest.mark.usefixtures("fake_trials")
def test_failed_trials_are_named_and_three_in_a_row_end_the_sweep(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SpecimenError, match=r"3 trials in a row have failed, the last: .* the loss is nan"):
        run_sweep("-S", "train.lr=2..3")
    assert capsys.readouterr().err.count("the loss is nan") == 3
    study = optuna.load_study(study_name="sweep", storage="sqlite:///sweep/study.db")
    assert [trial.state.name for trial in study.trials] == ["FAIL"] * 3
    with pytest.raises(SpecimenError, match="no trial of study 'sweep' has finished yet"):
        run_sweep("--apply")


def test_ctrl_c_stops_the_trial_and_leaves_the_study_usable(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(FakeTrial):
        def epochs(self) -> Iterator[dict[str, float]]:
            raise KeyboardInterrupt

    monkeypatch.setattr(study_of_trials, "Trial", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep("-S", "train.lr=1e-3,1e-2")
    study = optuna.load_study(study_name="sweep", storage="sqlite:///sweep/study.db")
    assert [trial.state.name for trial in study.trials] == ["FAIL"]


def test_nothing_to_search_is_an_error(repository: Path) -> None:
    with pytest.raises(SpecimenError, match=r"nothing to search\. Name it with -S"):
        run_sweep()


def test_without_the_extra_the_message_says_how_to_install_it(repository: Path) -> None:
    code = (
        "import sys; sys.modules['optuna'] = None; import sweep; "
        "from specimen.common.errors import run_cli; run_cli(sweep.main)"
    )
    tools = Path(sweep.__file__).parent
    env = os.environ | {"PYTHONPATH": f"{tools}{os.pathsep}{tools.parent / 'src'}"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: sweep needs the extra 'tune', which is not installed")


def test_two_machines_search_in_one_study(fresh: Path, tmp_path: Path) -> None:
    """Here: two clones, each with a process of its own, and a file that both append to."""
    storage = tmp_path / "study.log"
    words = ("-S", "train.lr=1e-4..1e-2:log", "--storage", str(storage), "--trials", "4")
    env = os.environ | {"PYTHONPATH": str(ROOT / "src"), "DVC_NO_ANALYTICS": "1"}
    searches = []
    for name in ("one", "two"):
        git(tmp_path, "clone", "--quiet", str(fresh), name)
        searches.append(
            subprocess.Popen([sys.executable, str(ROOT / "tools/sweep.py"), *words], cwd=tmp_path / name, env=env)
        )
    assert [search.wait(300) for search in searches] == [0, 0]
    study = open_study(str(storage), "sweep", Goal("val_rmse", higher_is_better=False), spare=3)
    names = [trial.user_attrs["experiment"] for trial in study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))]
    found = [git(tmp_path / name, "for-each-ref", "refs/exps") for name in ("one", "two")]
    assert all("/sweep-00" in of_one for of_one in found)
    assert all(sum(name in of_one for of_one in found) == 1 for name in names)
    assert 4 <= len(study.trials) <= 5
    assert len({trial.params["train.lr"] for trial in study.trials}) == len(study.trials)


@pytest.mark.usefixtures("fake_trials")
def test_the_values_of_a_trial_follow_from_its_number(repository: Path, tmp_path: Path) -> None:
    """So a sweep that goes on, or that several share, is the one that would have been."""
    tried = []
    for number, parts in enumerate(((12,), (3, 11, 12))):
        for trials in parts:
            run_sweep("-S", "train.lr=0.1..0.9", "--storage", str(tmp_path / f"{number}.log"), "--trials", str(trials))
        study = open_study(str(tmp_path / f"{number}.log"), "sweep", Goal("val_rmse", higher_is_better=False), spare=3)
        tried.append([trial.params["train.lr"] for trial in study.trials])
    assert tried[0] == tried[1]


def test_a_database_that_cannot_be_opened_is_named(repository: Path) -> None:
    with pytest.raises(SpecimenError, match=r"sweep: cannot open --storage 'nosuch://host/db': "):
        run_sweep("-S", "train.lr=1e-3,1e-2", "--storage", "nosuch://host/db")

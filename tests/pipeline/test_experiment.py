"""`python tools/experiment.py`: params that are given become overrides, the others stay."""

import re
import shutil
import sys
from pathlib import Path

import experiment
import pytest
import yaml
from projects import commit_all, dvc_here, init_git, run

from specimen.common.errors import SpecimenError
from specimen.config.train import Train

ROOT = Path(__file__).parents[2]


def test_only_what_is_given_is_changed() -> None:
    arguments = experiment.dvc_arguments(["train.epochs=3", "train.lr=unchanged", "train.augment.flip=0.5"], "train")
    changes = ["--set-param", "++train.epochs=3", "--set-param", "++train.augment.flip=0.5"]
    assert arguments == ["exp", "run", *changes, "train"]


@pytest.mark.parametrize("change", ["train.epochs", "=3", "train.lr="])
def test_a_change_without_key_and_value_is_refused(change: str) -> None:
    with pytest.raises(SpecimenError, match=re.escape(f"'{change}' changes nothing; write KEY=VALUE")):
        experiment.dvc_arguments([change], None)


def test_the_project_file_of_mlflow_names_stages_and_params_that_exist() -> None:
    entries = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert set(entries) == {"prepare", "train", "evaluate", "main"}
    for name, entry in entries.items():
        assert re.findall(r"--stage (\w+)", entry["command"]) == ([] if name == "main" else [name])
        assert name == "main" or name in stages
        used = dict(re.findall(r"train\.(\w+)=\{(\w+)\}", entry["command"]))
        assert used == {key: key for key in entry.get("parameters", {})}
        assert set(used) <= set(Train.model_fields)


def test_mlflow_run_executes_the_pipeline_with_its_params(tmp_path: Path) -> None:
    """The real project file, MLflow and DVC; a stage that takes no time is there instead of the others."""
    pytest.importorskip("mlflow", reason="needs the extra track")
    for name in ("MLproject", "python_env.yaml", "tools/experiment.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "params.yaml").write_text("train: {epochs: 12, lr: 0.001}\n")
    stage = {"cmd": "echo trained > model", "params": ["train"], "outs": ["model"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    init_git(tmp_path)
    dvc_here(tmp_path, "init", "--quiet")
    commit_all(tmp_path, "first")
    settings = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-m", "mlflow", "run", ".", "--env-manager", "local", "-P", "epochs=3"]
    run(*command, cwd=tmp_path, **settings)
    assert (tmp_path / "model").read_text() == "trained\n"
    assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == {"train": {"epochs": 3, "lr": 0.001}}

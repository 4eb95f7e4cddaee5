"""The stage fold: the store and the params of one fold, and what its training and evaluation get of the environment."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import projects
import pytest
import yaml

import fold
from specimen.common.errors import SpecimenError
from specimen.data.dataset.store import Store

WRITES_RESULTS = "".join(
    f"Path('{result}').parent.mkdir(exist_ok=True)\nPath('{result}').write_text(json.dumps(dict(os.environ)))\n"
    for result in fold.RESULTS
)
"""A stage that writes its environment to where the results are expected."""


@pytest.fixture
def project(trained_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project after prepare, as the working directory; train does nothing, evaluate writes the environment."""
    shutil.copytree(trained_project / "data/prepared", tmp_path / "data/prepared")
    configure(tmp_path)
    (tmp_path / "train.py").touch()
    (tmp_path / "evaluate.py").write_text(f"import json, os\nfrom pathlib import Path\n{WRITES_RESULTS}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fold, "_script", lambda verb: str(tmp_path / f"{verb}.py"))
    return tmp_path


def configure(folder: Path, **train: Any) -> None:
    projects.write_params(folder, split={"folds": 3, "val": 0.3, "seed": 7}, train=train)


def run_fold(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["fold.py", str(number)])
    fold.main()


def stop_before_training(monkeypatch: pytest.MonkeyPatch, project: Path, number: int = 1) -> Path:
    """Run a fold whose training is interrupted; return the folder of the fold."""
    (project / "train.py").write_text("raise SystemExit(130)")
    with pytest.raises(SystemExit) as stopped:
        run_fold(number, monkeypatch)
    assert stopped.value.code == 130
    return project / fold.WORK / f"fold-{number}"


def test_no_tracker_of_the_environment_hears_of_a_fold(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECIMEN_TRACK", "dvclive")
    monkeypatch.setenv("MLFLOW_RUN_ID", "123")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    run_fold(1, monkeypatch)
    env = json.loads((project / "folds/fold-1/test.json").read_text())
    assert env["SOMETHING_ELSE"] == "kept"
    assert not {"SPECIMEN_TRACK", "MLFLOW_RUN_ID"} & set(env)
    assert os.environ["SPECIMEN_TRACK"] == "dvclive"


def test_no_tracker_of_the_params_hears_of_a_fold(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(project, track=["dvclive"])
    work = stop_before_training(monkeypatch, project)
    assert yaml.safe_load((work / "params.yaml").read_text())["train"]["track"] == []


def test_files_that_the_params_name_are_found_from_the_folder_of_a_fold(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "start.pt").touch()
    configure(project, weights="start.pt")
    work = stop_before_training(monkeypatch, project)
    params = yaml.safe_load((work / "params.yaml").read_text())
    assert params["data"]["root"] == str(project / "data/raw")
    assert params["train"]["weights"] == str(project / "start.pt")
    assert params["split"]["fold"] == 1
    assert params["evaluate"] == projects.SMALL["evaluate"]


def test_the_store_of_a_fold_has_splits_of_its_own_and_the_pictures_of_all(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = stop_before_training(monkeypatch, project)
    assert (work / "data/prepared/images").is_symlink()
    stores = [Store.load(folder / "data/prepared") for folder in (work, Path())]
    np.testing.assert_array_equal(*(store.images[:] for store in stores))
    own = pd.read_csv(work / "data/prepared/samples.csv", dtype=str)
    whole = pd.read_csv("data/prepared/samples.csv", dtype=str)
    pd.testing.assert_frame_equal(own.drop(columns="split"), whole.drop(columns="split"))
    train = own.loc[own["split"] == "train", "target"].astype(float)
    meta = json.loads((work / "data/prepared/meta.json").read_text())
    assert meta["train_target"]["mean"] == pytest.approx(train.mean(), rel=1e-5)
    assert meta["counts"]["split"] == own["split"].value_counts()[["train", "val", "test"]].to_dict()


def test_each_sample_is_tested_in_one_fold(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tested: list[str] = []
    for number in range(3):
        work = stop_before_training(monkeypatch, project, number)
        samples = pd.read_csv(work / "data/prepared/samples.csv", dtype=str)
        tested += samples.loc[samples["split"] == "test", "row"].tolist()
    assert sorted(tested) == sorted(pd.read_csv("data/prepared/samples.csv", dtype=str)["row"])


def test_only_the_results_are_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_fold(0, monkeypatch)
    kept = sorted(path.name for path in (project / "folds/fold-0").iterdir())
    assert kept == ["history.csv", "predictions.csv", "test.json"]
    assert not list((project / fold.WORK).iterdir())


def test_a_fold_that_there_is_not_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecimenError, match="fold is 3, but folds: 3 are numbered 0 to 2"):
        run_fold(3, monkeypatch)
    assert not Path("folds/fold-3").exists()

"""Which trackers a run has, and where they write. That they do is in `tests/pipeline/test_trackers.py`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest
import yaml

from specimen.config.train import Tracker, Train
from specimen.integrations import tracker, tracker_process, tracking
from specimen.integrations.tracking import track_training


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, where no setting of this machine counts."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "SPECIMEN_", "WANDB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def use(*track: str) -> None:
    """Let the params name these trackers."""
    Path("params.yaml").write_text(yaml.safe_dump({"train": {"track": list(track)}}))


def test_the_environment_adds_trackers(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mlflow", reason="needs the extra track")
    monkeypatch.setenv("SPECIMEN_TRACK", "dvclive, mlflo")
    use("mlflow")
    assert tracking.wanted() == ["mlflow", "dvclive"]
    assert "SPECIMEN_TRACK: no tracker 'mlflo'. Did you mean 'mlflow'?" in capfd.readouterr().err


@pytest.mark.parametrize("content", ["- a list\n", "train:\n", "train: {track: mlflow}\n", ""])
def test_params_that_name_no_trackers_are_read(content: str) -> None:
    Path("params.yaml").write_text(content)
    assert tracking.wanted() == []


def test_everybody_knows_the_same_trackers() -> None:
    """The files, the table of their classes, and what params accept."""
    assert set(tracking.known_trackers()) == set(tracker_process.RUNS) == set(get_args(Tracker))


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"target_transform": "sqrt", "epochs": 9}, "resnet18-sqrt-e9-s1"),
        (
            {"backbone": "timm/vit_tiny", "weights": "a/file.pt", "fine_tune": "head", "seed": 3},
            "vit_tiny-pretrained-head-e20-s3",
        ),
    ],
)
def test_a_run_is_called_by_what_was_trained(params: dict[str, object], name: str) -> None:
    assert tracking.run_name(Train.model_validate(params).model_dump(mode="json")) == name


def test_a_model_that_knows_little_of_its_training_still_has_a_name() -> None:
    assert tracking.run_name({"lr": 0.001, "seed": 2}) == "model-s2"


def test_an_agent_of_wandb_switches_it_on_and_names_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="needs the extra track")
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    monkeypatch.setenv("WANDB_RUN_ID", "r1")
    use()
    assert tracking.wanted() == ["wandb"]
    with track_training("a run", is_first=False) as run:
        assert run.session == "r1"


def test_other_processes_than_the_first_track_nothing() -> None:
    use("mlflow")
    with track_training("a run", is_first=False) as second:
        assert not second.is_on


def test_a_queued_experiment_tracks_into_the_repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own copy of the repository is removed at its end."""
    copy = project / ".dvc/tmp/exps/tmp1"
    copy.mkdir(parents=True)
    assert tracker.repository_root() == project
    monkeypatch.chdir(copy)
    assert tracker.repository_root() == project

"""Trackers, read back through their own libraries; and what happens when one fails: nothing but a warning."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from unittest import mock

import builders
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from projects import git, init_git

from specimen.integrations import tracker_process, tracking
from specimen.integrations.tracking import track_evaluation, track_training
from specimen.models.model import make_model, save_model
from specimen.models.task import Regression
from specimen.models.torch_network import load_torch

ROOT = Path(__file__).parents[2]
MODEL, PLOTS, DATA = Path("models/model.pt"), Path("plots/test"), Path("data/prepared")
METRICS = {"rmse": 0.5, "samples": 3, "baseline": {"mean": {"rmse": 0.75}}, "note": "not a number"}
NAME = tracking.run_name("mobilenet_v3_small", 32, 0.003)


def use(*track: str) -> str:
    """Let the params name these trackers; return the name of the run."""
    data = {"root": "data", "task": "regression", "table": "labels.csv"}
    train = {"track": list(track), "lr": 0.003, "backbone": "mobilenet_v3_small"}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "prepare": {"image_size": 32}, "train": train}))
    return NAME


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed project with a lock and what train and evaluate leave. Copy it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "dvc.lock").write_bytes(b"schema: '2.0'\n")
    init_git(folder)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    meta = builders.model_meta(Regression(5.0, 2.0, "none", "mse"), backbone="mobilenet_v3_small")
    save_model(folder / MODEL, make_model("mobilenet_v3_small", 1, 32), meta)
    for path in (PLOTS, DATA):
        (folder / path).mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / PLOTS / "worst.png")
    (folder / DATA / "samples.csv").write_text("row,image\n0,a.png\n")
    (folder / DATA / "meta.json").write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project to work in, where no setting of this machine counts."""
    forget_settings(monkeypatch, tmp_path)
    return Path(shutil.copytree(original, tmp_path, dirs_exist_ok=True))


def forget_settings(patch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_", "DVC", "SPECIMEN_"))]:
        patch.delenv(name)
    patch.setenv("NETRC", str(folder / "no netrc"))
    patch.setattr(tracking, "SECONDS_TO_END", 300.0)  # also where this machine is busy
    patch.chdir(folder)


class ProcessHere:
    """Does at the end of a stage, in this process, what the process of a tracker does: an import costs seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[bytes] = []
        self.stdin = self
        self.returncode = 0

    def write(self, line: bytes) -> None:
        self.lines.append(line)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, _seconds: float) -> None:
        messages: tracker_process.Messages = SimpleQueue()
        for line in self.lines:
            messages.put(json.loads(line))
        with mock.patch.dict(os.environ), warnings.catch_warnings(action="ignore"):
            tracker_process.follow(self.name, messages)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trackers work in the process of the test."""
    monkeypatch.setattr(tracking, "_start", ProcessHere)


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trackers be processes that read and do nothing."""
    command = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
    monkeypatch.setattr(tracking, "_start", lambda _name: subprocess.Popen(command, stdin=subprocess.PIPE))


@pytest.fixture(scope="module")
def tracked_by_mlflow(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose training and evaluation MLflow has followed, in processes of its own. Not to be changed."""
    pytest.importorskip("mlflow", reason="needs the extra track")
    folder = Path(shutil.copytree(original, tmp_path_factory.mktemp("mlflow"), dirs_exist_ok=True))
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch, folder)
        train_and_evaluate("mlflow")
    return folder


def mlflow_runs(folder: Path) -> tuple[Any, list[Any]]:
    """Return a client of a project's database and all runs in it, the last first."""
    from mlflow import MlflowClient

    with warnings.catch_warnings(action="ignore"):
        client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        return client, client.search_runs([client.get_experiment_by_name("specimen").experiment_id])


def train_and_evaluate(*track: str) -> str:
    """Feed trackers as the two stages do; return the id of the run."""
    name = use(*track)
    with track_training(name, is_first=True) as first:
        for epoch in (1, 2):
            first.log({"train_loss": 1 / epoch, "val_loss": 2 / epoch, "val_rmse": 3 / epoch, "lr": 0.003}, epoch)
        first.remember_model(MODEL)
    with track_evaluation(name, MODEL) as second:
        second.log_results(METRICS, PLOTS, MODEL, DATA)
    assert second.session == first.session
    return first.session


def git_commit(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").strip()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_mlflow_run_is_read_back_through_its_client(tracked_by_mlflow: Path) -> None:
    client, (run,) = mlflow_runs(tracked_by_mlflow)
    assert run.info.run_name == "mobilenet_v3_small-32px-lr0.003"
    assert run.info.status == "FINISHED"
    assert run.data.params["train.lr"] == "0.003"
    assert run.data.params["prepare.rules.small_image.min_side"] == "32"
    assert run.data.tags["mlflow.source.git.commit"] == git_commit(tracked_by_mlflow)
    assert run.data.tags["dvc.lock.md5"] == hashlib.md5(b"schema: '2.0'\n").hexdigest()
    history = client.get_metric_history(run.info.run_id, "val_rmse")
    assert [(point.step, point.value) for point in history] == [(1, 3.0), (2, 1.5)]
    assert {"train_loss", "val_loss", "lr"} <= set(run.data.metrics)
    assert run.data.metrics["test/baseline/mean/rmse"] == 0.75
    assert [file.path for file in client.list_artifacts(run.info.run_id, "plots")] == ["plots/worst.png"]


def test_the_model_loads_back_from_mlflow_and_predicts_the_same_numbers(
    tracked_by_mlflow: Path, tmp_path: Path
) -> None:
    """In a process that knows nothing of this repository."""
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(picture).save("photo.png")
    code = """
import sys, mlflow, pandas as pd
from pathlib import Path
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
(run,) = client.search_runs([client.get_experiment_by_name("specimen").experiment_id])
model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
import specimen
print(specimen.__file__)
print(model.predict(pd.DataFrame({"image": [sys.argv[2], sys.argv[2]]})).to_json())
"""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    database = f"sqlite:///{tracked_by_mlflow / 'mlflow.db'}"
    command = [sys.executable, "-c", code, database, str(tmp_path / "photo.png")]
    done = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = load_torch(tracked_by_mlflow / MODEL).predict(np.stack([picture, picture]), pd.DataFrame(index=[0, 1]))
    *_, code_file, predicted = done.stdout.splitlines()
    assert not Path(code_file).is_relative_to(ROOT / "src"), "the code comes with the model"
    loaded = pd.DataFrame(json.loads(predicted))
    np.testing.assert_allclose(loaded["prediction"], expected["prediction"], rtol=1e-6)


def test_wandb_writes_its_files_offline_without_a_key(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("wandb", reason="needs the extra track")
    session = train_and_evaluate("wandb")
    assert "warning" not in capfd.readouterr().err
    files = sorted(Path("wandb").glob(f"offline-run-*/run-{session}.wandb"))
    records = [record for file in files for record in wandb_records(file)]
    config = {item.key: json.loads(item.value_json) for record in records for item in record.run.config.update}
    assert config["model"]["backbone"] == "mobilenet_v3_small"
    assert config["training"]["lr"] == 0.003
    assert config["data"]["prepare"]["image_size"] == 32
    assert config["git_commit"] == git_commit(project)
    names = {record.run.display_name for record in records if record.HasField("run")}
    assert names == {"mobilenet_v3_small-32px-lr0.003"}
    logged = [values(record.history.item) for record in records if record.HasField("history")]
    assert [entry["val_rmse"] for entry in logged if "val_rmse" in entry] == [3.0, 1.5]
    assert any(key.startswith("plots/worst") for entry in logged for key in entry)
    summary = [values(record.summary.update) for record in records if record.HasField("summary")]
    assert 0.5 in [entry.get("test/rmse") for entry in summary]
    made = {record.request.log_artifact.artifact.name for record in records}
    made |= {record.artifact.name for record in records}
    assert {"specimen-dataset", "specimen-model"} <= made


def values(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def wandb_records(file: Path) -> Iterator[Any]:
    """Yield the records of a run: messages of W&B, in a log of LevelDB behind a header of 7 bytes.

    Format: https://github.com/google/leveldb/blob/main/doc/log_format.md
    """
    from wandb.proto import wandb_internal_pb2

    content = file.read_bytes()
    offset = 7
    record = b""
    while offset < len(content):
        left_in_block = 32768 - offset % 32768
        if left_in_block < 7:  # too short for a header
            offset += left_in_block
            continue
        _, length, kind = struct.unpack_from("<IHB", content, offset)
        record += content[offset + 7 : offset + 7 + length]
        offset += 7 + length
        if kind in (1, 4):  # a whole record, or the end of one
            yield wandb_internal_pb2.Record.FromString(record)
            record = b""


@pytest.mark.usefixtures("in_this_process")
def test_dvclive_writes_live_plots_and_leaves_dvc_alone(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dvclive", reason="needs the extra track")
    train_and_evaluate("dvclive")
    assert "warning" not in capfd.readouterr().err
    assert not Path("dvc.yaml").exists()
    assert Path("dvc.lock").read_bytes() == b"schema: '2.0'\n"
    curve = pd.read_csv("dvclive/plots/metrics/val_rmse.tsv", sep="\t")
    assert curve[["step", "val_rmse"]].to_numpy().tolist() == [[1, 3.0], [2, 1.5]]
    latest = json.loads(Path("dvclive/metrics.json").read_text())
    assert latest["test"]["rmse"] == 0.5
    assert latest["val_rmse"] == 1.5
    assert Path("dvclive/plots/images/worst.png").exists()
    assert "train.lr: 0.003" in Path("dvclive/params.yaml").read_text()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("in_this_process")
def test_evaluate_alone_starts_a_run_of_its_own(tracked_by_mlflow: Path, project: Path) -> None:
    shutil.copyfile(tracked_by_mlflow / "mlflow.db", "mlflow.db")  # to make one takes long
    with track_evaluation(use("mlflow"), MODEL) as alone:
        alone.log_results(METRICS, PLOTS, MODEL, DATA)
    _, (run, _) = mlflow_runs(project)
    assert run.data.tags["session"] == alone.session
    assert run.data.metrics["test/rmse"] == 0.5
    assert run.data.params["train.lr"] == "0.003"


@pytest.mark.usefixtures("without_library")
def test_a_session_counts_only_for_the_model_that_it_made() -> None:
    pytest.importorskip("dvclive", reason="needs the extra track")
    with track_training(use("dvclive"), is_first=True) as first:
        first.remember_model(MODEL)
    assert track_session() == first.session
    MODEL.write_bytes(b"another")
    assert track_session() != first.session


def track_session() -> str:
    with track_evaluation(NAME, MODEL) as second:
        return second.session


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_server_that_refuses_gives_a_warning(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(name, reason="needs the extra track")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but it does not listen
        point_at(f"http://127.0.0.1:{taken.getsockname()[1]}", monkeypatch)
        with track_training(use(name), is_first=True) as tracker:
            tracker.log({"val_rmse": 1.0}, 1)
            tracker.remember_model(Path("dvc.lock"))
    assert f"warning: {name}" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_server_that_hangs_is_left_at_the_end(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(name, reason="needs the extra track")
    monkeypatch.setattr(tracking, "SECONDS_TO_END", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        point_at(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        with track_training(use(name), is_first=True) as tracker:
            for epoch in range(1, 2000):  # more than a pipe holds
                tracker.log({"val_rmse": 1.0, "val_loss": 1.0, "train_loss": 1.0}, epoch)
    assert f"warning: {name} was not done 0.5 s after the stage" in capfd.readouterr().err


def point_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("WANDB_BASE_URL", address)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "3")


@pytest.mark.usefixtures("without_library")
def test_a_tracker_that_crashes_gives_one_warning(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dvclive", reason="needs the extra track")
    with track_training(use("dvclive"), is_first=True) as tracker:
        process = tracker._processes["dvclive"]
        process.kill()
        process.wait()
        for epoch in (1, 2, 3):
            tracker.log({"val_rmse": 1.0}, epoch)
    assert capfd.readouterr().err.count("warning: dvclive has ended with status -9") == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("in_this_process")
def test_a_run_that_fails_is_marked_as_failed(tracked_by_mlflow: Path, project: Path) -> None:
    shutil.copyfile(tracked_by_mlflow / "mlflow.db", "mlflow.db")
    with pytest.raises(ZeroDivisionError), track_training(use("mlflow"), is_first=True):
        raise ZeroDivisionError
    assert mlflow_runs(project)[1][0].info.status == "FAILED"


def test_without_the_extra_the_run_goes_on_and_the_warning_says_how_to_install_it() -> None:
    code = """
import sys
for name in ("mlflow", "wandb", "dvclive", "dagster", "optuna", "timm"):
    sys.modules[name] = None  # an import would fail
import train, evaluate
from specimen.integrations.tracking import track_training
with track_training("a run", is_first=True) as tracker:
    tracker.log({"val_rmse": 1.0}, 1)
"""
    use("mlflow")
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning: train.track: mlflow needs the extra 'track'" in done.stderr
    assert "pip install '.[track]'" in done.stderr

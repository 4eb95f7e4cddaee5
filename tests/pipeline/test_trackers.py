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
from collections.abc import Callable, Iterator
from importlib import metadata
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

from specimen.common.files import write_csv, write_json
from specimen.data.dataset.store import Store
from specimen.integrations import tracker_process, tracking
from specimen.integrations.tracking import ResultFiles, track_model, track_training
from specimen.models.model import make_model, save_model
from specimen.models.predictor import predict_split
from specimen.models.task import Regression
from specimen.models.torch_network import load_torch

ROOT = Path(__file__).parents[2]
MODEL, ONNX = Path("models/model.pt"), Path("models/model.onnx")
FILES = ResultFiles(MODEL, Path("data/prepared"), Path("plots/predictions.csv"), Path("plots/test"))
METRICS = {"rmse": 0.5, "samples": 3, "baseline": {"mean": {"rmse": 0.75}}, "note": "not a number"}
NAME = "mobilenet_v3_small-e20-s1"
FEATURES = {"age": builders.AGE, "soil": builders.SOIL}


def use(*track: str) -> str:
    """Let the params name these trackers; return the name of the run."""
    data = {"root": "data", "task": "regression", "table": "labels.csv"}
    train = {"track": list(track), "lr": 0.003, "backbone": "mobilenet_v3_small"}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "prepare": {"image_size": 32}, "train": train}))
    return NAME


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, write_onnx: Callable[..., Path]) -> Path:
    """A committed project with a lock and what train, evaluate and export leave. Copy it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "dvc.lock").write_bytes(b"schema: '2.0'\n")
    init_git(folder)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    task = Regression(5.0, 2.0, "none", "mse", coverage=0.9, half_width=0.5)
    dataset = builders.dataset_meta(features=FEATURES)
    meta = builders.model_meta(task, dataset=dataset, backbone="mobilenet_v3_small")
    save_model(folder / MODEL, make_model("mobilenet_v3_small", 1, 32, "none", meta.features_width), meta)
    write_onnx(folder / ONNX, features=True)
    for path in (FILES.plots, FILES.data):
        (folder / path).mkdir(parents=True)
    for plot in ("worst", "predictions"):
        Image.new("RGB", (8, 8)).save(folder / FILES.plots / f"{plot}.png")
    samples = {"image": ["a.png", "b.png"], "split": ["train", "test"], "target": [4.0, 6.0], "age": [3, 14]}
    write_csv(folder / FILES.data / "samples.csv", pd.DataFrame({**samples, "soil": ["clay", "sand"]}))
    write_json(folder / FILES.data / "meta.json", dataset.model_dump(mode="json"))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    builders.write_pictures(folder / FILES.data, pictures, samples["image"])
    predictions = predict_split(load_torch(folder / MODEL), Store.load(folder / FILES.data), "test")
    write_csv(folder / FILES.predictions, predictions)
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
    patch.setenv("WANDB_DATA_DIR", str(folder / "data of wandb"))
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
        return client, client.search_runs([client.get_experiment_by_name("specimen-local").experiment_id])


def train_and_evaluate(*track: str) -> str:
    """Feed trackers as the three stages do; return the id of the run."""
    name = use(*track)
    with track_training(name, is_first=True) as first:
        for epoch in (1, 2):
            first.log({"train_loss": 1 / epoch, "val_loss": 2 / epoch, "val_rmse": 3 / epoch, "lr": 0.003}, epoch)
        first.remember_model(MODEL)
    with track_model(name, MODEL) as second:
        second.log_results(METRICS, FILES)
    with track_model(name, MODEL) as third:
        third.log_onnx(ONNX)
    assert first.session == second.session == third.session
    return first.session


def git_commit(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").strip()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_mlflow_run_is_read_back_through_its_client(tracked_by_mlflow: Path) -> None:
    client, (run,) = mlflow_runs(tracked_by_mlflow)
    assert run.info.run_name == NAME
    assert run.info.status == "FINISHED"
    assert run.data.params["train.lr"] == "0.003"
    assert run.data.params["prepare.rules.small_image.min_side"] == "32"
    assert run.data.tags["mlflow.source.git.commit"] == git_commit(tracked_by_mlflow)
    assert run.data.tags["dvc.lock.md5"] == hashlib.md5(b"schema: '2.0'\n").hexdigest()
    history = client.get_metric_history(run.info.run_id, "val_rmse")
    assert [(point.step, point.value) for point in history] == [(1, 3.0), (2, 1.5)]
    assert {"train_loss", "val_loss", "lr"} <= set(run.data.metrics)
    assert run.data.metrics["test/baseline/mean/rmse"] == 0.75
    assert {file.path for file in client.list_artifacts(run.info.run_id, "plots")} == {
        "plots/predictions.png",
        "plots/worst.png",
    }


def test_the_registered_models_load_back_from_mlflow_and_predict_as_predict_py(
    tracked_by_mlflow: Path, tmp_path: Path
) -> None:
    """In a process that knows nothing of this repository."""
    for name in ("red.png", "blue.png"):
        Image.new("RGB", (40, 30), name.removesuffix(".png")).save(name)
    Path("no.png").write_bytes(b"not an image")
    photos = pd.DataFrame(
        {"image": ["red.png", "blue.png", "no.png"], "age": [14, 3, 3], "soil": ["sand", None, "clay"]}
    )
    photos.to_csv("features.csv", index=False)
    predict = [ROOT / "src/predict.py", *photos["image"], "--features", "features.csv", "-o", "predicted.csv"]
    subprocess.run([sys.executable, *predict], env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=True)
    code = """
import json, sys, mlflow, numpy as np, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/specimen-local/1")
example = model.predict(model.input_example)
import specimen
print(specimen.__file__)
model.predict(pd.read_csv(sys.argv[2])).to_csv("loaded.csv", index=False)
example.to_csv("example.csv", index=False)
print(model.metadata.signature.inputs, model.metadata.signature.outputs)
onnx = mlflow.pyfunc.load_model("models:/specimen-local-onnx/1")
arrays = {"images": np.full((2, 32, 32, 3), 100, np.uint8), "features": np.zeros((2, 4), np.float32)}
print(json.dumps(onnx.predict(arrays)["logits"].tolist()))
"""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    photos.assign(image=[str(tmp_path / name) for name in photos["image"]]).to_csv("photos.csv", index=False)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    database = f"sqlite:///{tracked_by_mlflow / 'mlflow.db'}"
    command = [sys.executable, "-c", code, database, str(tmp_path / "photos.csv")]
    done = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, code_file, signature, logits = done.stdout.splitlines()
    assert not Path(code_file).is_relative_to(ROOT / "src"), "the code comes with the model"
    expected = pd.read_csv("predicted.csv").drop(columns="image")
    assert expected["error"].notna().tolist() == [False, False, True]
    pd.testing.assert_frame_equal(pd.read_csv(elsewhere / "loaded.csv"), expected)
    of_test = pd.read_csv(tracked_by_mlflow / FILES.predictions)["prediction"]
    assert pd.read_csv(elsewhere / "example.csv")["prediction"].tolist() == pytest.approx(of_test.tolist())
    assert "'image': binary (required), 'age': Any (optional), 'soil': Any (optional)" in signature
    assert json.loads(logits) == [[pytest.approx(1.0)]] * 2, "a hundredth of the mean of red"
    assert "'prediction': double (required), 'low': double (required), 'high': double (required)" in signature


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_onnx_file_is_a_model_of_that_flavour_with_the_same_bytes(tracked_by_mlflow: Path) -> None:
    client, (run,) = mlflow_runs(tracked_by_mlflow)
    version = client.get_model_version("specimen-local-onnx", "1")
    assert version.run_id == run.info.run_id
    assert version.tags["md5"] == hashlib.md5((tracked_by_mlflow / ONNX).read_bytes()).hexdigest()
    for needs in (tracked_by_mlflow / "mlruns").rglob("requirements.txt"):
        assert f"mlflow-skinny=={metadata.version('mlflow-skinny')}" in needs.read_text()
        assert "mlflow==" not in needs.read_text(), "the full package refuses the pandas of Specimen"
    (file,) = (tracked_by_mlflow / "mlruns").rglob("model.onnx")
    assert file.read_bytes() == (tracked_by_mlflow / ONNX).read_bytes()


def test_wandb_writes_its_files_offline_without_a_key(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("wandb", reason="needs the extra track")
    session = train_and_evaluate("wandb")
    assert "warning" not in capfd.readouterr().err
    records = list(wandb_records(session))
    config = {item.key: json.loads(item.value_json) for record in records for item in record.run.config.update}
    assert set(config) >= tracker_process.SECTIONS
    assert config["train"]["backbone"] == "mobilenet_v3_small"
    assert config["train"]["lr"] == 0.003
    assert config["prepare"]["image_size"] == 32
    assert config["git_commit"] == git_commit(project)
    names = {record.run.display_name for record in records if record.HasField("run")}
    assert names == {NAME}
    logged = [values(record.history.item) for record in records if record.HasField("history")]
    assert [entry["val_rmse"] for entry in logged if "val_rmse" in entry] == [3.0, 1.5]
    assert [entry["best_val_rmse"] for entry in logged if "val_rmse" in entry] == [3.0, 1.5]
    summary = [values(record.summary.update) for record in records if record.HasField("summary")]
    assert 0.5 in [entry.get("test/rmse") for entry in summary]
    artifacts = list(wandb_artifacts(records))
    assert {
        (made.name, made.type, made.use_after_commit) for made in artifacts if made.name.startswith("specimen")
    } == {
        ("specimen-dataset", "dataset", True),
        ("specimen-model", "model", False),
        ("specimen-predictions", "predictions", False),
        ("specimen-model-onnx", "model", False),
    }
    assert wandb_media(logged, "plots/") == {"plots/predictions"}
    assert wandb_table() == (
        ["image", "truth", "prediction", "low", "high"],
        pd.read_csv(FILES.predictions)[["image", "target", "prediction", "low", "high"]].to_numpy().tolist(),
    )


def test_photos_go_to_wandb_only_on_request(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("wandb", reason="needs the extra track")
    monkeypatch.setenv("WANDB_PHOTOS", "1")
    with track_model(use("wandb"), MODEL) as run:
        run.log_results(METRICS, FILES)
    assert "warning" not in capfd.readouterr().err
    records = list(wandb_records(run.session))
    logged = [values(record.history.item) for record in records if record.HasField("history")]
    assert wandb_media(logged, "plots/") == {"plots/predictions", "plots/worst"}
    (table,) = (artifact for artifact in wandb_artifacts(records) if artifact.type == "run_table")
    files = {entry.path: Path(entry.local_path) for entry in table.manifest.contents}
    content = json.loads(files["test/predictions.table.json"].read_text())
    assert content["columns"][:2] == ["photo", "image"]
    ((photo, image, *_),) = content["data"]
    assert image == "b.png"
    np.testing.assert_array_equal(np.asarray(Image.open(files[photo["path"]])), Store.load(FILES.data).images[1])


def wandb_artifacts(records: list[Any]) -> Iterator[Any]:
    """Yield the artifacts among the records of a run."""
    for record in records:
        if record.HasField("artifact"):
            yield record.artifact
        elif record.request.HasField("log_artifact"):
            yield record.request.log_artifact.artifact


def wandb_media(logged: list[dict[str, Any]], folder: str) -> set[str]:
    """Return the names of the pictures in the history of a run that begin with a folder."""
    return {key.removesuffix("._type") for entry in logged for key in entry if key.startswith(folder) and "._" in key}


def wandb_table() -> tuple[list[str], list[list[Any]]]:
    """Return the columns and rows of the only table that there is."""
    (file,) = Path("wandb").glob("offline-run-*/files/media/table/test/predictions*.table.json")
    table = json.loads(file.read_text())
    return table["columns"], table["data"]


def values(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def wandb_records(session: str) -> Iterator[Any]:
    """Yield the records of all stages of a run."""
    for file in sorted(Path("wandb").glob(f"offline-run-*/run-{session}.wandb")):
        yield from wandb_messages(file)


def wandb_messages(file: Path) -> Iterator[Any]:
    """Yield the messages of W&B in a file: a log of LevelDB behind a header of 7 bytes.

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
def test_evaluate_alone_starts_a_run_of_its_own_and_again_goes_on_with_it(
    tracked_by_mlflow: Path, project: Path
) -> None:
    shutil.copyfile(tracked_by_mlflow / "mlflow.db", "mlflow.db")  # to make one takes long
    with track_model(use("mlflow"), MODEL) as alone:
        alone.log_results(METRICS, FILES)
        alone.remember_model(MODEL)
    with track_model(NAME, MODEL) as again:
        again.log_results(METRICS, FILES)
    client, (run, _) = mlflow_runs(project)
    assert run.data.tags["session"] == alone.session == again.session
    versions = client.search_model_versions("name='specimen-local'")
    assert [version.version for version in versions if version.run_id == run.info.run_id] == [2], "the same model"
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
    with track_model(NAME, MODEL) as second:
        return second.session


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_server_that_refuses_gives_a_warning(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(name, reason="needs the extra track")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but it does not listen
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        point_at(address, monkeypatch)
        with track_training(use(name), is_first=True) as tracker:
            tracker.log({"val_rmse": 1.0}, 1)
            tracker.remember_model(Path("dvc.lock"))
    warning = capfd.readouterr().err
    assert f"warning: {name}" in warning
    assert name != "mlflow" or f"no server answers at {address} (MLFLOW_TRACKING_URI); `make mlflow` starts" in warning


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

"""The stage train as a whole: the same bytes whatever happens on the way, and one message where it cannot go on."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import processes
import projects
import psutil
import pytest
import torch
import yaml

import train
from specimen.common.errors import SpecimenError
from specimen.common.files import write_json
from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.data.dataset.store import Store
from specimen.models.model import load_model, make_model
from specimen.models.task import Regression
from specimen.models.torch_network import load_torch
from specimen.training import compiling
from specimen.training.datasets import PictureDataset

STAGE = projects.ROOT / "src/train.py"
SPLITS = ["train"] * 20 + ["val"] * 5 + ["test"] * 3
NAMES = [f"{number}.png" for number in range(len(SPLITS))]
TORCHRUN = (sys.executable, "-m", "torch.distributed.run")
TABULAR = {"backbone": "none", "features": ["age", "kind"]}
TINY = {"backbone": "tiny"}  # has batch norm and dropout, as the next one
MOBILE = {"backbone": "mobilenet_v3_small"}
OUTPUTS = ("models/model.pt", "plots/history.csv")

Configure = Callable[..., None]


def write_store(folder: Path, *, classes: bool = False) -> None:
    """Write a store of noise; the targets follow the feature `age`."""
    rng = np.random.default_rng(0)
    count = len(SPLITS)
    ages = rng.normal(size=count).round(3)
    targets = np.where(ages > 0, "old", "young") if classes else (ages + 5).round(3)
    samples = pd.DataFrame({"row": range(count), "image": NAMES, "split": SPLITS})
    samples = samples.assign(group=samples["image"], target=targets, age=ages, kind=rng.choice(["a", "b", ""], count))
    samples.loc[3, "age"] = None
    meta = builders.dataset_meta(
        task="classification" if classes else "regression",
        class_names=("old", "young") if classes else (),
        features={"age": NumberFeature(median=0.0, mean=0.0, std=1.0), "kind": CategoryFeature(categories=("a", "b"))},
    )
    folder.mkdir(parents=True, exist_ok=True)
    builders.write_pictures(folder, rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), samples["image"])
    samples.to_csv(folder / "samples.csv", index=False)
    write_json(folder / "meta.json", meta.model_dump(mode="json"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Go to an empty project; the function that comes back writes its store and its params.

    On one thread: several wait for each other longer than these models compute. In this process there is a backbone
    `tiny`.
    """
    monkeypatch.setattr(train, "keep_freed_memory", lambda: None)  # would hold for the tests that follow
    monkeypatch.setattr(compiling, "BACKEND", "aot_eager")  # compiles all but the kernels

    def configure(*, classes: bool = False, **settings: Any) -> None:
        if not Path("data/prepared").exists():
            write_store(Path("data/prepared"), classes=classes)
        data = {"root": "data", "task": "classification" if classes else "regression", "table": "labels.csv"}
        settings = {"epochs": 3, "batch_size": 8, "device": "cpu", "precision": "fp32", "threads": 1, **settings}
        params = {"data": {**data, "features": ["age", "kind"]}, "train": settings}
        Path("params.yaml").write_text(yaml.safe_dump(params))

    with projects.process_in(tmp_path), builders.tiny_backbone():
        yield configure


def outputs() -> list[bytes]:
    """Train, and return the bytes of what came out."""
    train.main()
    assert sorted(path.name for path in Path("models").iterdir()) == ["model.pt"]
    return [Path(name).read_bytes() for name in OUTPUTS]


class KilledError(BaseException):
    """Stands for the end of a process."""


def kill_after(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Train until an epoch is kept."""
    with monkeypatch.context() as patch:
        save = train.Checkpoint.save

        def save_and_die(self: train.Checkpoint, state: dict[str, Any]) -> None:
            save(self, state)
            if len(state["records"]) == epoch:
                raise KilledError

        patch.setattr(train.Checkpoint, "save", save_and_die)
        with pytest.raises(KilledError):
            train.main()


CONFIGURATIONS = {
    "as it comes": MOBILE,
    "average, one cycle": TINY | {"ema": 0.9, "schedule": "one_cycle", "clip_norm": 1.0},
    "frozen at first": TINY | {"freeze_epochs": 1, "backbone_lr": 0.1},
    "sgd": TINY | {"optimizer": "sgd", "augment": {"rotate": 1.0, "crop": 1.0, "colour": 0.5, "erase": 0.5}},
    "mixed classes": TINY | {"classes": True, "augment": {"mixup": 0.5, "cutmix": 0.5}, "label_smoothing": 0.1},
    "compiled": TINY | {"compile": "on", "freeze_epochs": 1},
    "patience": TABULAR | {"patience": 2, "epochs": 40, "lr": 0.3},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_resumed_run_equals_an_uninterrupted_one(
    project: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    project(**CONFIGURATIONS[name])
    whole = outputs()
    for epoch in (1, 2):
        kill_after(monkeypatch, epoch)
    capsys.readouterr()
    assert outputs() == whole
    assert "goes on after epoch 2, from models/checkpoint.pt" in capsys.readouterr().out


def test_a_run_that_was_killed_after_its_last_epoch_only_writes_the_model(
    project: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(**TABULAR)
    whole = outputs()
    kill_after(monkeypatch, 3)
    capsys.readouterr()
    assert outputs() == whole
    assert "epoch 3/3" not in capsys.readouterr().out


def test_each_run_is_logged_with_its_params_machine_commit_and_times(
    project: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    project(**TABULAR, epochs=2)
    projects.init_git(Path.cwd())
    Path(".gitignore").write_text("*\n!.gitignore\n")
    projects.commit_all(Path.cwd(), "first")
    first, second = outputs(), outputs()
    assert first == second, "times are in no output"
    runs = Path("training.log").read_text().split("=== none-e2-s1, ")[1:]
    assert len(runs) == 2
    for run in runs:
        assert re.search(r"params: .*features \['age', 'kind'\], epochs 2, batch_size 8\n", run)
        assert '"weight_decay":0.01' in run, "all params are in the file"
        assert re.search(r"hardware: \d+ cores of .+, torch ", run)
        assert f"commit: {projects.git(Path.cwd(), 'rev-parse', 'HEAD').strip()}\n" in run
        assert re.findall(r"epoch (\d)/2 .* \d+\.\d s", run) == ["1", "2"]
        assert re.search(r"done in \d+\.\d s", run)
    said = capsys.readouterr().out
    assert said.count("hardware: ") == 2
    assert "all params" not in said


def test_patience_ends_a_run_early(project: Configure) -> None:
    project(**CONFIGURATIONS["patience"])
    train.main()
    history, best = pd.read_csv(OUTPUTS[1]), load_model(train.MODEL)[1].training.best_epoch
    assert list(history) == ["epoch", "lr", "train_loss", "val_loss", "val_rmse", "val_r2"]
    assert len(history) < 40
    assert len(history) == best + 2
    assert history["val_rmse"].idxmin() + 1 == best


def test_compiled_steps_are_said_and_remembered(project: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    project(**TINY, compile="on", epochs=1)
    train.main()
    assert "compiled: train.compile is on\n" in capsys.readouterr().out
    assert load_model(train.MODEL)[1].training.compiled


def test_workers_change_no_byte(project: Configure) -> None:
    augment = {"flip": 0.5, "rotate": 0.5, "colour": 0.5}
    found = []
    for workers in (0, 2):
        project(**TINY, augment=augment, workers=workers, epochs=2)
        found.append(outputs())
    assert found[0] == found[1]


def test_the_environment_does_not_choose_the_number_of_threads(project: Configure) -> None:
    """Nor what the process has computed before: here on three threads, there on one."""
    project(**MOBILE, threads=2, epochs=1)
    torch.set_num_threads(3)
    here = outputs()
    projects.run(sys.executable, train.__file__, cwd=Path.cwd(), OMP_NUM_THREADS="1")
    assert [Path(name).read_bytes() for name in OUTPUTS] == here
    assert load_model(train.MODEL)[1].training.threads == 2


def test_threads_change_no_byte_of_a_model_of_features(project: Configure) -> None:
    found = []
    for threads in (1, 2):
        project(**TABULAR, threads=threads)
        outputs()
        found.append(load_model(train.MODEL)[0].state_dict())
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())


def test_the_weights_are_those_of_the_best_epoch(project: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    project(**TABULAR)
    metrics = iter([3.0, 1.0, 2.0])
    monkeypatch.setattr(Regression, "scores", lambda *_: {"rmse": next(metrics)})
    kept: list[dict[str, torch.Tensor]] = []
    save = train.Checkpoint.save

    def remember(self: train.Checkpoint, state: dict[str, Any]) -> None:
        kept.append({key: value.clone() for key, value in state["model"].items()})
        save(self, state)

    monkeypatch.setattr(train.Checkpoint, "save", remember)
    train.main()
    model, meta = load_model(train.MODEL)
    weights = model.state_dict()
    assert meta.training.best_epoch == 2
    assert all(torch.equal(weights[key], kept[1][key]) for key in weights)
    assert not all(torch.equal(weights[key], kept[2][key]) for key in weights)


def test_the_model_is_the_average_of_its_steps(project: Configure) -> None:
    weights = []
    for ema in (None, 0.999):
        project(**TABULAR, ema=ema, epochs=1)
        train.main()
        weights.append(load_model(train.MODEL)[0].state_dict())
    assert not torch.equal(weights[0]["head.weight"], weights[1]["head.weight"])


@pytest.mark.parametrize(
    "change",
    [
        lambda: edit("params.yaml", "lr: 0.01", "lr: 0.02"),
        lambda: edit("params.yaml", "fp32", "bf16"),
        lambda: edit("data/prepared/samples.csv", "5.", "6."),
        lambda: edit("data/prepared/meta.json", '"std": 1.0', '"std": 2.0'),
        lambda: builders.write_pictures(Path("data/prepared"), np.zeros((len(SPLITS), 32, 32, 3), np.uint8), NAMES),
    ],
    ids=["params", "precision", "samples", "meta", "pictures"],
)
def test_another_configuration_starts_from_scratch(
    project: Configure,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[], None],
) -> None:
    project(**TABULAR, lr=0.01)
    kill_after(monkeypatch, 1)
    change()
    train.main()
    assert "goes on" not in capsys.readouterr().out
    assert not train.CHECKPOINT.exists()


def edit(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new, 1))


def test_another_code_starts_from_scratch(
    project: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(**TABULAR)
    kill_after(monkeypatch, 1)
    shutil.copyfile(train.__file__, tmp_path / "train.py")
    edit("train.py", "Stage train", "Stage training")
    monkeypatch.setattr(train, "__file__", "train.py")
    train.main()
    assert "goes on" not in capsys.readouterr().out


def test_the_number_of_workers_is_no_other_configuration(
    project: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(**TABULAR)
    kill_after(monkeypatch, 1)
    project(**TABULAR, workers=2)
    train.main()
    assert "goes on after epoch 1" in capsys.readouterr().out


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no checkpoint"])
def test_a_damaged_checkpoint_is_ignored(project: Configure, damage: bytes) -> None:
    project(**TABULAR)
    whole = outputs()
    train.CHECKPOINT.write_bytes(damage)
    assert outputs() == whole


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_last_good_epoch(
    project: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(**TABULAR, lr=0.01)
    kill_after(monkeypatch, 1)
    good = train.CHECKPOINT.read_bytes()
    monkeypatch.setattr(Regression, "loss", lambda self, logits, targets: (logits * torch.nan).mean())
    with pytest.raises(SpecimenError, match=r"the loss is nan in epoch 2, step 1, at lr 0\.00\d+\. Lower train\.lr"):
        train.main()
    assert train.CHECKPOINT.read_bytes() == good
    assert not train.MODEL.exists()


def test_an_epoch_whose_val_loss_is_no_number_is_not_kept(project: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    project(**TABULAR)
    never = np.full((5, 1), np.inf, np.float32), float("inf")
    monkeypatch.setattr("specimen.training.loop.predict", lambda *_: never)
    with pytest.raises(SpecimenError, match="the val loss is inf after epoch 1, at lr "):
        train.main()
    assert not train.CHECKPOINT.exists()


@pytest.mark.parametrize("learnt", [0, 1])
def test_what_is_said_after_ctrl_c_is_what_was_kept(
    project: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], learnt: int
) -> None:
    project(**TABULAR)
    if learnt:
        kill_after(monkeypatch, learnt)
    monkeypatch.setattr(Regression, "loss", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        train.main()
    said = "Epoch 1 is kept in models/checkpoint.pt; `dvc repro` goes on from there." in capsys.readouterr().out
    assert said == bool(learnt)


def test_a_feature_that_the_store_does_not_have_is_reported(project: Configure) -> None:
    project(**TABULAR)
    edit("data/prepared/meta.json", '"kind": {', '"kinds": {')
    with pytest.raises(
        SpecimenError, match=r"train\.features: 'kind' is not in the prepared data\. Did you mean 'kinds'\?"
    ):
        train.main()


def test_features_alone_learn_and_predict(project: Configure) -> None:
    project(**TABULAR, epochs=60, lr=0.01)
    train.main()
    samples = pd.read_csv("data/prepared/samples.csv")
    predictor = load_torch(train.MODEL)
    predicted = predictor.predict(Store.load(Path("data/prepared")).images[:], samples)["prediction"]
    known = samples["age"].notna() & (samples["split"] == "train")
    assert np.abs(predicted - samples["target"])[known].mean() < 0.3
    assert predicted.notna().all()


@pytest.mark.parametrize("classes", [False, True])
def test_the_model_says_how_sure_it_is(project: Configure, capsys: pytest.CaptureFixture[str], classes: bool) -> None:
    project(**TABULAR, classes=classes, coverage=0.8)
    train.main()
    samples = pd.read_csv("data/prepared/samples.csv").query("split == 'val'")
    columns = load_torch(train.MODEL).predict(Store.load(Path("data/prepared")).images[samples.index], samples)
    if classes:
        sets = zip(samples["target"], columns["prediction_set"], strict=True)
        held = [target in json.loads(names) for target, names in sets]
    else:
        held = samples["target"].between(columns["low"].to_numpy() - 1e-4, columns["high"].to_numpy() + 1e-4)
    assert np.mean(held) >= 0.8
    assert "train.coverage" not in capsys.readouterr().out


def test_a_coverage_that_val_is_too_small_for_gives_a_warning(
    project: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    project(**TABULAR, coverage=0.9)
    train.main()
    assert "train.coverage: 0.9 takes 9 groups in val, which has 5" in capsys.readouterr().out


def test_no_picture_is_read_for_features_alone(project: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    project(**TABULAR)
    monkeypatch.setattr(PictureDataset, "__getitem__", lambda *_: pytest.fail("a picture was read"))
    train.main()


def write_weights(path: Path) -> None:
    torch.manual_seed(5)
    torch.save(make_model("resnet18", 1, 32).backbone.state_dict(), path)


def test_a_head_on_frozen_features_is_the_model_that_was_saved(
    project: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    project(backbone="resnet18", weights="start.pt", fine_tune="head", views=2, epochs=2, features=["age"])
    write_weights(Path("start.pt"))
    train.main()
    model, _ = load_model(train.MODEL)
    start = torch.load("start.pt", weights_only=True)
    assert model.backbone is not None
    assert all(torch.equal(value, start[key]) for key, value in model.backbone.state_dict().items())
    trained = sum(p.numel() for part in (model.head, model.tabular) for p in part.parameters())  # type: ignore[union-attr]
    total = sum(p.numel() for p in model.parameters())
    assert f"trains {trained:,} of {total:,} parameters ({trained / total:.2%})" in capsys.readouterr().out


@pytest.mark.parametrize(("size", "message"), [(1, "should be greater than or equal to 2"), (64, None)])
def test_a_batch_may_be_larger_than_the_split_but_not_one_sample(
    project: Configure, size: int, message: str | None
) -> None:
    project(**TINY, batch_size=size, epochs=1)
    if message is None:
        train.main()
        assert train.MODEL.exists()
    else:
        with pytest.raises(SpecimenError, match=f"train.batch_size: .*{message}"):
            train.main()


@pytest.mark.parametrize("count", [1, 2])
def test_a_split_of_few_samples(project: Configure, count: int) -> None:
    project(**TINY, epochs=1)
    samples = pd.read_csv("data/prepared/samples.csv")
    samples["split"] = ["train"] * count + ["val"] + ["test"] * (len(samples) - count - 1)
    samples.to_csv("data/prepared/samples.csv", index=False)
    if count == 1:
        with pytest.raises(SpecimenError, match="train has 1 samples"):
            train.main()
    else:
        train.main()
        assert train.MODEL.exists()


def test_one_sample_that_is_left_over_is_no_batch(project: Configure) -> None:
    project(**TINY, batch_size=19, epochs=1)
    train.main()
    assert train.MODEL.exists()


def test_a_constant_target_is_learnt(project: Configure) -> None:
    project(**TABULAR)
    samples = pd.read_csv("data/prepared/samples.csv").assign(target=4.0)
    samples.to_csv("data/prepared/samples.csv", index=False)
    train.main()
    assert np.isfinite(pd.read_csv(OUTPUTS[1])).all(axis=None)


def wait_for_new_checkpoint(is_alive: Callable[[], bool]) -> None:
    """Wait until a process has kept an epoch."""
    before = train.CHECKPOINT.stat().st_mtime_ns if train.CHECKPOINT.exists() else 0
    while not (train.CHECKPOINT.exists() and train.CHECKPOINT.stat().st_mtime_ns > before):
        assert is_alive()
        time.sleep(0.01)


LONG = TABULAR | {"epochs": 300}


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(project: Configure) -> None:
    project(**LONG)
    whole = outputs()
    for path in OUTPUTS:
        Path(path).unlink()
    moments = random.Random(1)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        started = processes.start(STAGE)
        wait_for_new_checkpoint(started.process.is_alive)
        time.sleep(moments.uniform(0, 0.2))
        os.kill(started.pid, how)
        assert started.wait() == -how, started.said
    assert train.CHECKPOINT.exists()
    last = processes.start(STAGE)
    assert last.wait() == 0, last.said
    assert re.search(r"goes on after epoch \d+, from models/checkpoint\.pt", last.said)
    assert [Path(name).read_bytes() for name in OUTPUTS] == whole


def test_ctrl_c_ends_workers_and_all_with_a_hint(project: Configure) -> None:
    project(**MOBILE, epochs=300, workers=2)
    started = processes.start(STAGE)
    wait_for_new_checkpoint(started.process.is_alive)
    children = psutil.Process(started.pid).children()
    assert len(children) >= 2
    os.killpg(started.pid, signal.SIGINT)
    assert started.wait() == 130, started.said
    assert re.search(r"Epoch \d+ is kept in models/checkpoint\.pt; `dvc repro` goes on from there\.", started.said)
    assert "Traceback" not in started.said
    assert not psutil.wait_procs(children, timeout=20)[1]


# A model without batch norm, which on a CPU sees the pictures of its own process alone.
PICTURES = {"backbone": "timm/vit_tiny_patch16_224", "optimizer": "sgd", "lr": 1e-3}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(TABULAR, id="features"),
        pytest.param(PICTURES | {"augment": {"rotate": 1.0, "crop": 0.5}}, id="pictures"),
        pytest.param(PICTURES | {"classes": True, "augment": {"mixup": 0.5, "cutmix": 0.5}}, id="mixed classes"),
    ],
)
def test_two_processes_learn_what_one_learns(project: Configure, settings: dict[str, Any]) -> None:
    if settings is not TABULAR:
        pytest.importorskip("timm", reason="needs the extra timm")
    project(**settings, seed=3)  # batches of 8, 8 and 4; 5 val samples
    train.main()
    one = pd.read_csv(OUTPUTS[1])
    train.MODEL.unlink()
    first, second = processes.start_group(STAGE)
    assert (first.wait(), second.wait()) == (0, 0), first.said + second.said
    check_two_processes(first.said + second.said, one, settings["backbone"])


def test_torchrun_starts_two_processes_on_one_node_or_on_two(project: Configure) -> None:
    project(**TABULAR, seed=3)
    train.main()
    one = pd.read_csv(OUTPUTS[1])
    train.MODEL.unlink()
    said = projects.run(*TORCHRUN, "--standalone", "--nproc-per-node", "2", str(STAGE), cwd=Path.cwd())
    check_two_processes(said, one, "none")
    assert load_model(train.MODEL)[1].training.best_epoch == one["val_rmse"].idxmin() + 1

    together = [Path(name).read_bytes() for name in OUTPUTS]
    train.MODEL.unlink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    where = ("--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", port)
    with ThreadPoolExecutor() as nodes:
        launchers = [
            nodes.submit(projects.run, *TORCHRUN, *where, "--node-rank", rank, str(STAGE), cwd=Path.cwd())
            for rank in "01"
        ]
        said = "".join(launcher.result() for launcher in launchers)
    assert said.count("epoch 3/3") == 1
    assert [Path(name).read_bytes() for name in OUTPUTS] == together


def check_two_processes(said: str, one: pd.DataFrame, backbone: str) -> None:
    """Compare what two processes have said and learnt with the history of one."""
    assert f"{backbone} on cpu in fp32, 2 processes" in said
    assert said.count("epoch 3/3") == 1
    np.testing.assert_allclose(pd.read_csv(OUTPUTS[1]), one, rtol=1e-4)


def test_dvc_goes_on_where_a_killed_run_stopped(project: Configure) -> None:
    project(**LONG)
    whole = outputs()
    stage = yaml.safe_load((projects.ROOT / "dvc.yaml").read_text())["stages"]["train"]
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    edit("params.yaml", "epochs", "launcher: python\n  epochs")
    shutil.copytree(projects.ROOT / "src", "src", ignore=shutil.ignore_patterns("__pycache__"))
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n")  # as `dvc init --no-scm` does, which takes a second
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": paths, "PYTHONPATH": "src", "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    repro = (sys.executable, "-m", "dvc", "repro")
    process = subprocess.Popen(repro, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for_new_checkpoint(lambda: process.poll() is None)
    [child] = [p for p in psutil.Process(process.pid).children(recursive=True) if p.name().startswith("python")]
    child.kill()
    assert "failed to reproduce 'train'" in process.communicate()[0]
    assert not train.MODEL.exists()
    said = projects.dvc(Path.cwd(), "repro")
    assert re.search(r"goes on after epoch \d+, from models/checkpoint\.pt", said)
    assert [Path(name).read_bytes() for name in OUTPUTS] == whole
    assert not train.CHECKPOINT.exists()


def test_a_tracker_changes_no_byte_and_no_checkpoint(project: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is switched on between an interruption and its continuation."""
    pytest.importorskip("dvclive", reason="needs the extra track")
    project(**TABULAR)
    plain = outputs()
    kill_after(monkeypatch, epoch=1)
    project(**TABULAR, track=["dvclive"])
    train.main()
    assert [Path(name).read_bytes() for name in OUTPUTS] == plain
    curve = pd.read_csv("dvclive/plots/metrics/val_rmse.tsv", sep="\t")
    assert curve["step"].tolist() == [1, 2, 3]

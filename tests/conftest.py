"""Small pictures, models, projects and repositories on disk, for the tests that need some."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import preloaded
import projects
import pytest
import yaml
from filelock import FileLock
from laboratory import amazon, lab, real_gh  # noqa: F401 - fixtures
from PIL import Image
from projects import MakeOnce

from specimen.models.task import Classification, Regression

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts with `&` ignore Ctrl-C, and so would all that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

COLOURS = {"red": (200, 60, 50), "green": (60, 180, 70), "blue": (50, 70, 190)}

DrawPhotos = Callable[..., pd.DataFrame]


def picture(seed: int, side: int = 32, colour: tuple[int, int, int] = (128, 128, 128)) -> Image.Image:
    """Draw a coloured picture of soft spots that no other seed gives."""
    spots = np.random.default_rng(seed).integers(-50, 50, (5, 5))
    soft = np.asarray(Image.fromarray(spots.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(soft[..., None] + np.array(colour), 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def draw_photos() -> DrawPhotos:
    """A function that draws `count` photos into `folder` and returns their table: filename, colour, weight, plant.

    `classes=True` sorts them into one folder per colour, `suffix` chooses their format. Two photos belong to a plant;
    the redder a photo, the heavier its plant.
    """

    def draw(folder: Path, count: int, *, classes: bool = False, suffix: str = ".png", side: int = 32) -> pd.DataFrame:
        rows = []
        for number in range(count):
            name = list(COLOURS)[number // 2 % len(COLOURS)]
            path = folder / (name if classes else "") / f"photo_{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(number, side, COLOURS[name]).save(path)
            weight = COLOURS[name][0] / 100 + number // 2 / 1000
            rows.append((path.relative_to(folder).as_posix(), name, weight, f"plant {number // 2}"))
        return pd.DataFrame(rows, columns=["filename", "colour", "weight", "plant"])

    return draw


REGRESSION = Regression(0.0, 1.0, "none", "mse", coverage=0.9, half_width=0.12)
CLASSES = Classification(("red", "green", "blue"), 0.0, coverage=0.9, threshold=0.05)
FEATURES = {"age": builders.AGE, "soil": builders.SOIL}


WriteOnnx = Callable[..., Path]


@pytest.fixture(scope="session")
def write_onnx() -> WriteOnnx:
    """A function that writes a `model.onnx` which looks at the mean colour alone, without any training.

    Numbers: the prediction is `scale` times the mean of red, 0 to 255, and each standard score of the age adds 1. With
    `classes=True` the class is the colour that prevails. With `novelty=True` there is a distance
    as well, a hundredth of the mean of red. What else is given goes into the facts of the data set.
    """

    def write(
        path: Path,
        *,
        classes: bool = False,
        features: bool = False,
        novelty: bool = False,
        scale: float = 0.01,
        **meta: Any,
    ) -> Path:
        from onnx import TensorProto, helper, numpy_helper

        from specimen.onnx.checksum import CHECKSUM, EMPTY, write_checksum
        from specimen.onnx.network import META

        weights = np.eye(3) / 5 if classes else np.array([[scale], [0], [0]])
        from_features = np.zeros((4, weights.shape[1]))
        from_features[0] = 1
        constants = {"axes": np.array([1, 2]), "weights": weights.astype("f4"), "more": from_features.astype("f4")}
        nodes = [
            helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["numbers", "axes"], ["colour"], keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["seen" if features else "logits"]),
        ]
        inputs = [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 32, 32, 3])]
        if features:
            nodes.append(helper.make_node("MatMul", ["features", "more"], ["added"]))
            nodes.append(helper.make_node("Add", ["seen", "added"], ["logits"]))
            inputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 4]))
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", weights.shape[1]])]
        if novelty:
            constants["red"] = np.array([0.01, 0, 0], "f4")
            nodes.append(helper.make_node("MatMul", ["colour", "red"], ["distance"]))
            outputs.append(helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["n"]))
        given = [numpy_helper.from_array(value, name) for name, value in constants.items()]
        graph = helper.make_graph(nodes, "colour", inputs, outputs, given)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        dataset = {
            "task": "classification" if classes else "regression",
            "class_names": CLASSES.class_names if classes else (),
            "features": FEATURES if features else {},
            "target": "colour" if classes else "fresh_weight",
            "unit": "" if classes else "g",
        }
        facts = builders.model_meta(
            CLASSES if classes else REGRESSION,
            dataset=builders.dataset_meta(**dataset | meta),
            backbone="resnet18",
            novelty_photos=1 if novelty else None,
        )
        helper.set_model_props(model, {META: facts.model_dump_json(), CHECKSUM: EMPTY})
        path.write_bytes(write_checksum(model.SerializeToString()))
        return path

    return write


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """A function that lets `make` fill the folder `name`, once for all workers of pytest-xdist; the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # its own folder is in one that all workers share
        shared = shared.parent

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def trained_project(make_once: MakeOnce, draw_photos: DrawPhotos) -> Path:
    """A folder in which prepare, train, evaluate and export have run, for tests that only need some model.

    24 photos of 12 plants and `labels.csv` in `data/raw`, target `weight`; the params are `projects.SMALL`. With it
    come `data/prepared`, `models/model.pt`, `models/model.onnx`, `metrics` and `plots`, as the stages write them. No
    features. Do not change it: copy what you change. Without DVC and Git, see `tiny_repository`.
    """

    def make(folder: Path) -> None:
        draw_photos(folder / "data/raw", 24).to_csv(folder / "data/raw/labels.csv", index=False)
        projects.write_params(folder)
        for stage in ("prepare", "train", "evaluate", "export"):
            projects.run_script(folder, stage)

    return make_once("trained_project", make)


TINY = {
    "sample": {"plants": 40, "image_size": 48},
    "prepare": {"image_size": 32},
    "split": {"seed": 5},  # 42, 14 and 10 photos
    "train": {"epochs": 2, "batch_size": 8, "backbone": "shufflenet_v2_x0_5", "threads": 1},
    "evaluate": {"gallery": 4, "resamples": 200},
}


@pytest.fixture(scope="session")
def tiny_params() -> dict[str, dict[str, Any]]:
    """The params of this repository, made small: 80 photos of 40 plants at 32 px, two epochs."""
    params = yaml.safe_load((projects.ROOT / "params.yaml").read_text())
    return {section: values | TINY.get(section, {}) for section, values in params.items()}


@pytest.fixture(scope="session")
def python_folder() -> Iterator[list[str]]:
    """The folder with a `python` that need not import torch; none where the system cannot do that."""
    if sys.platform != "linux":
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="python-", dir="/tmp") as folder:
        server = preloaded.start(Path(folder))
        yield [folder]
        assert server.stdin is not None
        server.stdin.close()
        server.wait()


@pytest.fixture
def preloaded_python(python_folder: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let DVC start its stages with a `python` that has imported what takes long.

    Not where our own code runs DVC, which puts the environment's `python` first.
    """
    monkeypatch.setattr(projects, "stage_python", python_folder)


@pytest.fixture(scope="session")
def tiny_repository(make_once: MakeOnce, tiny_params: dict[str, dict[str, Any]]) -> Path:
    """A repository of Git and DVC after its first `dvc repro` on a small sample (`tiny_params`), committed.

    Code and pipeline are copies of this repository's, the cache is in it. Do not change it: take a copy, such as
    `repository`. A test that needs no DVC takes `trained_project`, which is made five times faster.
    """

    def make(folder: Path) -> None:
        projects.make_repository(folder)
        projects.write_params(folder, tiny_params)
        projects.dvc(folder, "repro")
        projects.commit_all(folder, "First run")

    return make_once("tiny_repository", make)


@pytest.fixture
def repository(tiny_repository: Path, tmp_path: Path) -> Path:
    """A copy of `tiny_repository`, with its cache, to do things to."""
    return Path(shutil.copytree(tiny_repository, tmp_path / "repository", symlinks=True))

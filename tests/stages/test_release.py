"""A model goes into a release only if it measures what the metrics of its tag say."""

import json
import sys
from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest
import release
import torch

from specimen.common.errors import SpecimenError
from specimen.common.files import write_csv
from specimen.evaluation.measures import measure
from specimen.models.model import make_model, save_model
from specimen.models.task import Regression
from specimen.models.torch_network import load_torch

COUNT = 12
TASK = Regression(5.0, 2.0, "none", "mse")


def write_model(path: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    meta = builders.model_meta(TASK, backbone="mobilenet_v3_small")
    save_model(path, make_model("mobilenet_v3_small", 1, 32), meta)
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store, a model, and the metrics of that model."""
    monkeypatch.chdir(tmp_path)
    prepared = tmp_path / "data/prepared"
    prepared.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), dtype=np.uint8)
    builders.write_pictures(prepared, images, [f"{n}.jpg" for n in range(COUNT)])
    samples = pd.DataFrame({"row": range(COUNT), "image": [f"{n}.jpg" for n in range(COUNT)], "group": "g",
                            "split": ["train", "test"] * (COUNT // 2), "target": np.arange(COUNT)})  # fmt: skip
    write_csv(prepared / "samples.csv", samples)
    (prepared / "meta.json").write_text(builders.dataset_meta().model_dump_json())
    loaded = load_torch(write_model(tmp_path / "model.pt", seed=0))
    table = pd.concat([samples, loaded.predict(images, samples)], axis=1)[1::2]
    measured = measure(loaded.task, table)(np.ones((1, len(table))))
    (tmp_path / "metrics").mkdir()
    metrics = {name: float(f"{values[0]:.6g}") for name, values in measured.items()}
    (tmp_path / "metrics/test.json").write_text(json.dumps(metrics | {"samples": COUNT // 2}))
    return tmp_path


def test_the_right_model_measures_what_its_metrics_say(here: Path) -> None:
    compared = release.check(here / "model.pt", release.PREPARED, release.TEST_METRICS)
    assert {"rmse", "mae", "r2"} <= set(compared.index)
    text = release.notes(compared, "model@v1.2.0", here / "model.pt")
    assert [line.count("|") for line in text.splitlines()[2:-2]] == [4] * (2 + len(compared))
    assert text.endswith("`python tools/verify.py model.pt --rev model@v1.2.0`\n")


def test_another_model_is_refused(here: Path) -> None:
    with pytest.raises(SpecimenError, match=r"other.pt does not measure what metrics/test.json says"):
        release.check(write_model(here / "other.pt", seed=1), release.PREPARED, release.TEST_METRICS)


def test_metrics_that_say_nothing_are_no_proof(here: Path) -> None:
    (here / "metrics/test.json").write_text("{}")
    with pytest.raises(SpecimenError, match="does not measure"):
        release.check(here / "model.pt", release.PREPARED, release.TEST_METRICS)


def test_without_metrics_there_is_one_message(here: Path) -> None:
    (here / "metrics/test.json").unlink()
    with pytest.raises(SpecimenError, match="`dvc repro` makes it"):
        release.check(here / "model.pt", release.PREPARED, release.TEST_METRICS)


@pytest.mark.parametrize("tag", ["v1.2.0", "model@1.2.0", "model@v1.2.0; id", "--help me", "model@v1.2.0#prod"])
def test_a_tag_is_a_name_and_a_version(monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    monkeypatch.setattr(sys, "argv", ["release.py", "--", tag])
    with pytest.raises(SpecimenError, match="is not a version of a model"):
        release.main()


def test_the_artifact_of_a_tag_is_one_of_dvc_yaml(tmp_path: Path) -> None:
    pipeline = tmp_path / "dvc.yaml"
    with pytest.raises(SpecimenError, match=r"dvc\.yaml: .*No such file"):
        release.artifact_file("model", pipeline)
    pipeline.write_text("artifacts: {model: {path: models/model.pt}, model-onnx: {path: models/model.onnx}}")
    assert release.artifact_file("model-onnx", pipeline) == "model.onnx"
    with pytest.raises(SpecimenError, match=r"no artifact 'modle'\. Did you mean 'model'\?"):
        release.artifact_file("modle", pipeline)


@pytest.mark.parametrize(("name", "file"), [("model", "model.pt"), ("model-onnx", "model.onnx")])
def test_the_model_of_the_tag_is_fetched_checked_and_noted(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    asked: list[tuple[str, ...]] = []
    checked: list[Path] = []

    def run_dvc(*arguments: str) -> int:
        asked.append(arguments)
        return 0

    def check(model: Path, *_: Path) -> pd.DataFrame:
        checked.append(model)
        return pd.DataFrame({"expected": [0.5], "measured": [0.5]}, index=["rmse"])

    (here / "dvc.yaml").write_text(f"artifacts: {{{name}: {{path: models/{file}}}}}")
    monkeypatch.setattr(release, "run_dvc", run_dvc)
    monkeypatch.setattr(release, "check", check)
    monkeypatch.setattr(sys, "argv", ["release.py", f"{name}@v1.2.0"])
    release.main()
    assert asked[0] == ("artifacts", "get", ".", name, "--rev", "v1.2.0", "--out", f"release/{file}", "--force")
    assert checked == [Path("release") / file]
    assert "| rmse |" in release.NOTES.read_text()

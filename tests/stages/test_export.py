"""The stage export writes a file that predicts as the model does, or none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import builders
import numpy as np
import onnx
import pandas as pd
import projects
import pytest
import torch

import export
from specimen.common.errors import SpecimenError
from specimen.common.files import write_json
from specimen.data.dataset.store import Store
from specimen.inference.load import load_predictor
from specimen.models.meta import ModelMeta
from specimen.models.model import Model, load_model, make_model, save_model
from specimen.models.task import Regression

TASK = Regression(1.0, 2.0, "none", "mse")
SIDE, COUNT = 32, 12


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with params, a store of noise, a model, and what export made of it. Not to be changed."""
    folder = tmp_path_factory.mktemp("exported")
    prepared = folder / export.PREPARED
    prepared.mkdir(parents=True)
    pictures = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    np.save(prepared / "images.npy", pictures)
    splits = ["train", "val", "test", "test"] * (COUNT // 4)
    names = [f"{number}.png" for number in range(COUNT)]
    samples = pd.DataFrame({"image": names, "group": names, "split": splits, "target": 1.0})
    samples.to_csv(prepared / "samples.csv", index=False)
    meta = builders.model_meta(TASK, backbone="resnet18")
    write_json(prepared / "meta.json", meta.dataset.model_dump(mode="json"))
    torch.manual_seed(0)
    save_model(folder / export.MODEL, make_model("resnet18", 1, SIDE), meta)
    projects.write_params(folder)
    projects.run_script(folder, "export")
    return folder


@pytest.fixture
def workspace(exported: Path, tmp_path: Path) -> Iterator[bytes]:
    """A copy as the working directory, without the ONNX file, whose content this is."""
    for name in ("params.yaml", export.PREPARED, export.MODEL):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (exported / name).is_dir() else shutil.copyfile)(exported / name, tmp_path / name)
    with projects.process_in(tmp_path):
        yield (exported / export.ONNX).read_bytes()


@pytest.fixture
def exporting_is_instant(workspace: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "to_onnx", lambda *_: workspace)


def test_the_file_predicts_as_the_model_does(exported: Path) -> None:
    store = Store.load(exported / export.PREPARED)
    expected = load_predictor(exported / export.MODEL).predict(store.images, store.samples)
    predicted = load_predictor(exported / export.ONNX).predict(store.images, store.samples)
    pd.testing.assert_frame_equal(predicted, expected, rtol=0, atol=1e-4)


def test_the_file_is_one_that_onnx_accepts_and_holds_the_meta(exported: Path) -> None:
    proto = onnx.load(exported / export.ONNX)
    onnx.checker.check_model(proto, full_check=True)
    assert ModelMeta.model_validate_json(proto.metadata_props[0].value) == load_model(exported / export.MODEL)[1]
    assert [path.name for path in sorted((exported / "models").iterdir())] == ["model.onnx", "model.pt"]
    shape = proto.graph.input[0].type.tensor_type.shape
    assert [side.dim_param or side.dim_value for side in shape.dim] == ["batch", SIDE, SIDE, 3]


def test_the_same_model_gives_the_same_bytes(workspace: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    projects.write_params(Path(), export={"samples": 64})
    export.main()
    assert export.ONNX.read_bytes() == workspace
    assert "6 samples differ by at most" in capsys.readouterr().out


@pytest.mark.usefixtures("exporting_is_instant")
@pytest.mark.parametrize("damage", [0.01, float("nan")])
def test_a_file_that_differs_is_not_written(monkeypatch: pytest.MonkeyPatch, damage: float) -> None:
    def load_damaged(path: Path) -> tuple[Model, ModelMeta]:
        model, meta = load_model(path)
        with torch.no_grad():
            model.head.bias += damage
        return model, meta

    monkeypatch.setattr(export, "load_model", load_damaged)
    with pytest.raises(
        SpecimenError, match=r"models/model.onnx: its logits differ by .* on 4 test samples.*export.tol"
    ):
        export.main()
    assert not export.ONNX.exists()


@pytest.mark.usefixtures("exporting_is_instant")
@pytest.mark.parametrize(("samples", "compared"), [(2, 2), (64, 6)])
def test_as_many_samples_as_wanted_are_compared(
    capsys: pytest.CaptureFixture[str], samples: int, compared: int
) -> None:
    projects.write_params(Path(), export={"samples": samples})
    export.main()
    assert f"{compared} samples differ" in capsys.readouterr().out


@pytest.mark.usefixtures("workspace")
def test_a_model_that_onnx_cannot_express_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nand a long story")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(SpecimenError, match=r"train.backbone: resnet18 cannot be exported to ONNX: no such operator$"):
        export.main()
    assert not export.ONNX.exists()

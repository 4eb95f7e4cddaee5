"""The stage export writes a file that predicts as the model does, or none."""

from __future__ import annotations

import copy
from pathlib import Path

import builders
import numpy as np
import onnx
import pandas as pd
import pytest
import torch
import yaml

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


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params, a store of noise and a model, to be the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("data/prepared").mkdir(parents=True)
    pictures = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    np.save("data/prepared/images.npy", pictures)
    splits = ["train", "val", "test", "test"] * (COUNT // 4)
    names = [f"{number}.png" for number in range(COUNT)]
    pd.DataFrame({"image": names, "group": names, "split": splits, "target": 1.0}).to_csv(
        "data/prepared/samples.csv", index=False
    )
    meta = builders.model_meta(TASK, backbone="resnet18")
    write_json(Path("data/prepared/meta.json"), meta.dataset.model_dump(mode="json"))
    torch.manual_seed(0)
    save_model(Path("models/model.pt"), make_model("resnet18", 1, SIDE), meta)
    write_params()
    return tmp_path


def write_params(**values: object) -> None:
    data = {"root": "data/raw", "task": "regression", "table": "labels.csv"}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "export": values}))


def test_the_file_predicts_as_the_model_does(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export.main()
    store = Store.load(export.PREPARED)
    wanted, found = (load_predictor(path).predict(store.images, store.samples) for path in (export.MODEL, export.ONNX))
    pd.testing.assert_frame_equal(found, wanted, rtol=0, atol=1e-4)
    assert "6 samples differ by at most" in capsys.readouterr().out


def test_the_file_is_one_that_onnx_accepts_and_holds_the_meta(workspace: Path) -> None:
    export.main()
    proto = onnx.load(export.ONNX)
    onnx.checker.check_model(proto, full_check=True)
    assert ModelMeta.model_validate_json(proto.metadata_props[0].value) == load_model(export.MODEL)[1]
    assert [path.name for path in sorted(Path("models").iterdir())] == ["model.onnx", "model.pt"]
    shape = proto.graph.input[0].type.tensor_type.shape
    assert [side.dim_param or side.dim_value for side in shape.dim] == ["batch", SIDE, SIDE, 3]


def test_the_same_model_gives_the_same_bytes(workspace: Path) -> None:
    export.main()
    first = export.ONNX.read_bytes()
    export.main()
    assert export.ONNX.read_bytes() == first


@pytest.mark.parametrize("damage", [0.01, float("nan")])
def test_a_file_that_differs_is_not_written(workspace: Path, monkeypatch: pytest.MonkeyPatch, damage: float) -> None:
    def damaged(model: Model, meta: ModelMeta) -> bytes:
        changed = copy.deepcopy(model)
        with torch.no_grad():
            changed.head.bias += damage
        return to_onnx(changed, meta)

    to_onnx = export.to_onnx
    monkeypatch.setattr(export, "to_onnx", damaged)
    with pytest.raises(
        SpecimenError, match=r"models/model.onnx: its logits differ by .* on 6 test samples.*export.tol"
    ):
        export.main()
    assert not export.ONNX.exists()


def test_as_many_samples_as_wanted_are_compared(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_params(samples=2)
    export.main()
    assert "2 samples differ" in capsys.readouterr().out


def test_a_model_that_onnx_cannot_express_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator\nand a long story")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(SpecimenError, match=r"train.backbone: resnet18 cannot be exported to ONNX: no such operator$"):
        export.main()

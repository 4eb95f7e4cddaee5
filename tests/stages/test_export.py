"""The stage export writes a file that predicts as the model does, or none."""

from __future__ import annotations

import json
import math
import re
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
from specimen.onnx.plain_bytes import plain_bytes

TASK = Regression(1.0, 2.0, "none", "mse")
SIDE, COUNT = 32, 12


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with params, a store of noise, a model, and what export made of it. Not to be changed."""
    folder = tmp_path_factory.mktemp("exported")
    prepared = folder / export.PREPARED
    prepared.mkdir(parents=True)
    pictures = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    splits = ["train", "val", "test", "test"] * (COUNT // 4)
    names = [f"{number}.png" for number in range(COUNT)]
    builders.write_pictures(prepared, pictures, names)
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
    assert [path.name for path in sorted((exported / "models").iterdir())] == ["model.onnx", "model.pt", "small"]
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


def test_by_default_there_is_no_small_file(exported: Path) -> None:
    assert not list((exported / export.SMALL).iterdir())
    facts = json.loads((exported / export.METRICS).read_text())
    assert facts == {"fp32": {"megabytes": pytest.approx((exported / export.ONNX).stat().st_size / 1e6, rel=1e-5)}}


SMALL = {"formats": ["fp32", "fp16", "int8"], "metric_tolerance": 0.9}


@pytest.mark.usefixtures("exporting_is_instant")
def test_small_files_predict_nearly_as_the_model_does(capsys: pytest.CaptureFixture[str]) -> None:
    projects.write_params(Path(), export=SMALL)
    export.main()
    paths = [export.SMALL / f"model.{name}.onnx" for name in ("fp16", "int8")]
    assert sorted(export.SMALL.iterdir()) == paths
    facts = json.loads(export.METRICS.read_text())
    assert [facts[name]["written"] for name in facts] == [True, True, True]
    assert facts["int8"]["megabytes"] < 0.3 * facts["fp32"]["megabytes"]
    assert "ms a picture" in capsys.readouterr().out
    store = Store.load(export.PREPARED)
    expected = load_predictor(export.ONNX).predict(store.images, store.samples)
    for path in paths:
        found = load_predictor(path).predict(store.images, store.samples)
        np.testing.assert_allclose(found["prediction"], expected["prediction"], atol=0.2)


def with_bias(value: float, content: bytes, meta: ModelMeta) -> bytes:
    """The model with another bias of its head, which is added to each logit."""
    proto = onnx.load_from_string(content)
    [bias] = [tensor for tensor in proto.graph.initializer if tensor.name.endswith("head.bias")]
    bias.CopyFrom(onnx.numpy_helper.from_array(np.array([value], np.float32), bias.name))
    return plain_bytes(proto, meta)


@pytest.mark.usefixtures("exporting_is_instant")
def test_a_small_file_that_is_worse_is_not_written_and_the_figures_say_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export, "to_int8", lambda content, meta, _: with_bias(40, content, meta))
    monkeypatch.setattr(export, "to_fp16", lambda content, meta: with_bias(math.nan, content, meta))
    projects.write_params(Path(), export=SMALL)
    export.main()
    assert not list(export.SMALL.iterdir())
    facts = json.loads(export.METRICS.read_text())
    assert [facts[name]["written"] for name in ("fp32", "fp16", "int8")] == [True, False, False]
    assert facts["int8"]["worse_by"] > 1
    assert facts["fp16"]["worse_by"] is None
    said = capsys.readouterr().out
    assert re.search(r"model.int8.onnx is not written: rmse on test is worse by \d+.\d%, more than .*: 90.0%", said)
    assert "models/small/model.fp16.onnx is not written: not all its predictions on test are finite numbers" in said


@pytest.mark.usefixtures("exporting_is_instant")
def test_a_model_of_features_alone_has_no_small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelMeta, "sees_pictures", False)
    projects.write_params(Path(), export=SMALL)
    with pytest.raises(SpecimenError, match=r"export.formats: fp16, int8 are for networks that look at pictures"):
        export.main()


@pytest.mark.usefixtures("exporting_is_instant")
def test_a_network_that_cannot_be_converted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("no kernel for Foo\nat node 7")

    monkeypatch.setattr(export, "to_fp16", fail)
    projects.write_params(Path(), export=SMALL)
    with pytest.raises(SpecimenError, match=r"formats: resnet18 cannot be converted to fp16: no kernel for Foo. Leave"):
        export.main()
    assert not export.ONNX.exists()

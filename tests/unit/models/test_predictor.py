"""A predictor says what its model says, for any number of pictures, in their order, by torch and by onnxruntime."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.inference.load import load_predictor
from specimen.models import predictor
from specimen.models.meta import WAY_OUT
from specimen.models.model import load_model, make_model, save_model
from specimen.models.predictor import Predictor
from specimen.models.task import Classification
from specimen.models.torch_network import TorchPredictor, load_torch
from specimen.onnx.checksum import CHECKSUM
from specimen.onnx.export import to_onnx
from specimen.onnx.network import META, load_onnx

COUNT = 7
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), dtype=np.uint8)
AGES = np.array([1.0, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0])
SAMPLES = pd.DataFrame({"age": AGES})
TASK = Classification(("a", "b", "c"), 0.0)
SRC = Path(__file__).parents[3] / "src"


def write_model(path: Path, *, with_features: bool = True, backbone: str = "tiny") -> Path:
    torch.manual_seed(0)
    features = {"age": builders.AGE} if with_features else {}
    dataset = builders.dataset_meta(
        task="classification", class_names=TASK.class_names, features=features, unit="\u00b0 \u00fc"
    )
    meta = builders.model_meta(TASK, dataset=dataset, backbone=backbone)
    save_model(path, make_model(backbone, 3, 32, features_width=meta.features_width), meta)
    return path


@pytest.fixture(autouse=True)
def _tiny() -> Iterator[None]:
    with builders.tiny_backbone():
        yield


@pytest.fixture
def loaded(tmp_path: Path) -> TorchPredictor:
    """The predictor of a tiny model that sees a feature as well."""
    return load_torch(write_model(tmp_path / "model.pt"))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model as torch has it and as ONNX. Not to be changed."""
    folder = tmp_path_factory.mktemp("models")
    with builders.tiny_backbone():
        return export(write_model(folder / "model.pt"))


def export(path: Path) -> tuple[Path, Path]:
    """Write `model.onnx` next to `model.pt`, and return both."""
    onnx = path.with_suffix(".onnx")
    onnx.write_bytes(to_onnx(*load_model(path)))
    return path, onnx


@pytest.mark.parametrize("pictures", [1, 3, 7, 64])
def test_logits_are_those_of_the_model(loaded: TorchPredictor, monkeypatch: pytest.MonkeyPatch, pictures: int) -> None:
    monkeypatch.setattr(predictor, "BATCH_PIXELS", pictures * 32 * 32)
    filled = np.nan_to_num(AGES, nan=4.0)
    columns = torch.from_numpy(np.stack([(filled - 4) / 2, np.isnan(AGES)], axis=1).astype(np.float32))
    with torch.inference_mode():
        expected = loaded.model(torch.from_numpy(IMAGES).permute(0, 3, 1, 2), columns)
    assert loaded.batch_size == pictures
    found = loaded.logits(IMAGES, SAMPLES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_batch_is_never_empty_and_never_huge(loaded: TorchPredictor) -> None:
    assert loaded.batch_size == predictor.MAX_BATCH
    dataset = builders.dataset_meta(image_size=4000)
    assert Predictor(loaded.network, builders.model_meta(dataset=dataset)).batch_size == 1


def test_the_order_of_the_pictures_is_that_of_the_rows(loaded: TorchPredictor) -> None:
    turned = loaded.logits(IMAGES[::-1], SAMPLES[::-1])
    np.testing.assert_allclose(turned[::-1], loaded.logits(IMAGES, SAMPLES), rtol=1e-4, atol=1e-5)


def test_a_feature_changes_the_prediction(loaded: TorchPredictor) -> None:
    assert not np.allclose(loaded.logits(IMAGES, SAMPLES), loaded.logits(IMAGES, SAMPLES.assign(age=100.0)))


def test_without_features_there_is_no_branch_for_them(tmp_path: Path) -> None:
    loaded = load_torch(write_model(tmp_path / "model.pt", with_features=False))
    assert loaded.model.tabular is None
    assert not [name for name, _ in loaded.model.named_parameters() if "tabular" in name]
    assert loaded.predict(IMAGES, SAMPLES.drop(columns="age"))["prediction"].isin(["a", "b", "c"]).all()


@pytest.mark.parametrize(
    ("backbone", "with_features"), [("mobilenet_v3_small", False), ("resnet18", True), ("none", True)]
)
def test_the_onnx_file_says_the_same(tmp_path: Path, backbone: str, with_features: bool) -> None:
    path, onnx = export(write_model(tmp_path / "model.pt", backbone=backbone, with_features=with_features))
    wanted, found = load_predictor(path), load_predictor(onnx)
    for count in (0, 1, COUNT):
        logits = found.logits(IMAGES[:count], SAMPLES[:count])
        assert logits.shape == (count, 3)
        np.testing.assert_allclose(logits, wanted.logits(IMAGES[:count], SAMPLES[:count]), rtol=0, atol=1e-5)
    assert found.task == wanted.task
    assert found.meta == wanted.meta


def test_the_onnx_file_is_the_same_bytes_each_time_and_knows_no_path(both: tuple[Path, Path]) -> None:
    path, onnx = both
    content = onnx.read_bytes()
    assert to_onnx(*load_model(path)) == content
    assert not [word for word in (b".py", b"specimen/", torch.__version__.encode()) if word in content]


def test_predicting_with_onnx_imports_no_torch(both: tuple[Path, Path]) -> None:
    code = f"""
import sys
import numpy, pandas
from importlib.util import find_spec
from pathlib import Path
import specimen.models.predictor, specimen.onnx.network
from specimen.data.readers import decode
if find_spec("fastapi"):
    import specimen.serving.app
from specimen.inference.load import load_predictor
loaded = load_predictor(Path({str(both[1])!r}))
loaded.predict(numpy.zeros((2, 32, 32, 3), "uint8"), pandas.DataFrame({{"age": [1, 2]}}))
print(sorted({{"torch", "torchvision", "sklearn", "scipy", "matplotlib", "onnx"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=SRC, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bf16_is_near_fp32_but_not_the_same(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.pt", backbone="resnet18")
    exact, rough = (load_torch(path, precision).logits(IMAGES, SAMPLES) for precision in ("fp32", "bf16"))
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, exact, atol=0.1)
    assert not np.array_equal(rough, exact)


def test_pictures_of_the_store_that_nobody_may_write_are_read(loaded: TorchPredictor, tmp_path: Path) -> None:
    stored = IMAGES.copy()
    stored.flags.writeable = False
    np.testing.assert_array_equal(loaded.logits(stored, SAMPLES), loaded.logits(IMAGES, SAMPLES))


def test_the_bar_sees_every_batch(loaded: TorchPredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "BATCH_PIXELS", 3 * 32 * 32)
    seen: list[int] = []
    loaded.predict(IMAGES, SAMPLES, lambda starts: (seen.append(start) or start for start in starts))
    assert seen == [0, 3, 6]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.onnx", b"rubbish", "not a model of Specimen"),
        ("model.onnx", b"", "not a model of Specimen"),
        ("model.onnx", None, "no such model"),
        ("model.pt", b"rubbish", "not a model of Specimen"),
        ("model.pkl", b"rubbish", "unknown kind of model. Accepted: .pt, .onnx."),
    ],
)
def test_another_file_is_no_model(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecimenError, match=message) as error:
        load_predictor(tmp_path / name)
    assert name in str(error.value)


def test_an_onnx_file_of_others_is_no_model(both: tuple[Path, Path], tmp_path: Path) -> None:
    import onnx

    proto = onnx.load(both[1])
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "model.onnx")
    with pytest.raises(SpecimenError, match="not a model of Specimen"):
        load_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize("position", [0.3, 0.5, 0.9])
def test_a_block_of_zeros_in_an_onnx_file_is_noticed(both: tuple[Path, Path], tmp_path: Path, position: float) -> None:
    content = both[1].read_bytes()
    start = int(position * len(content))
    path = tmp_path / "model.onnx"
    path.write_bytes(content[:start] + bytes(64) + content[start + 64 :])
    with pytest.raises(SpecimenError, match=r"model\.onnx: damaged: its checksum does not match\. Fetch or copy it ag"):
        load_onnx(path)


def test_an_onnx_file_without_its_checksum_is_refused(both: tuple[Path, Path], tmp_path: Path) -> None:
    content = both[1].read_bytes().replace(CHECKSUM.encode(), bytes(len(CHECKSUM)))
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(SpecimenError, match=r"model\.onnx: damaged: it has no checksum\."):
        load_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize("meta", ['{"backbone": "resnet18"}', '{"schema_version": 1}', '{"schema_version": 3}', "[]"])
def test_an_onnx_file_of_another_version_is_refused_with_the_way_out(
    both: tuple[Path, Path], tmp_path: Path, meta: str
) -> None:
    import onnx

    proto = onnx.load(both[1])
    onnx.helper.set_model_props(proto, {META: meta})
    onnx.save(proto, tmp_path / "model.onnx")
    with pytest.raises(SpecimenError) as error:
        load_onnx(tmp_path / "model.onnx")
    assert str(error.value).startswith(f"{tmp_path / 'model.onnx'}: made by another version of Specimen (schema_versio")
    assert str(error.value).endswith(WAY_OUT)


def test_what_an_onnx_file_does_not_have_is_said(both: tuple[Path, Path]) -> None:
    with pytest.raises(SpecimenError, match=r"computes in fp32\. .*models/model\.pt"):
        load_onnx(both[1], "bf16")
    assert not hasattr(load_predictor(both[1], "auto"), "model")

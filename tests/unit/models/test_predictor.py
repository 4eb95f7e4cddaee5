"""A predictor says what its model says, for any number of pictures, in their order, by torch and by onnxruntime."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.models import predictor
from specimen.models.model import load_model, make_model, save_model
from specimen.models.predictor import Predictor
from specimen.onnx.export import to_onnx

COUNT = 7
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), dtype=np.uint8)
AGES = np.array([1.0, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0])
SAMPLES = pd.DataFrame({"age": AGES})
FEATURES = {"age": {"kind": "number", "median": 4.0, "mean": 4.0, "std": 2.0}}
TASK = {"name": "classification", "class_names": ["a", "b", "c"], "label_smoothing": 0.0, "class_weights": None}
SRC = Path(__file__).parents[3] / "src"


def write_model(path: Path, *, with_features: bool = True, backbone: str = "mobilenet_v3_small") -> Path:
    torch.manual_seed(0)
    used = FEATURES if with_features else {}
    settings = {"backbone": backbone, "num_outputs": 3, "features_width": 2 * len(used)}
    meta = {"model": settings, "image_size": 32, "task": TASK, "features": used, "unit": "\u00b0 \u00fc"}
    save_model(path, make_model(backbone, 3, 32, features_width=2 * len(used)), meta)
    return path


def write_both(folder: Path, **options: object) -> tuple[Path, Path]:
    """Write one model as torch has it and as ONNX."""
    path = write_model(folder / "model.pt", **options)  # type: ignore[arg-type]
    onnx = folder / "model.onnx"
    onnx.write_bytes(to_onnx(*load_model(path)))
    return path, onnx


@pytest.mark.parametrize("pictures", [1, 3, 7, 64])
def test_logits_are_those_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: int) -> None:
    monkeypatch.setattr(predictor, "BATCH_PIXELS", pictures * 32 * 32)
    path = write_model(tmp_path / "model.pt")
    filled = np.nan_to_num(AGES, nan=4.0)
    columns = torch.from_numpy(np.stack([(filled - 4) / 2, np.isnan(AGES)], axis=1).astype(np.float32))
    with torch.inference_mode():
        expected = load_model(path)[0](torch.from_numpy(IMAGES).permute(0, 3, 1, 2), columns)
    loaded = Predictor.load(path)
    assert loaded.batch_size == pictures
    found = loaded.logits(IMAGES, SAMPLES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_batch_is_never_empty_and_never_huge(tmp_path: Path) -> None:
    loaded = Predictor.load(write_model(tmp_path / "model.pt"))
    assert loaded.batch_size == predictor.MAX_BATCH
    assert Predictor(loaded.network, loaded.task, loaded.meta | {"image_size": 4000}).batch_size == 1


def test_the_order_of_the_pictures_is_that_of_the_rows(tmp_path: Path) -> None:
    loaded = Predictor.load(write_model(tmp_path / "model.pt"))
    turned = loaded.logits(IMAGES[::-1], SAMPLES[::-1])
    np.testing.assert_allclose(turned[::-1], loaded.logits(IMAGES, SAMPLES), rtol=1e-4, atol=1e-5)


def test_a_feature_changes_the_prediction(tmp_path: Path) -> None:
    loaded = Predictor.load(write_model(tmp_path / "model.pt"))
    assert not np.allclose(loaded.logits(IMAGES, SAMPLES), loaded.logits(IMAGES, SAMPLES.assign(age=100.0)))


def test_without_features_there_is_no_branch_for_them(tmp_path: Path) -> None:
    loaded = Predictor.load(write_model(tmp_path / "model.pt", with_features=False))
    assert loaded.model.tabular is None
    assert not [name for name, _ in loaded.model.named_parameters() if "tabular" in name]
    assert loaded.predict(IMAGES, SAMPLES.drop(columns="age"))["prediction"].isin(["a", "b", "c"]).all()


@pytest.mark.parametrize(
    ("backbone", "with_features"), [("mobilenet_v3_small", False), ("resnet18", True), ("none", True)]
)
def test_the_onnx_file_says_the_same(tmp_path: Path, backbone: str, with_features: bool) -> None:
    path, onnx = write_both(tmp_path, backbone=backbone, with_features=with_features)
    wanted, found = Predictor.load(path), Predictor.load(onnx)
    for count in (0, 1, COUNT):
        logits = found.logits(IMAGES[:count], SAMPLES[:count])
        assert logits.shape == (count, 3)
        np.testing.assert_allclose(logits, wanted.logits(IMAGES[:count], SAMPLES[:count]), rtol=0, atol=1e-5)
    assert found.task == wanted.task
    assert found.meta == wanted.meta


def test_the_onnx_file_is_the_same_bytes_each_time_and_knows_no_path(tmp_path: Path) -> None:
    path, onnx = write_both(tmp_path)
    content = onnx.read_bytes()
    assert to_onnx(*load_model(path)) == content
    assert not [word for word in (b".py", b"specimen/", torch.__version__.encode()) if word in content]


def test_predicting_with_onnx_imports_no_torch(tmp_path: Path) -> None:
    _, onnx = write_both(tmp_path)
    code = f"""
import sys
sys.path.insert(0, {str(SRC)!r})
import numpy, pandas
from pathlib import Path
from specimen import decode
from specimen.predictor import Predictor
loaded = Predictor.load(Path({str(onnx)!r}))
loaded.predict(numpy.zeros((2, 32, 32, 3), "uint8"), pandas.DataFrame({{"age": [1, 2]}}))
print(sorted({{"torch", "torchvision", "sklearn", "scipy", "matplotlib", "onnx"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bf16_is_near_fp32_but_not_the_same(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.pt", backbone="resnet18")
    exact, rough = (Predictor.load(path, precision).logits(IMAGES, SAMPLES) for precision in ("fp32", "bf16"))
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, exact, atol=0.1)
    assert not np.array_equal(rough, exact)


def test_pictures_of_the_store_that_nobody_may_write_are_read(tmp_path: Path) -> None:
    loaded = Predictor.load(write_model(tmp_path / "model.pt"))
    np.save(tmp_path / "images.npy", IMAGES)
    stored = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.testing.assert_array_equal(loaded.logits(stored, SAMPLES), loaded.logits(IMAGES, SAMPLES))


def test_the_bar_sees_every_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "BATCH_PIXELS", 3 * 32 * 32)
    seen: list[int] = []
    Predictor.load(write_model(tmp_path / "model.pt")).predict(
        IMAGES, SAMPLES, lambda starts: (seen.append(start) or start for start in starts)
    )
    assert seen == [0, 3, 6]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.onnx", b"rubbish", "no model of Specimen"),
        ("model.onnx", b"", "no model of Specimen"),
        ("model.onnx", None, "No such file"),
        ("model.pt", b"rubbish", "no model of Specimen"),
        ("model.pkl", b"rubbish", "unknown kind of model. Accepted: .pt, .onnx."),
    ],
)
def test_another_file_is_no_model(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecimenError, match=message) as error:
        Predictor.load(tmp_path / name)
    assert name in str(error.value)


def test_an_onnx_file_of_others_is_no_model(tmp_path: Path) -> None:
    import onnx

    _, path = write_both(tmp_path)
    proto = onnx.load(path)
    del proto.metadata_props[:]
    onnx.save(proto, path)
    with pytest.raises(SpecimenError, match="no model of Specimen"):
        Predictor.load(path)


def test_what_an_onnx_file_does_not_have_is_said(tmp_path: Path) -> None:
    _, onnx = write_both(tmp_path)
    with pytest.raises(SpecimenError, match="computes in fp32"):
        Predictor.load(onnx, "bf16")
    with pytest.raises(SpecimenError, match=r"models/model\.pt"):
        _ = Predictor.load(onnx, "auto").model

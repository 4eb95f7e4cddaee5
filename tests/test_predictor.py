"""A predictor says what its model says, for any number of pictures, in their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from specimen import predictor
from specimen.model import load_model, make_model, save_model
from specimen.predictor import Predictor

COUNT = 7
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), dtype=np.uint8)
AGES = np.array([1.0, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0])
SAMPLES = pd.DataFrame({"age": AGES})
FEATURES = {"age": {"kind": "number", "median": 4.0, "mean": 4.0, "std": 2.0}}
TASK = {"name": "classification", "class_names": ["a", "b", "c"], "label_smoothing": 0.0, "class_weights": None}


def write_model(path: Path, *, with_features: bool = True) -> Path:
    torch.manual_seed(0)
    used = FEATURES if with_features else {}
    settings = {"backbone": "mobilenet_v3_small", "num_outputs": 3, "features_width": 2 * len(used)}
    meta = {"model": settings, "image_size": 32, "task": TASK, "features": used}
    save_model(path, make_model("mobilenet_v3_small", 3, 32, features_width=2 * len(used)), meta)
    return path


@pytest.mark.parametrize("batch_size", [1, 3, 7, 64])
def test_logits_are_those_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    monkeypatch.setattr(predictor, "BATCH_SIZE", batch_size)
    path = write_model(tmp_path / "model.pt")
    filled = np.nan_to_num(AGES, nan=4.0)
    columns = torch.from_numpy(np.stack([(filled - 4) / 2, np.isnan(AGES)], axis=1).astype(np.float32))
    with torch.inference_mode():
        expected = load_model(path)[0](torch.from_numpy(IMAGES).permute(0, 3, 1, 2), columns)
    found = Predictor.load(path).logits(IMAGES, SAMPLES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


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

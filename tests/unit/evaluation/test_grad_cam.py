"""Heat lies where a picture speaks for the prediction, with any backbone that has a map of features."""

from __future__ import annotations

import builders
import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from specimen.data.dataset.features import Features
from specimen.evaluation.grad_cam import attention, attention_share, can_explain, heat
from specimen.evaluation.results import Attention
from specimen.models.model import Model, make_model
from specimen.models.predictor import Predictor
from specimen.models.task import AnyTask, Classification
from specimen.models.torch_network import TorchNetwork, TorchPredictor

NUMBERS = builders.NUMBERS
SIZE = 64
IMAGES = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), dtype=np.uint8)
SAMPLES = pd.DataFrame({"age": [1.0, np.nan, 3.0, 4.0, 5.0]})
AGE: Features = {"age": builders.AGE}
NONE: Features = {}


def predictor(backbone: str, task: AnyTask = NUMBERS, features: Features = NONE) -> TorchPredictor:
    torch.manual_seed(0)
    model = make_model(backbone, task.num_outputs, SIZE, features_width=2 * len(features))
    return as_loaded(model, task, features)


def as_loaded(model: Model, task: AnyTask, features: Features = NONE) -> TorchPredictor:
    network = TorchNetwork(model.eval(), torch.float32, torch.device("cpu"))
    classes = task.class_names if isinstance(task, Classification) else ()
    dataset = builders.dataset_meta(task=task.name, class_names=classes, image_size=SIZE, features=features)
    return TorchPredictor(network, builders.model_meta(task, dataset=dataset))


class Maps(nn.Module):
    """A backbone whose two maps are the bright and the dark places, 8 x 8, pooled to their means."""

    def __init__(self) -> None:
        super().__init__()
        self.split = _Split()

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.split(images)
        return maps.mean((2, 3))


class _Split(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        bright = nn.functional.avg_pool2d(images.mean(1, keepdim=True), SIZE // 8)
        return torch.cat([bright.relu(), (-bright).relu()], dim=1)


def looks_at(weights: list[list[float]], task: AnyTask) -> TorchPredictor:
    """A predictor by bright places (first weight of each output) and dark ones (second)."""
    model = Model(Maps(), 2, 0, len(weights))
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor(weights))
        model.head.bias.zero_()
    return as_loaded(model, task)


@pytest.fixture
def bright_corner() -> np.ndarray:
    picture = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    picture[0, : SIZE // 4, : SIZE // 4] = 255
    return picture


def test_heat_lies_on_what_raises_the_number(bright_corner: np.ndarray) -> None:
    found = heat(looks_at([[1.0, 0.0]], NUMBERS), bright_corner, SAMPLES[:1])
    assert found is not None
    assert found.shape == (1, SIZE, SIZE)
    assert found[0, : SIZE // 4 - 4, : SIZE // 4 - 4].min() > 0.999
    assert found[0, SIZE // 2 :, SIZE // 2 :].max() == 0


def test_heat_is_that_of_the_predicted_class(bright_corner: np.ndarray) -> None:
    task = Classification(("dark", "bright"), 0.0)
    dark = heat(looks_at([[0.0, 1.0], [1.0, 0.0]], task), bright_corner, SAMPLES[:1])
    bright = heat(looks_at([[0.0, 1.0], [99.0, 0.0]], task), bright_corner, SAMPLES[:1])
    assert dark is not None
    assert bright is not None
    assert dark[0, 0, 0] == 0 < dark[0, -1, -1]
    assert bright[0, -1, -1] == 0 < bright[0, 0, 0]


def test_where_nothing_speaks_for_the_prediction_there_is_no_heat(bright_corner: np.ndarray) -> None:
    found = heat(looks_at([[-1.0, -1.0]], NUMBERS), bright_corner, SAMPLES[:1])
    assert found is not None
    assert not found.any()


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v3_small", "densenet121", "shufflenet_v2_x0_5", "swin_t"])
def test_backbones_of_all_kinds_have_heat(backbone: str) -> None:
    found = heat(predictor(backbone, Classification(("a", "b", "c"), 0.0), AGE), IMAGES, SAMPLES)
    assert found is not None
    assert found.shape == (5, SIZE, SIZE)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert set(found.max(axis=(1, 2)).tolist()) <= {0.0, 1.0}
    assert found.any()


def test_a_transformer_without_maps_and_a_model_without_pictures_have_none() -> None:
    assert heat(predictor("none", features=AGE), IMAGES, SAMPLES) is None
    assert not can_explain(predictor("none", features=AGE))
    torch.manual_seed(0)
    tokens = Model(_Tokens(), 8, 0, 1)
    assert heat(as_loaded(tokens, NUMBERS), IMAGES, SAMPLES) is None
    assert not can_explain(as_loaded(tokens, NUMBERS))
    assert can_explain(looks_at([[1.0, 0.0]], NUMBERS))


class _Tokens(nn.Module):
    """What makes a vision transformer: patches become tokens, and these are mixed."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.mix = nn.Conv2d(3, 8, 16, 16), nn.LayerNorm(8)

    def forward(self, images: Tensor) -> Tensor:
        tokens: Tensor = self.mix(self.patches(images).flatten(2).transpose(1, 2))
        return tokens[:, 0]


def test_the_same_pictures_have_the_same_heat_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = predictor("resnet18")
    one, again = heat(model, IMAGES, SAMPLES), heat(model, IMAGES, SAMPLES)
    monkeypatch.setattr(Predictor, "batch_size", 2)
    batches = heat(model, IMAGES, SAMPLES)
    assert one is not None
    assert again is not None
    assert batches is not None
    assert one.tobytes() == again.tobytes()
    np.testing.assert_allclose(batches, one, atol=1e-3)


def test_predictions_are_the_same_after_a_look() -> None:
    model = predictor("densenet121")
    before = model.logits(IMAGES, SAMPLES)
    heat(model, IMAGES, SAMPLES)
    np.testing.assert_array_equal(model.logits(IMAGES, SAMPLES), before)


def test_the_model_can_be_trained_on_after_a_look() -> None:
    loaded = predictor("resnet18")
    frozen = loaded.model.head.bias
    frozen.requires_grad_(False)
    heat(loaded, IMAGES, SAMPLES)
    assert not frozen.requires_grad
    assert all(weight.requires_grad for weight in loaded.model.parameters() if weight is not frozen)


def test_no_pictures_have_no_heat() -> None:
    found = heat(predictor("resnet18"), IMAGES[:0], SAMPLES[:0])
    assert found is not None
    assert found.shape == (0, SIZE, SIZE)


def test_attention_is_the_share_of_heat_on_the_object() -> None:
    warm = np.ones((4, 2, 2), np.float32)
    warm[1], warm[2] = [[1, 0], [0, 0]], 0
    masks = np.zeros((4, 2, 2), np.uint8)
    masks[:3, 0] = 255
    np.testing.assert_array_equal(attention_share(warm, masks), [0.5, 1.0, np.nan, np.nan])


def test_attention_comes_with_what_chance_would_give(bright_corner: np.ndarray) -> None:
    mask = np.zeros((1, SIZE, SIZE), np.uint8)
    mask[0, : SIZE // 2, : SIZE // 2] = 255
    found = attention(looks_at([[1.0, 0.0]], NUMBERS), bright_corner, mask, SAMPLES[:1])
    assert found == Attention(inside=1.0, by_chance=0.25)


def test_attention_without_object_or_map_is_left_out(bright_corner: np.ndarray) -> None:
    empty = np.zeros((1, SIZE, SIZE), np.uint8)
    assert attention(looks_at([[1.0, 0.0]], NUMBERS), bright_corner, empty, SAMPLES[:1]) is None
    assert attention(predictor("none", features=AGE), bright_corner, empty + 255, SAMPLES[:1]) is None

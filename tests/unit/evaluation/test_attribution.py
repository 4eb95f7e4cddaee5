"""Heat is where a picture speaks for the prediction, with any backbone."""

from __future__ import annotations

import builders
import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from specimen.data.dataset.features import Features
from specimen.evaluation import attribution
from specimen.evaluation.attribution import ground_colour, heat_maps, integrated_gradients, steps, to_heat
from specimen.models.model import Model, make_model
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


class BrightAndDark(nn.Module):
    """A backbone that puts out how bright and how dark a picture is, on average over its pixels."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.stack([images.relu().mean((1, 2, 3)), (-images).relu().mean((1, 2, 3))], dim=1)


def looks_at(weights: list[list[float]], task: AnyTask) -> TorchPredictor:
    """A predictor by bright pixels (first weight of each output) and dark ones (second)."""
    head = nn.Linear(2, len(weights))
    with torch.no_grad():
        head.weight.copy_(torch.tensor(weights))
        head.bias.zero_()
    return as_loaded(Model(BrightAndDark(), 2, None, head), task)


@pytest.fixture
def spots() -> np.ndarray:
    """Grey ground with a white corner at the top left and a black one at the bottom right."""
    picture = np.full((1, SIZE, SIZE, 3), 110, np.uint8)
    picture[0, : SIZE // 4, : SIZE // 4] = 255
    picture[0, -SIZE // 4 :, -SIZE // 4 :] = 0
    return picture


def test_heat_is_on_what_raises_the_number(spots: np.ndarray) -> None:
    found = heat_maps(looks_at([[1.0, 0.0]], NUMBERS), spots, SAMPLES[:1])
    assert found is not None
    assert found.shape == (1, SIZE, SIZE)
    assert found[0, : SIZE // 4 - 4, : SIZE // 4 - 4].min() > 0.999
    assert found[0, SIZE // 4 + 4 :].max() == 0
    assert found[0, :, SIZE // 4 + 4 :].max() == 0


def test_heat_is_that_of_the_predicted_class(spots: np.ndarray) -> None:
    task = Classification(("dark", "bright"), 0.0)
    dark = heat_maps(looks_at([[0.0, 9.0], [1.0, 0.0]], task), spots, SAMPLES[:1])
    bright = heat_maps(looks_at([[0.0, 1.0], [9.0, 0.0]], task), spots, SAMPLES[:1])
    assert dark is not None
    assert bright is not None
    assert dark[0, 0, 0] == 0 < dark[0, -1, -1]
    assert bright[0, -1, -1] == 0 < bright[0, 0, 0]


def test_where_nothing_speaks_for_the_prediction_there_is_no_heat(spots: np.ndarray) -> None:
    against = looks_at([[-1.0, -1.0]], NUMBERS)
    empty = np.full_like(spots, 200)
    for model, pictures in ((against, spots), (looks_at([[1.0, 0.0]], NUMBERS), empty)):
        found = heat_maps(model, pictures, SAMPLES[:1])
        assert found is not None
        assert not found.any()


def test_an_object_that_fills_most_of_the_picture_is_not_the_ground() -> None:
    picture = np.full((1, SIZE, SIZE, 3), 110, np.uint8)
    picture[0, 5:-5, 5:-5] = 255
    found = heat_maps(looks_at([[1.0, 0.0]], NUMBERS), picture, SAMPLES[:1])
    assert found is not None
    assert found[0, 10:-10, 10:-10].min() > 0.999
    assert found[0, 0].max() == 0


@pytest.mark.parametrize("bars", [(0, 20), (20, 0)])
def test_the_colour_of_the_ground_is_not_that_of_the_bars_around_it(bars: tuple[int, int]) -> None:
    photo = torch.full((3, SIZE - 2 * bars[0], SIZE - 2 * bars[1]), 90.0)
    photo[:, 8:-8, 8:-8] = 200
    picture = nn.functional.pad(photo, (bars[1], bars[1], bars[0], bars[0]))
    black, white = torch.zeros_like(picture), torch.full_like(picture, 255)
    planet = black.clone()
    planet[:, 8:-8, 8:-8] = 200
    colours = ground_colour(torch.stack([picture, black, white, planet]))
    assert colours.shape == (4, 3, SIZE, SIZE)
    assert colours[:, 0, 0, 0].tolist() == [90, 0, 255, 0]
    assert torch.equal(colours, colours[..., :1, :1].expand_as(colours))


def test_what_pixels_add_is_the_difference_to_the_empty_picture() -> None:
    with builders.tiny_backbone() as tiny:
        model = predictor(tiny).model
    pictures = torch.from_numpy(IMAGES).permute(0, 3, 1, 2).float()
    empty, columns = ground_colour(pictures), torch.empty(5, 0)
    added = integrated_gradients(model, pictures, empty, columns, steps(100)).sum((1, 2))
    with torch.no_grad():
        difference = (model(pictures) - model(empty))[:, 0]
    torch.testing.assert_close(added, difference, rtol=0.05, atol=0.01)


def test_neighbours_that_contradict_each_other_cancel_out_before_anything_is_cut_off() -> None:
    signed = torch.zeros(1, SIZE, SIZE)
    signed[0, 10:20, 10:20] = 1
    rows, columns = np.mgrid[40:60, 40:60]
    signed[0, 40:60, 40:60] = torch.from_numpy(np.where((rows + columns) % 2, 5.0, -5.0))
    heat = to_heat(signed)[0]
    assert heat[12:18, 12:18].min() > 0.9
    assert heat[45:55, 45:55].max() < 0.3


@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "densenet121", "shufflenet_v2_x0_5"])
def test_backbones_of_all_kinds_have_heat(backbone: str) -> None:
    found = heat_maps(predictor(backbone, Classification(("a", "b", "c"), 0.0), AGE), IMAGES[:1], SAMPLES[:1])
    assert found is not None
    assert found.shape == (1, SIZE, SIZE)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() == 1


class _Tokens(nn.Module):
    """What makes a vision transformer: patches become tokens, and one token goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.mix = nn.Conv2d(3, 8, 16, 16), nn.MultiheadAttention(8, 1, batch_first=True)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        mixed: Tensor = self.mix(tokens, tokens, tokens)[0]
        return mixed[:, 0]


def test_a_network_of_tokens_has_heat() -> None:
    torch.manual_seed(0)
    found = heat_maps(as_loaded(Model(_Tokens(), 8, None, nn.Linear(8, 1)), NUMBERS), IMAGES, SAMPLES)
    assert found is not None
    assert found.max(axis=(1, 2)).tolist() == [1.0] * 5


def test_a_model_without_pictures_has_none() -> None:
    assert heat_maps(predictor("none", features=AGE), IMAGES, SAMPLES) is None


def test_the_same_pictures_have_the_same_heat_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    with builders.tiny_backbone() as tiny:
        model = predictor(tiny)
    one, again = heat_maps(model, IMAGES, SAMPLES), heat_maps(model, IMAGES, SAMPLES)
    monkeypatch.setattr(attribution, "GRADIENT_PIXELS", 2 * SIZE**2)
    batches: list[int] = []
    model.model.register_forward_hook(lambda _, given, out: batches.append(len(out)))
    split = heat_maps(model, IMAGES, SAMPLES)
    assert one is not None
    assert again is not None
    assert split is not None
    assert one.tobytes() == again.tobytes()
    np.testing.assert_allclose(split, one, atol=1e-3)
    assert set(batches) == {1, 2}, "no more pictures at a time than memory is for"


def test_predictions_are_the_same_after_a_look() -> None:
    model = predictor("mobilenet_v3_small")
    before = model.logits(IMAGES, SAMPLES)
    heat_maps(model, IMAGES, SAMPLES)
    np.testing.assert_array_equal(model.logits(IMAGES, SAMPLES), before)


def test_the_model_can_be_trained_on_after_a_look() -> None:
    loaded = predictor("mobilenet_v3_small")
    frozen = loaded.model.head.bias
    frozen.requires_grad_(False)
    heat_maps(loaded, IMAGES, SAMPLES)
    assert not frozen.requires_grad
    assert all(weight.requires_grad for weight in loaded.model.parameters() if weight is not frozen)
    assert all(weight.grad is None for weight in loaded.model.parameters())


def test_no_pictures_have_no_heat() -> None:
    found = heat_maps(predictor("mobilenet_v3_small"), IMAGES[:0], SAMPLES[:0])
    assert found is not None
    assert found.shape == (0, SIZE, SIZE)

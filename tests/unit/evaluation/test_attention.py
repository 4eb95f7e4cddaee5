"""Attention: the share of the heat on the object, the pointing game, and what both are by chance."""

from __future__ import annotations

from collections.abc import Iterator

import builders
import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from specimen.data.dataset.store import Store
from specimen.evaluation import attention
from specimen.evaluation.attention import hottest_inside, measure_attention, share_inside, untrained
from specimen.evaluation.results import Attention, Scores
from specimen.models.model import Model, make_model
from specimen.models.torch_network import TorchNetwork, TorchPredictor

SIZE = 32
META = builders.dataset_meta(image_size=SIZE)


@pytest.fixture(autouse=True)
def tiny() -> Iterator[None]:
    """Let networks with random weights be small."""
    with builders.tiny_backbone():
        yield


class Brightness(nn.Module):
    """A backbone that puts out the mean of a picture."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((1, 2, 3))[:, None]


def predictor(weight: float = 1.0) -> TorchPredictor:
    """A predictor of how bright a picture is."""
    model = Model(Brightness(), 1, None, nn.Linear(1, 1))
    nn.init.constant_(model.head.weight, weight)
    return loaded(model)


def loaded(model: Model, backbone: str = "tiny") -> TorchPredictor:
    network = TorchNetwork(model.eval(), torch.float32, torch.device("cpu"))
    return TorchPredictor(network, builders.model_meta(dataset=META, backbone=backbone))


def store(count: int = 2) -> Store:
    """Return samples with a white spot at the top left, and masks on it."""
    images = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    images[:, 4:12, 4:12] = 255
    masks = np.zeros((count, SIZE, SIZE), np.uint8)
    masks[:, 4:12, 4:12] = 255
    samples = pd.DataFrame({"image": [f"{row}.png" for row in range(count)]})
    return Store(images, samples, META, masks)


def test_the_share_of_the_heat_and_its_hottest_place_are_inside_or_not() -> None:
    heat = np.array([[[1, 0.5], [0.5, 0]], [[0.5, 0], [1, 0.5]]], np.float32)
    inside = np.array([[[True, True], [False, False]]] * 2)
    np.testing.assert_array_equal(share_inside(heat, inside), [0.75, 0.25])
    np.testing.assert_array_equal(hottest_inside(heat, inside), [True, False])


def test_attention_comes_with_what_chance_and_untrained_networks_would_have() -> None:
    whole = store()
    found = measure_attention(predictor(), whole, whole.samples)
    assert found is not None
    assert 0.75 < found.inside < 0.85, "a rim of two pixels fades around it"
    assert found.on_top == 1
    assert found.by_chance == 8 * 8 / SIZE**2
    assert found.inside_untrained is not None
    assert found.on_top_untrained is not None
    assert 0 <= found.inside_untrained <= 1
    assert found == measure_attention(predictor(), whole, whole.samples), "the same on each run"


def test_attention_without_masks_objects_pictures_or_heat_is_left_out() -> None:
    whole = store()
    none = Store(whole.images, whole.samples, META)
    empty = Store(whole.images, whole.samples, META, np.zeros_like(whole.masks))
    blind = loaded(make_model("none", 1, SIZE, features_width=2), "none")
    for model, given in ((predictor(), none), (predictor(), empty), (blind, whole), (predictor(-1.0), whole)):
        assert measure_attention(model, given, given.samples) is None


def test_photos_without_an_object_do_not_count() -> None:
    whole = store(3)
    assert whole.masks is not None
    both = measure_attention(predictor(), whole, whole.samples.iloc[:2])
    whole.images[2] = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3))
    whole.masks[2] = 0
    assert both == measure_attention(predictor(), whole, whole.samples)


def test_of_thousands_of_photos_the_same_few_are_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(attention, "PHOTOS", 20)
    seen: list[str] = []
    look = attention.heat_maps

    def note(model: TorchPredictor, images: np.ndarray, samples: pd.DataFrame, *rest: object) -> object:
        seen.append(",".join(samples["image"]))
        return look(model, images, samples)

    monkeypatch.setattr(attention, "heat_maps", note)
    whole = store(400)
    measure_attention(predictor(), whole, whole.samples)
    assert capsys.readouterr().out == "attention is measured on 20 photos of the 400\n"
    drawn = {int(name.removesuffix(".png")) for name in seen[0].split(",")}
    assert len(drawn) == 20
    assert {row // 100 for row in drawn} == {0, 1, 2, 3}, "from all over the split"
    seen.clear()
    measure_attention(predictor(), whole, whole.samples.iloc[::-1])
    again = {int(name.removesuffix(".png")) for name in seen[0].split(",")}
    assert again == drawn


def test_untrained_networks_differ_and_leave_the_random_numbers_alone() -> None:
    trained = predictor()
    before = torch.random.get_rng_state()
    one, same, other = (untrained(trained, seed).model.head.weight for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_untrained_networks_do_not_have_is_left_out() -> None:
    found = Attention(0.4, 0.9, 0.04, 0.1, None)
    results = builders.results(Scores({}, 1, 1, {}), attention=found)
    assert results.extra_numbers() == {
        "attention_inside": 0.4,
        "attention_on_top": 0.9,
        "attention_by_chance": 0.04,
        "attention_inside_untrained": 0.1,
    }

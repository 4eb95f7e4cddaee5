"""Augmentation: what may happen to a picture, how often, and what never happens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from specimen.config.train import Augment
from specimen.models.normalize import Normalize
from specimen.training.transforms import batch_mix, train_transform

STEPS = ["flip", "flip_vertical", "quarter_turn", "rotate", "crop", "colour", "erase"]
NOTHING = dict.fromkeys([*STEPS, "mixup", "cutmix"], 0.0)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def picture(side: int = 24) -> Tensor:
    return torch.randint(0, 256, (3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def augment(**probabilities: float) -> Augment:
    return Augment(**(NOTHING | probabilities))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_always_done_never_done_or_now_and_then(step: str) -> None:
    changed = {}
    for p in (0.0, 0.5, 1.0):
        transform = train_transform(augment(**{step: p}, crop_scale=0.25))
        changed[p] = sum(not torch.equal(transform(picture()), picture()) for _ in range(30))
    assert changed[0.0] == 0
    assert 0 < changed[0.5] < 30
    assert changed[1.0] == 30


@pytest.mark.parametrize("step", STEPS)
def test_size_and_type_stay(step: str) -> None:
    done = train_transform(augment(**{step: 1.0}))(picture())
    assert (done.shape, done.dtype) == ((3, 24, 24), torch.uint8)


def test_a_quarter_turn_is_exact() -> None:
    transform = train_transform(augment(quarter_turn=1.0))
    turns = [picture().rot90(k, (1, 2)) for k in (1, 2, 3)]
    seen = set()
    for _ in range(30):
        done = transform(picture())
        seen.add(next(k for k, turn in enumerate(turns) if torch.equal(done, turn)))
    assert seen == {0, 1, 2}


def test_flips_go_their_way() -> None:
    assert torch.equal(train_transform(augment(flip=1.0))(picture()), picture().flip(2))
    assert torch.equal(train_transform(augment(flip_vertical=1.0))(picture()), picture().flip(1))


def test_without_steps_nothing_happens() -> None:
    assert torch.equal(train_transform(augment())(picture()), picture())


BATCH = torch.stack([torch.full((3, 24, 24), value, dtype=torch.uint8) for value in (0, 80, 160, 240)])
TARGETS = torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize("how", ["mixup", "cutmix"])
def test_mixed_classes_are_shares_of_what_is_in_the_picture(how: str) -> None:
    mix = batch_mix(augment(**{how: 1.0}), 3)
    assert mix is not None
    for _ in range(20):
        images, shares = mix(BATCH, TARGETS)
        assert (images.dtype, images.shape, shares.shape) == (torch.uint8, BATCH.shape, (4, 3))
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(4))
        # Picture 2 (160, class 2) is mixed with picture 1 (80, class 1): its mean tells their shares.
        torch.testing.assert_close(images[2].float().mean(), 160 * shares[2, 2] + 80 * shares[2, 1], rtol=0, atol=0.51)


def test_a_batch_that_is_not_mixed_keeps_its_classes() -> None:
    mix = batch_mix(augment(mixup=1e-9), 3)
    assert mix is not None
    images, shares = mix(BATCH, TARGETS)
    assert torch.equal(images, BATCH)
    assert shares.argmax(dim=1).tolist() == TARGETS.tolist()


def test_both_mixes_come_as_often_as_they_should() -> None:
    mix = batch_mix(augment(mixup=0.5, cutmix=0.5), 3)
    assert mix is not None
    blended = sum(len(mix(BATCH, TARGETS)[0][2].unique()) == 1 for _ in range(200))
    assert 60 < blended < 140


def test_nothing_to_mix_is_none() -> None:
    assert batch_mix(augment(), 1) is None


def test_the_first_layer_has_mean_and_spread_of_the_weights() -> None:
    white = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    expected = (1 - torch.tensor([0.5, 0.4, 0.3])) / torch.tensor([0.1, 0.2, 0.3])
    torch.testing.assert_close(Normalize([0.5, 0.4, 0.3], [0.1, 0.2, 0.3])(white)[0, :, 0, 0], expected)

"""A picture in a few numbers: each says what its name says, and nothing else."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from specimen.drift.picture_statistics import PICTURE_STATISTICS, picture_statistics


def scene() -> Image.Image:
    values = np.random.default_rng(0).integers(60, 200, (24, 24, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((64, 64), Image.Resampling.BICUBIC)


def statistics_of(image: Image.Image) -> dict[str, float]:
    return picture_statistics(np.asarray(image))


def test_a_darker_photo_is_less_bright_and_as_sharp() -> None:
    plain = statistics_of(scene())
    dark = statistics_of(scene().point(lambda value: value // 2))
    assert dark["brightness"] == pytest.approx(plain["brightness"] / 2, rel=0.02)
    assert dark["contrast"] == pytest.approx(plain["contrast"] / 2, rel=0.02)
    assert dark["sharpness"] == pytest.approx(plain["sharpness"], rel=0.05)


def test_a_photo_out_of_focus_is_less_sharp_and_as_bright() -> None:
    plain = statistics_of(scene())
    blurred = statistics_of(scene().filter(ImageFilter.GaussianBlur(3)))
    assert blurred["sharpness"] < plain["sharpness"] / 1.5
    assert blurred["brightness"] == pytest.approx(plain["brightness"], rel=0.02)


@pytest.mark.parametrize(
    ("colour", "warmth", "greenness"), [((255, 0, 0), 1, -1), ((0, 255, 0), 0, 2), ((0, 0, 255), -1, -1)]
)
def test_colours_are_told_apart(colour: tuple[int, int, int], warmth: float, greenness: float) -> None:
    found = statistics_of(Image.new("RGB", (8, 8), colour))
    assert (found["warmth"], found["greenness"], found["contrast"], found["sharpness"]) == (warmth, greenness, 0, 0)


def test_white_is_1_and_black_0() -> None:
    assert statistics_of(Image.new("RGB", (4, 4), "white"))["brightness"] == 1
    assert statistics_of(Image.new("RGB", (4, 4)))["brightness"] == 0


@pytest.mark.parametrize("side", [1, 2])
def test_a_picture_of_a_pixel_or_two_has_all_numbers(side: int) -> None:
    assert tuple(statistics_of(Image.new("RGB", (side, side), "white"))) == PICTURE_STATISTICS


def test_a_model_without_pictures_has_none() -> None:
    assert picture_statistics(np.zeros((0, 0, 3), np.uint8)) == {}

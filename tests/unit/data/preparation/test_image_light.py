"""How bright and how sharp a photo is, with and without borders."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from specimen.data.preparation.image_light import measure_light


def noise(seed: int = 0) -> Image.Image:
    """Smooth random shapes in grey, as in a photo."""
    values = np.random.default_rng(seed).integers(0, 255, (64, 64), np.uint8)
    return Image.fromarray(values).filter(ImageFilter.GaussianBlur(1)).convert("RGB")


def test_a_blurred_copy_is_less_sharp_and_a_dark_copy_is_not() -> None:
    photo = noise()
    sharp = measure_light(photo, (64, 64), padded=False).image_sharpness
    blurred = photo.filter(ImageFilter.GaussianBlur(2))
    dark = photo.point(lambda value: value * 0.5)
    assert measure_light(blurred, (64, 64), padded=False).image_sharpness < 0.5 * sharp
    assert measure_light(dark, (64, 64), padded=False).image_sharpness == pytest.approx(sharp, rel=0.05)


def test_a_spot_of_light_and_a_speck_of_dirt_do_not_count() -> None:
    grey = np.full((64, 64, 3), 51, np.uint8)
    grey[:4, :4], grey[-4:, -4:] = 255, 0
    light = measure_light(Image.fromarray(grey), (64, 64), padded=False)
    assert (light.image_darkest, light.image_brightest) == pytest.approx((0.2, 0.2))


def test_borders_are_not_part_of_a_photo() -> None:
    square = np.zeros((64, 64, 3), np.uint8)
    square[16:48] = 230
    photo = Image.fromarray(square)
    assert measure_light(photo, (200, 100), padded=True).image_darkest == pytest.approx(230 / 255)
    assert measure_light(photo, (200, 100), padded=False).image_darkest == 0


def test_a_picture_of_one_colour_has_no_edges() -> None:
    assert measure_light(Image.new("RGB", (64, 64), (9, 9, 9)), (64, 64), padded=True).image_sharpness == 0


def test_a_strip_of_one_pixel_can_be_measured() -> None:
    assert measure_light(noise(), (5000, 1), padded=True).image_sharpness >= 0

"""The camera above the pot: photos that differ in turn, shift and light, with the tag of the plant burned in."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from specimen.data.sample.canvas import OVERSAMPLING


def photograph(
    pot: tuple[NDArray[np.uint8], NDArray[np.bool_]],
    size: int,
    light: tuple[float, float, float],
    tag: str,
    rng: np.random.Generator,
) -> tuple[Image.Image, Image.Image]:
    """Take one photo of what `draw_pot` drew: turned, shifted, lit, noisy, with the tag burned in.

    Returns the photo, about size x size pixels, and its mask (1 bit): where the plant is, as far as the tag leaves it.
    """
    width, height = (int(side) for side in size + rng.integers(-4, 5, 2))
    turn = np.deg2rad(rng.uniform(-7, 7))
    cos = np.cos(turn)
    sin = np.sin(turn)
    middle = len(pot[0]) / 2 + rng.uniform(-0.02, 0.02, 2) * size * OVERSAMPLING
    half = np.array([width, height]) * OVERSAMPLING / 2
    left, top = middle - [cos * half[0] + sin * half[1], cos * half[1] - sin * half[0]]
    scene, mask = (
        Image.fromarray(layer)
        .transform(
            (width * OVERSAMPLING, height * OVERSAMPLING),
            Image.Transform.AFFINE,
            (cos, sin, left, -sin, cos, top),
            Image.Resampling.BILINEAR,
        )
        .reduce(OVERSAMPLING)
        for layer in (pot[0], pot[1].astype(np.uint8) * 255)
    )
    pixels = np.asarray(scene, np.float32)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    exposure = rng.uniform(0.98, 1.26) * (1.06 - 0.11 * (x**2 + y**2))
    pixels = pixels * exposure[..., None] * np.array(light) * rng.normal(1, 0.015, 3)
    pixels += rng.normal(0, 4, (height, width, 1)) + rng.normal(0, 2.5, (height, width, 3))
    photo = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    _burn_in(tag, photo, mask, size)
    return photo, mask.point(lambda value: 255 * (value >= 128), "1")


def _burn_in(tag: str, photo: Image.Image, mask: Image.Image, size: int) -> None:
    """Write the tag into the lower left corner of a photo, in place; there the mask shows no plant."""
    pen = ImageDraw.Draw(photo)
    font = ImageFont.load_default(size / 24)
    corner = (size / 50, photo.height - size / 50)
    label = pen.textbbox(corner, tag, font, anchor="lb")
    pen.rectangle(label, fill=(12, 12, 12))
    pen.text(corner, tag, (235, 235, 235), font, anchor="lb")
    ImageDraw.Draw(mask).rectangle(label, fill=0)

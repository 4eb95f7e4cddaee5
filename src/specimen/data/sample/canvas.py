"""Planes of brightness and colour, and what all that is drawn needs: smooth noise, shades, painting over."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.floating]

OVERSAMPLING = 2  # scene pixels per photo pixel: smooth edges after shrinking
SCENE = 1.2  # scene side / photo side: a turned and shifted photo is still inside the scene
LIGHT = np.array([-0.7, -0.7], np.float32)  # direction (x, y) to the lamp


def grid(side: float, scale: int) -> tuple[Plane, Plane]:
    """Return x and y (each side x side), in photo sides from the middle of the scene."""
    steps = np.arange(round(side), dtype=np.float32)
    x, y = np.meshgrid(*[(steps - steps.mean()) / scale] * 2)
    return x, y


def to_bytes(picture: Plane) -> NDArray[np.uint8]:
    """Turn brightness (any shape) of 0 to 1 into 0 to 255."""
    return (picture * 255).clip(0, 255).astype(np.uint8)


def rgb(red: float, green: float, blue: float) -> Plane:
    """Return a colour (3 values, 0 to 1)."""
    return np.array([red, green, blue], np.float32)


def blend(below: Plane, cover: Plane, above: Plane) -> None:
    """Paint `above` over `below` (H x W x 3), in place, where `cover` (H x W) is more than 0."""
    below += cover[..., None] * (above - below)


def cloud(side: int, grain: float, rng: np.random.Generator) -> Plane:
    """Return smooth noise (side x side, mean 0, deviation a little below 1) with blobs about `grain` pixels wide."""
    cells = max(2, round(side / grain))
    coarse = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


def relief(height: Plane, scale: int) -> Plane:
    """Return how much a bumpy surface (H x W) faces the lamp."""
    down, right = np.gradient(height)
    return np.asarray((right + down) * (scale / 100))

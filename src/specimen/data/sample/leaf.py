"""One leaf of a rosette: its form, its colour, its shadow. Lengths are in photo sides."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from specimen.data.sample.canvas import LIGHT, Plane


def leaf_form(
    x: Plane, y: Plane, angle: float, length: float, scale: int, rng: np.random.Generator
) -> tuple[Plane, Plane, Plane, Plane]:
    """Shape one leaf that grows from (0, 0): cover, brightness, closeness to the edge and midrib (each H x W)."""
    along_axis, across_axis = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    u = (x * along_axis[0] + y * along_axis[1]) / length  # 0 at the heart, 1 at the tip
    v = (x * across_axis[0] + y * across_axis[1]) / length - rng.normal(0, 0.09) * u**2
    s = u.clip(0, 1)
    wave = 1 + 0.035 * np.sin(rng.uniform(9, 15) * u + rng.uniform(0, 6) + np.sign(v))
    half = rng.uniform(0.20, 0.25) * np.sin(np.pi * s ** rng.uniform(2.1, 2.6)).clip(0) ** 0.62 * wave + 0.032 * (1 - s)
    cover = ((half - np.abs(v)) * length * scale + 0.5).clip(0, 1) * ((u > 0) & (u < 1))
    across = (v / half.clip(0.01)).clip(-1, 1)
    fold = across - 1.1 * np.sign(across) * np.exp(-((across / 0.35) ** 2))  # each half is domed, the midrib a groove
    tilt = fold * (across_axis @ LIGHT) * 0.6 + (s - 0.6) * (along_axis @ LIGHT) * 0.9 + rng.normal(0, 0.15)
    veins = np.cos(2 * np.pi * (7 * s - 5 * np.abs(v))) ** 8
    shade = (0.62 + 0.45 * s**0.7) * (1 + 0.27 * tilt) + 0.035 * veins + 0.18 * (tilt - 0.35).clip(0) ** 2
    rib = np.exp(-((v * length * scale / (1 + 0.016 * length * scale)) ** 2)) * (1 - 0.6 * s)
    return cover, shade, np.abs(across) ** 4 + s**14, rib


def leaf_colour(drought: float, salinity: float, youth: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mix the green of one leaf (3 values, 0 to 1): yellow and dull in drought, bluish in salt, light when young."""
    colour = np.array([0.34, 0.46, 0.20]) + youth * np.array([0.10, 0.11, 0.03])
    dry = drought * (1 - 0.5 * youth) * rng.uniform(0.3, 0.9)
    colour += dry * (np.array([0.52, 0.47, 0.24]) - colour)
    colour += salinity * 0.55 * (np.array([0.34, 0.47, 0.36]) - colour)
    return colour * rng.normal(1, 0.07)


def box_around(heart: Plane, angle: float, length: float, scale: int, side: int) -> tuple[slice, slice]:
    """Return the part of the scene (rows, columns) that one leaf and its shadow need."""
    ends = np.array([heart, heart + length * np.array([np.cos(angle), np.sin(angle)])]) * scale + side / 2
    low = ends.min(axis=0) - 0.38 * length * scale - 4
    high = ends.max(axis=0) + 0.38 * length * scale + 4
    left, top = low.clip(0, side).astype(int)
    right, bottom = high.clip(0, side).astype(int)
    return slice(top, bottom), slice(left, right)


def cast_shadow(cover: Plane, height: float, scale: int) -> Plane:
    """Return the shadow (H x W, 0 to 1) of a leaf that floats `height` photo sides above the ground."""
    away = tuple(np.rint(-LIGHT[::-1] * height * scale).astype(int))
    image = Image.fromarray((np.roll(cover, away, (0, 1)) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.5 * height * scale)), np.float32) / 255

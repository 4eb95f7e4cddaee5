"""A potted rosette plant seen from above."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from specimen.data.sample.canvas import OVERSAMPLING, SCENE, blend, cloud, grid, rgb, to_bytes
from specimen.data.sample.leaf import box_around, cast_shadow, leaf_colour, leaf_form
from specimen.data.sample.pot import draw_ground

GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


@dataclass(frozen=True)
class Rosette:
    """The numbers that give one plant its look."""

    leaves: int
    radius: float  # reach of the longest leaf, in photo sides
    drought: float = 0.0  # 0 to 1
    salinity: float = 0.0  # 0 to 1


def draw_pot(rosette: Rosette, size: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw the plant in its pot: a scene (S x S x 3) and where the plant is in it (S x S), S = size * 2.4."""
    scale = size * OVERSAMPLING
    x, y = grid(size * SCENE * OVERSAMPLING, scale)
    side = len(x)
    # The ground is softer than the leaves: it needs no oversampling.
    ground = Image.fromarray(to_bytes(draw_ground(*grid(size * SCENE, size), size, rng)))
    scene = np.asarray(ground.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
    mask = np.zeros((side, side), np.bool_)
    heart = rng.uniform(-0.03, 0.03, 2).astype(np.float32)
    twist = rng.uniform(0, 2 * np.pi)
    tone = rng.normal(1, [0.07, 0.05, 0.08]) * rng.normal(1, 0.07)
    mottle = 1 + 0.05 * cloud(side, scale / 45, rng) + 0.04 * cloud(side, scale / 150, rng)
    for number in range(rosette.leaves):  # the oldest leaf first: the young ones are on top
        youth = number / max(rosette.leaves - 1, 1)
        length = rosette.radius * (1 - 0.74 * youth**1.2) * rng.uniform(0.84, 1)
        angle = twist + number * GOLDEN_ANGLE + rng.normal(0, 0.13)
        box = box_around(heart, angle, length, scale, side)
        cover, shade, edge, rib = leaf_form(x[box] - heart[0], y[box] - heart[1], angle, length, scale, rng)
        shade = (shade * mottle[box])[..., None]
        leaf = shade * rgb(*leaf_colour(rosette.drought, rosette.salinity, youth, rng) * tone)
        blend(leaf, 0.3 * rib, shade * rgb(0.72, 0.80, 0.52))
        blend(leaf, 0.45 * rosette.salinity * edge, rgb(0.70, 0.76, 0.64))
        blend(scene[box], 0.6 * cast_shadow(cover, 0.006 + 0.035 * length, scale), rgb(0, 0, 0))
        blend(scene[box], cover, leaf)
        mask[box] |= cover > 0.5
    return to_bytes(scene), mask

"""How bright and how sharp a photo is, for the rules on its faults."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

DARKEST_AND_BRIGHTEST = (0.05, 0.99)
"""Shares of the pixels that are darker: a few of them, of a lamp or a shadow, say nothing of the photo."""
LEVELS = np.arange(256.0)
FLAT = 1.0
"""Standard deviation of grey levels of 255; what is flatter has no edges to be sharp."""


class Light(NamedTuple):
    """Three numbers of a photo, from 0 up."""

    image_darkest: float = 0.0
    """How bright all but its darkest pixels are, of 1."""
    image_brightest: float = 1.0
    """How bright its brightest pixels are, of 1."""
    image_sharpness: float = 0.0
    """Root mean square of the Laplacian over the contrast; less in a blurred photo, not in a dark one (after J. L.
    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000)."""


def measure_light(image: Image.Image, sides: tuple[int, int], *, padded: bool) -> Light:
    """Return the light of a square picture of a photo of these sides; if `padded`, without its black borders."""
    grey = (_content(image, sides) if padded else image).convert("L")
    counts = np.array(grey.histogram())
    size = grey.width * grey.height
    darkest, brightest = np.searchsorted(np.cumsum(counts) / size, DARKEST_AND_BRIGHTEST) / 255
    mean = float(counts @ LEVELS) / size
    contrast = float(np.sqrt(counts @ (LEVELS - mean) ** 2 / size))
    values = np.asarray(grey, np.int16)
    edges = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * values[1:-1, 1:-1]
    strength = float(np.sqrt(np.mean(np.square(edges, dtype=np.float32)))) if edges.size else 0.0
    return Light(float(darkest), float(brightest), strength / contrast if contrast >= FLAT else 0.0)


def _content(image: Image.Image, sides: tuple[int, int]) -> Image.Image:
    """Return the part of a square picture that is not border."""
    width, height = (max(1, round(side * image.width / max(sides))) for side in sides)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))

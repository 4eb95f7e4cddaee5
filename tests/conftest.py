"""Small pictures on disk, for the tests that need some."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

COLOURS = {"red": (200, 60, 50), "green": (60, 180, 70), "blue": (50, 70, 190)}

DrawPhotos = Callable[..., pd.DataFrame]


def picture(seed: int, side: int = 32, colour: tuple[int, int, int] = (128, 128, 128)) -> Image.Image:
    """Draw a coloured picture of soft spots that no other seed gives."""
    spots = np.random.default_rng(seed).integers(-50, 50, (5, 5))
    soft = np.asarray(Image.fromarray(spots.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(soft[..., None] + np.array(colour), 0, 255).astype(np.uint8))


@pytest.fixture
def draw_photos() -> DrawPhotos:
    """A function that draws `count` photos into `folder` and returns their table: filename, colour, weight, plant.

    `classes=True` sorts them into one folder per colour, `suffix` chooses their format. Two photos belong to a plant;
    the redder a photo, the heavier its plant.
    """

    def draw(folder: Path, count: int, *, classes: bool = False, suffix: str = ".png", side: int = 32) -> pd.DataFrame:
        rows = []
        for number in range(count):
            name = list(COLOURS)[number // 2 % len(COLOURS)]
            path = folder / (name if classes else "") / f"photo_{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(number, side, COLOURS[name]).save(path)
            weight = COLOURS[name][0] / 100 + number // 2 / 1000
            rows.append((path.relative_to(folder).as_posix(), name, weight, f"plant {number // 2}"))
        return pd.DataFrame(rows, columns=["filename", "colour", "weight", "plant"])

    return draw

"""Covering what speaks for a prediction lowers it, covering anything else does not, and closer looks find the place."""

import asyncio
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from specimen.data.readers.decode import Picture
from specimen.models.task import Classification, Regression, Task
from specimen.serving.occlusion import FINEST, GRIDS, PICTURES, Look, covered, evidence, look, loss

NUMBER = Regression(0.0, 1.0, "none", "mse")
CLASS = Classification(("a", "b"), 0.0)


def looked(picture: Picture, logits: Callable[[Picture], np.ndarray], task: Task = NUMBER) -> tuple[Look, int]:
    """Return what a stand-in model looked at, and how many predictions that took."""
    seen = 0

    async def predict(pictures: Picture) -> pd.DataFrame:
        nonlocal seen
        seen += len(pictures)
        return task.decode(logits(pictures).astype(np.float32))

    async def whole() -> Look:
        return await look(task, picture, await predict(picture[None]), predict)

    return asyncio.run(whole()), seen


def hottest(heat: np.ndarray, size: int) -> tuple[int, int]:
    """Return the pixel in the middle of the hottest place."""
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    return int((row + 0.5) * size / FINEST), int((column + 0.5) * size / FINEST)


@pytest.mark.parametrize(("size", "side"), [(32, 8), (96, 8), (96, 20), (96, 50), (224, 8), (224, 40)])
@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_spot_is_found_wherever_it_is(size: int, side: int, power: float) -> None:
    rng = np.random.default_rng(size + side)
    for _ in range(6):
        picture = rng.integers(60, 90, (size, size, 3), dtype=np.uint8)
        top, left = rng.integers(0, size - side + 1, 2)
        spot = slice(top, top + side), slice(left, left + side)
        picture[spot] = rng.integers(160, 256, 3)

        def logits(pictures: Picture, spot: tuple[slice, slice] = spot) -> np.ndarray:
            return np.asarray((pictures[:, *spot] / 255).mean((1, 2, 3))[:, None] ** power)

        found, seen = looked(picture, logits)
        row, column = hottest(found.heat, size)
        assert top <= row < top + side
        assert left <= column < left + side
        assert found.heat.shape == (FINEST, FINEST)
        assert found.heat.max() == 1
        assert found.change > 0
        assert seen == PICTURES == 65


def test_of_two_spots_the_one_that_counts_more_is_hotter() -> None:
    picture = np.full((96, 96, 3), 80, np.uint8)
    picture[10:22, 10:22] = 200
    picture[60:72, 70:82] = 250
    found, _ = looked(picture, lambda pictures: (pictures / 255.0).mean((1, 2, 3))[:, None])
    row, column = hottest(found.heat, 96)
    assert 60 <= row < 72
    assert 70 <= column < 82
    assert found.heat[16 * FINEST // 96, 16 * FINEST // 96] > 0.3


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_where_no_cover_lowers_the_prediction_there_is_no_heat(weight: float) -> None:
    picture = np.full((32, 32, 3), 80, np.uint8)
    picture[4:12, 4:12] = 250
    found, seen = looked(picture, lambda pictures: weight * pictures.mean((1, 2, 3))[:, None])
    assert not found.heat.any()
    assert (found.change, seen) == (0.0, PICTURES)


def test_a_sure_class_is_explained_where_its_probability_hardly_changes() -> None:
    picture = np.full((96, 96, 3), 80, np.uint8)
    picture[40:52, 20:32] = 250

    def logits(pictures: Picture) -> np.ndarray:
        bright = (pictures > 150).mean((1, 2, 3))
        return np.stack([0 * bright, 20 + 100 * bright], axis=1)

    found, _ = looked(picture, logits, CLASS)
    row, column = hottest(found.heat, 96)
    assert 40 <= row < 52
    assert 20 <= column < 32
    assert found.change < 1e-6, "in probability"


def test_predictions_that_are_not_finite_count_for_nothing() -> None:
    picture = np.full((32, 32, 3), 80, np.uint8)
    picture[2, 2] = 81
    picture[20:28, 20:28] = 250

    def logits(pictures: Picture) -> np.ndarray:
        values = pictures.mean((1, 2, 3))
        return np.where(pictures[:, 2, 2, 0] == 81, values, np.nan)[:, None]

    found, _ = looked(picture, logits)
    assert np.isfinite(found.heat).all()
    assert 20 <= hottest(found.heat, 32)[0] < 28


@pytest.mark.parametrize("size", [16, 33, 96])
@pytest.mark.parametrize("grid", GRIDS)
def test_the_covers_of_a_grid_cover_all_of_a_picture_alike(size: int, grid: int) -> None:
    picture = np.full((size, size, 3), 50, np.uint8)
    picture[: size // 3] = 250
    cells = [(row, column) for row in range(grid) for column in range(grid)]
    pictures = covered(picture, np.median(picture.reshape(-1, 3), axis=0), cells, grid)
    taken = (picture.astype(float) - pictures).sum(axis=0)
    np.testing.assert_allclose(taken[: size // 3], 200, atol=2)
    assert not taken[size // 3 :].any(), "the median colour changes nothing"
    assert (pictures != picture).any(axis=(2, 3)).sum(axis=1).max() <= 2 * size / grid + 1, (
        "none is wider than two cells"
    )


def test_a_number_falls_in_its_unit_and_a_class_in_its_odds() -> None:
    original, after = pd.DataFrame({"prediction": [5.0]}), pd.DataFrame({"prediction": [4.0, 7.0]})
    np.testing.assert_allclose(evidence(NUMBER, original, after), [1, -2])
    np.testing.assert_allclose(loss(NUMBER, original, after), [1, -2])
    first = pd.DataFrame({"prediction": ["b"], "p: a": [0.2], "p: b": [0.8]})
    second = pd.DataFrame({"prediction": ["a", "b"], "p: a": [0.5, 0.0], "p: b": [0.5, 1.0]})
    np.testing.assert_allclose(loss(CLASS, first, second), [0.3, -0.2])
    np.testing.assert_allclose(evidence(CLASS, first, second)[0], np.log(4))
    assert evidence(CLASS, first, second)[1] < -100

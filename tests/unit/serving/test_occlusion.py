"""Covering what matters changes the prediction, covering anything else does not."""

import numpy as np
import pandas as pd
import pytest

from specimen.models.task import Classification, Regression
from specimen.serving.occlusion import heat_map, occluded

NUMBER = Regression(0.0, 1.0, "none", "mse")
CLASS = Classification(("a", "b"), 0.0)


@pytest.mark.parametrize("size", [16, 33, 96])
def test_every_cell_is_covered_once_and_by_the_mean_colour(size: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    found = occluded(picture, 8)
    np.testing.assert_array_equal(found[0], picture)
    mean = picture.reshape(-1, 3).mean(axis=0).round()
    step = size / 8
    for index, covered in enumerate(found[1:]):
        middle = tuple(int((place + 0.5) * step) for place in divmod(index, 8))
        np.testing.assert_array_equal(covered[middle], mean)
        changed = (covered != picture).any(axis=2)
        assert changed.sum() <= (2 * step + 1) ** 2
    assert (found[1:] != picture).any(axis=(0, 3)).mean() > 0.99, "no part is left out"


def test_a_number_may_change_either_way() -> None:
    columns = pd.DataFrame({"prediction": [5.0, 4.0, 5.0, 7.0, 5.5]})
    np.testing.assert_allclose(heat_map(NUMBER, columns, 2), [[1, 0], [2, 0.5]])


def test_a_class_counts_only_what_takes_from_it() -> None:
    columns = pd.DataFrame({"prediction": ["b", "a", "b", "b", "b"], "p: b": [0.8, 0.3, 0.8, 0.9, 0.7]})
    np.testing.assert_allclose(heat_map(CLASS, columns, 2), [[0.5, 0], [0, 0.1]], atol=1e-12)

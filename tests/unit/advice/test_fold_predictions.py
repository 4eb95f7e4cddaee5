"""The predictions of all folds against the samples that they should be of."""

from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest

from specimen.advice.fold_predictions import read_fold_predictions
from specimen.common.errors import SpecimenError
from specimen.data.dataset.store import Store

SAMPLES = pd.DataFrame(
    {"row": [2, 3, 4], "image": ["a.jpg", "b.jpg", "c.jpg"], "group": ["p", "p", "q"], "target": [1.5, 1.5, 3.0]}
)


def store(samples: pd.DataFrame) -> Store:
    return Store(np.zeros((len(samples), 4, 4, 3), np.uint8), samples, builders.dataset_meta(image_size=4))


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / "fold-0", tmp_path / "fold-1"]
    for folder, rows in zip(folders, ([2], [0, 1]), strict=True):
        folder.mkdir()
        part = SAMPLES.iloc[rows]
        part.assign(prediction=part["row"] * 10.0).to_csv(folder / "predictions.csv", index=False)
    return folders


def test_rows_come_in_the_order_of_the_samples_with_their_fold(folders: list[Path]) -> None:
    table = read_fold_predictions(folders, store(SAMPLES))
    assert table["prediction"].to_list() == [20, 30, 40]
    assert table["fold"].to_list() == [1, 1, 0]


@pytest.mark.parametrize(
    "samples",
    [
        SAMPLES.assign(target=[1.5, 1.5, 4.0]),
        SAMPLES.assign(group=["p", "q", "q"]),
        SAMPLES.assign(image=["a.jpg", "b.jpg", "d.jpg"]),
        SAMPLES.assign(row=[2, 3, 5]),
        SAMPLES.iloc[:2],
    ],
)
def test_folds_of_other_samples_are_refused(folders: list[Path], samples: pd.DataFrame) -> None:
    with pytest.raises(SpecimenError, match="photos, groups or labels have changed since"):
        read_fold_predictions(folders, store(samples))


def test_a_fold_that_has_not_run_is_named(folders: list[Path]) -> None:
    (folders[1] / "predictions.csv").unlink()
    with pytest.raises(SpecimenError, match="fold-1: no predictions of this fold"):
        read_fold_predictions(folders, store(SAMPLES))


def test_a_fold_that_has_diverged_is_named(folders: list[Path]) -> None:
    table = pd.read_csv(folders[0] / "predictions.csv")
    table.assign(prediction=np.inf).to_csv(folders[0] / "predictions.csv", index=False)
    with pytest.raises(SpecimenError, match="fold-0: not all predictions are finite"):
        read_fold_predictions(folders, store(SAMPLES))

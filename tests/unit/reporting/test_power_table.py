"""`make power`: a table for people, before there is anything to compare with."""

from pathlib import Path

import numpy as np
import pandas as pd
import power
import pytest

from specimen.common.errors import SpecimenError


def predictions(folder: Path, groups: int) -> Path:
    random = np.random.default_rng(1)
    target = np.round(1 + random.gamma(2, size=groups), 3)
    table = pd.DataFrame({"group": range(groups), "target": target, "prediction": target + random.normal(size=groups)})
    table.to_csv(folder / "predictions.csv", index=False)
    return folder / "predictions.csv"


def test_it_names_changes_in_percent_and_groups(tmp_path: Path) -> None:
    text = power.table(predictions(tmp_path, 29), "regression", "rmse", "g")
    assert text.startswith("The test split has 29 groups.")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    found = [float(row.split("|")[2].strip().removesuffix(" %")) for row in rows if "%" in row.split("|")[2]]
    assert found == sorted(found, reverse=True)
    assert len(found) >= 2
    assert "for 10 %" in text


@pytest.mark.parametrize(
    ("groups", "metric", "reason"),
    [(29, "median_ae", "nothing can be said of 'median_ae'"), (29, "accuracy", "'accuracy'"), (5, "rmse", "5 groups")],
)
def test_what_cannot_be_said_says_why(tmp_path: Path, groups: int, metric: str, reason: str) -> None:
    with pytest.raises(SpecimenError, match=reason):
        power.table(predictions(tmp_path, groups), "regression", metric, "g")


def test_without_predictions_it_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SpecimenError, match="`dvc repro` makes it"):
        power.table(tmp_path / "none.csv", "regression", "rmse", "g")

"""One column has the same parts for metrics and for the balance of splits."""

import numpy as np
import pandas as pd
import pytest

from specimen.data.dataset.strata import FEW_VALUES, strata
from specimen.evaluation.metrics import score_by
from specimen.experiments.split_balance import stratify
from specimen.models.task import Regression


@pytest.mark.parametrize("values", [FEW_VALUES, FEW_VALUES + 1, FEW_VALUES + 2, FEW_VALUES + 3])
def test_metrics_and_splits_cut_a_column_alike(values: int) -> None:
    ages = np.arange(6 * values) % values
    table = pd.DataFrame({"age": ages, "target": 1.0 * ages, "prediction": 1.0, "group": range(len(ages))})
    scores = score_by(Regression(0.0, 1.0, "none", "mse"), table, ["age"])["age"]
    counts = stratify(table, ["age"])["stratum"].value_counts()
    assert counts.to_dict() == {f"age = {label}": part.samples for label, part in scores.items()}
    assert len(scores) == (values if values == FEW_VALUES else 4)


def test_numbers_that_differ_beyond_the_digits_of_their_label_are_one_part() -> None:
    parts = strata(pd.Series([1.0, 1.0 + 1e-9, 2.0, np.inf]))
    assert {label: rows.tolist() for label, rows in parts.items()} == {
        "1": [True, True, False, False],
        "2": [False, False, True, False],
        "missing": [False, False, False, True],
    }


@pytest.mark.parametrize("column", [[1.5] * 3, ["a", None, "b"], [np.nan, 7, 7], list(range(50)), [True, False, True]])
def test_every_row_is_in_one_part(column: list[object]) -> None:
    assert np.sum(list(strata(pd.Series(column)).values()), axis=0).tolist() == [1] * len(column)

"""Parts with larger errors, in the metric that people know."""

import numpy as np
import pandas as pd
import pytest

from specimen.advice.slice_facts import Slices, relative_errors
from specimen.models.predictions import as_columns
from specimen.models.task import Classification, Regression

PLANTS = 60


def table(seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"group": np.arange(PLANTS).astype(str), "target": random.uniform(1, 9, PLANTS)})
    bad = np.arange(PLANTS) < 20
    errors = random.choice([-1.0, 1.0], PLANTS) * random.uniform(0.5, 1, PLANTS) * np.where(bad, 4, 1)
    return table.assign(prediction=table["target"] + errors, fold=0, soil=np.where(bad, "sand", "clay"))


def test_a_part_is_measured_by_the_metric_that_is_monitored_inside_and_elsewhere() -> None:
    said = table()
    slices = Slices.find(Regression(0, 1, "none", "mse"), said, said[["soil"]])
    squares = np.square(said["prediction"] - said["target"])
    (found,) = slices.found
    assert (found.name, found.photos, found.groups) == ("soil sand", 20, 20)
    assert found.inside == pytest.approx(np.sqrt(squares[:20].mean()))
    assert found.elsewhere == pytest.approx(np.sqrt(squares[20:].mean()))
    assert found.times == pytest.approx(4, rel=0.2)
    assert slices.to_json()["found"][0]["slice"] == "soil sand"
    assert slices.summary() == "The error is larger than elsewhere, beyond chance, in 1 of 2 parts of the data."


def test_nothing_found_is_a_sentence_too() -> None:
    slices = Slices("rmse", 12, ())
    assert slices.summary() == "The error is larger than elsewhere, beyond chance, in none of 12 parts of the data."


def test_errors_of_numbers_are_on_the_scale_that_is_trained_on() -> None:
    said = pd.DataFrame({"target": [4.0, 100.0], "prediction": [9.0, 121.0], "fold": 0})
    assert relative_errors(Regression(0, 1, "sqrt", "mse"), said).tolist() == [1, 1]


def test_errors_count_relative_to_those_of_their_fold() -> None:
    said = pd.DataFrame({"target": 0.0, "prediction": [1.0, 3.0, 10.0, 30.0, 0.0], "fold": [0, 0, 1, 1, 2]})
    assert relative_errors(Regression(0, 1, "none", "mse"), said).tolist() == [0.5, 1.5, 0.5, 1.5, 0]


def test_one_wild_error_counts_as_a_usual_one() -> None:
    said = pd.DataFrame({"target": 0.0, "prediction": [*np.linspace(1, 2, 99), 1000.0], "fold": 0})
    relative = relative_errors(Regression(0, 1, "none", "mse"), said)
    assert relative[-1] == relative[95] < 2 * relative[0]


def test_the_error_of_a_class_is_what_its_probability_lacks() -> None:
    said = pd.DataFrame({"target": ["ash", "oak"], "prediction": ["ash", "ash"], "fold": 0})
    said = said.assign(**as_columns(np.array([[0.9, 0.1], [0.7, 0.3]]), ["ash", "oak"]))
    assert relative_errors(Classification(("ash", "oak"), 0.0), said) == pytest.approx([0.25, 1.75])

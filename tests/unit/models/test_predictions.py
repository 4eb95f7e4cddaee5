"""The table of predictions: its columns are named, written and read in one place."""

import re
from pathlib import Path

import builders
import numpy as np
import pandas as pd
import pytest

from specimen.data.dataset.store import Store
from specimen.models.predictions import (
    as_columns,
    class_names_of,
    finite_rows,
    format_set,
    parse_set,
    probabilities_of,
    probability_columns,
    read_predictions,
    text_columns,
)
from specimen.models.predictor import Predictor, predict_split
from specimen.models.task import Classification

SRC = Path(__file__).parents[3] / "src"
ODD_NAMES = ("", "1", "NA", "a,b", "p: a", "Ärger", 'say "so"')


def decoded(names: tuple[str, ...] = ODD_NAMES) -> pd.DataFrame:
    task = Classification(names, 0.0, coverage=0.9, threshold=0.1)
    return task.decode(np.random.default_rng(0).normal(size=(20, len(names))))


def test_probabilities_are_found_by_the_names_of_their_classes() -> None:
    table = decoded().assign(target="1", soil="clay")
    assert class_names_of(table) == list(ODD_NAMES)
    assert len(probability_columns(table)) == len(ODD_NAMES)
    backwards = ODD_NAMES[::-1]
    np.testing.assert_array_equal(probabilities_of(table, backwards), probabilities_of(table, ODD_NAMES)[:, ::-1])
    pd.testing.assert_frame_equal(
        pd.DataFrame(as_columns(probabilities_of(table, ODD_NAMES), ODD_NAMES)), table[probability_columns(table)]
    )


def test_a_set_is_read_as_it_was_written() -> None:
    assert parse_set(format_set(ODD_NAMES)) == list(ODD_NAMES)
    assert "Ärger" in format_set(ODD_NAMES), "a reader of the CSV sees the names as they are"


@pytest.mark.parametrize("column", ["prediction", "low", "high"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_number_that_is_not_finite_is_found(column: str, value: float) -> None:
    table = pd.DataFrame({"target": [1.0, np.nan], "prediction": [1.0, 2.0], "low": [0.0, 1.0], "high": [2.0, 3.0]})
    assert finite_rows(table).tolist() == [True, True], "targets and features do not count"
    table.loc[1, column] = value
    assert finite_rows(table).tolist() == [True, False]


def test_predictions_are_read_from_csv_as_they_were(tmp_path: Path) -> None:
    table = decoded().assign(image="1.png", group="01", split="test", target="NA")
    table.to_csv(tmp_path / "predictions.csv", index=False)
    read = read_predictions(tmp_path / "predictions.csv", classes=True)
    assert read["group"].tolist() == ["01"] * 20
    assert read["target"].tolist() == ["NA"] * 20
    assert set(read["prediction"].dropna()) == set(table["prediction"]) - {""}
    assert [parse_set(cell) for cell in read["prediction_set"]] == [parse_set(cell) for cell in table["prediction_set"]]


def test_labels_are_text_only_where_they_are_classes(tmp_path: Path) -> None:
    pd.DataFrame({"group": ["01"], "target": [1], "prediction": [2.5]}).to_csv(tmp_path / "numbers.csv", index=False)
    numbers = read_predictions(tmp_path / "numbers.csv", classes=False)
    assert numbers.iloc[0].tolist() == ["01", 1, 2.5]
    assert set(text_columns(classes=True)) - set(text_columns(classes=False)) == {"target", "prediction"}


def test_a_split_is_predicted_with_its_samples() -> None:
    images = np.zeros((4, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0] = range(4)
    samples = pd.DataFrame({"group": list("abcd"), "split": ["train", "test", "val", "test"], "target": 0.0})
    meta = builders.model_meta()

    def first_pixel(pictures: np.ndarray, _features: np.ndarray) -> tuple[np.ndarray, None]:
        return pictures[:, 0, 0, :1].astype(np.float32), None

    table = predict_split(Predictor(first_pixel, meta), Store(images, samples, meta.dataset), "test")
    assert table.index.tolist() == [1, 3]
    assert table["group"].tolist() == ["b", "d"]
    assert table["prediction"].tolist() == [1.0, 3.0]


def test_no_other_module_writes_or_parses_the_columns() -> None:
    pattern = re.compile(r'"p: |"prediction_set"')
    known = {"models/predictions.py", "config/data.py"}
    paths = {path.relative_to(SRC / "specimen").as_posix(): path for path in (SRC / "specimen").rglob("*.py")}
    writers = {name for name, path in paths.items() if pattern.search(path.read_text(encoding="utf-8"))}
    assert writers <= known

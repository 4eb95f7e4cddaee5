"""JavaScript makes of the outputs of a network, and of details, what Python makes of them."""

from __future__ import annotations

import hashlib
from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest
from javascript import run_javascript
from needs import needs_javascript

from specimen.data.dataset import features
from specimen.models.meta import ModelMeta
from specimen.models.predictor import Predictor
from specimen.models.task import AnyTask, Classification, Regression
from specimen.serving.responses import prediction_answer

pytestmark = needs_javascript

NUMBERS = [Regression(0.3, 0.7, one, "mse", coverage=0.9, half_width=0.4) for one in ("none", "log1p", "sqrt")]
CLASSES = [
    Classification(("red", "green", "blue", "grey"), 0.0, coverage=0.9, temperature=heat, threshold=threshold)
    for heat, threshold in ((1.0, 0.2), (1.7, 0.05), (0.3, 0.9), (1.0, None))
]
ANSWERS = """
    const { answer } = await import(`${page}/predictions.js`);
    return given.map(({ model, outputs }) => outputs.map(([logits, distance]) => answer({ logits, distance }, model)));
"""


def facts(task: AnyTask, **changes: Any) -> ModelMeta:
    meta = builders.dataset_meta(task=task.name, unit="g" if task.name == "regression" else "", **changes)
    return builders.model_meta(task, dataset=meta, used_features=tuple(meta.features))


def test_numbers_intervals_classes_and_sets_are_those_of_python() -> None:
    rng = np.random.default_rng(1)
    models = [facts(task) for task in (*NUMBERS, NUMBERS[0].uncalibrated(), *CLASSES)]
    given, expected = [], []
    for meta in models:
        logits = rng.normal(0, 2, (50, meta.task.num_outputs)).astype(np.float32)
        distance = np.concatenate([rng.uniform(0, 2, 48), [1.0004, np.inf]]).astype(np.float32)
        table = Predictor(lambda *_: _, meta).columns(logits, distance)  # type: ignore[arg-type, return-value]
        answers = [prediction_answer(meta, "", row) for row in table.to_dict("records")]
        expected.append([one.model_dump(exclude={"file"}, exclude_none=True) for one in answers])
        outputs = [[row, far] for row, far in zip(logits.tolist(), np.minimum(distance, 1e30).tolist(), strict=True)]
        given.append({"model": meta.model_dump(mode="json"), "outputs": outputs})
    for meta, made, wanted in zip(models, run_javascript(ANSWERS, given), expected, strict=True):
        for one, right in zip(made, wanted, strict=True):
            assert one.keys() == right.keys(), meta.task
            for name, value in right.items():
                assert one[name] == nearly(value), name


def nearly(value: Any) -> Any:
    """Return a value such that the sixth digit of a number may differ."""
    match value:
        case float():
            return pytest.approx(value, rel=2e-5)
        case [{"probability": float()}, *_]:
            return [{**one, "probability": nearly(one["probability"])} for one in value]
    return value


def test_what_is_not_a_finite_number_is_not_a_prediction() -> None:
    program = """
        const { answer } = await import(`${page}/predictions.js`);
        return given.map((model) => {
            try {
                return answer({ logits: [1e6, Infinity, 0, 0] }, model);
            } catch (error) {
                return error.code;
            }
        });
    """
    models = [facts(one).model_dump(mode="json") for one in (NUMBERS[1], CLASSES[0])]
    assert run_javascript(program, models) == ["no_prediction", "no_prediction"]


def test_details_are_encoded_as_in_training() -> None:
    meta = facts(NUMBERS[0], features={"age": builders.AGE, "soil": builders.SOIL})
    rows: list[dict[str, Any]] = [
        {},
        {"age": 7.25},
        {"soil": builders.SOIL.categories[0]},
        {"age": -3, "soil": "other"},
    ]
    program = """
        const { encode } = await import(`${page}/features.js`);
        return given.rows.map((row) => [...encode(row, given.model)]);
    """
    made = run_javascript(program, {"model": meta.model_dump(mode="json"), "rows": rows})
    table = pd.DataFrame([{"age": None, "soil": None} | row for row in rows])
    np.testing.assert_array_equal(np.array(made, np.float32), features.encode(table, meta.features))


def test_a_detail_that_no_model_takes_is_refused() -> None:
    meta = facts(NUMBERS[0], features={"age": builders.AGE})
    program = """
        const { encode } = await import(`${page}/features.js`);
        try {
            encode({ age: 1e31 }, given);
        } catch (error) {
            return [error.code, error.message];
        }
    """
    answer = run_javascript(program, meta.model_dump(mode="json"))
    assert answer == ["bad_features", "age: 1e+31 is too large for a measurement."]


def test_hashes_are_right_where_the_browser_computes_none() -> None:
    program = """
        const { slowSha256 } = await import(`${page}/checked.js`);
        const content = (length) => Uint8Array.from({ length }, (_, n) => n % 251);
        return given.map((length) => Buffer.from(slowSha256(content(length))).toString("hex"));
    """
    lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]
    expected = [hashlib.sha256(bytes(n % 251 for n in range(length))).hexdigest() for length in lengths]
    assert run_javascript(program, lengths) == expected

"""A forest as ONNX says what it says in torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import builders
import numpy as np
import onnx
import pandas as pd
import pytest

from specimen.config.forest import Forest
from specimen.models.forest import grow_trees
from specimen.models.model import make_model
from specimen.models.task import Classification, Regression
from specimen.models.torch_network import make_torch_predictor
from specimen.onnx.export import to_onnx
from specimen.onnx.network import read_onnx

AGES = pd.DataFrame({"age": np.random.default_rng(0).integers(1, 40, 200).astype(float)})
DATASET = {"features": {"age": builders.AGE}, "image_size": 0}
TASKS = [Regression(3.0, 2.0, "sqrt", "mse"), Classification(("old", "young", "none"), 0.0)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_both_files_predict_the_same(task: Any) -> None:
    targets = AGES["age"] if task is TASKS[0] else pd.Series(np.where(AGES["age"] > 20, "old", "young"))
    meta = builders.model_meta(task, dataset=builders.dataset_meta(**DATASET, task=task.name), backbone="forest")
    model = make_model("forest", task.num_outputs, 0)
    model.tabular = grow_trees(task, builders.AGE.encode(AGES["age"]), targets, Forest(n_estimators=9))
    content = to_onnx(model, meta)
    exported = read_onnx(content, Path("model.onnx"))
    no_pictures = np.empty((len(AGES), 0, 0, 3), np.uint8)
    expected = make_torch_predictor(model, meta).logits(no_pictures, AGES)
    np.testing.assert_allclose(exported.logits(no_pictures, AGES), expected, atol=1e-5)
    assert exported.meta == meta
    assert to_onnx(model, meta) == content
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)

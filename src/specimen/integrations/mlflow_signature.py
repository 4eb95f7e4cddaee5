"""What MLflow is told about the inputs and outputs of a model: its signature, and an example of a call."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from specimen.data.dataset.store import Store
from specimen.integrations.mlflow_model import IMAGE, Flavor
from specimen.models.predictor import Predictor

if TYPE_CHECKING:
    import onnx
    from mlflow.models import ModelSignature


def make_signature(predictor: Predictor, example: pd.DataFrame) -> ModelSignature:
    """Return the signature of the model as a Python function.

    A photo is `binary`: MLflow then takes paths and bytes in Python, and base64 in the JSON of `mlflow models serve`.
    A feature is `Any`, because MLflow would refuse the whole number 14 where it expects a `double`; it is optional,
    because a missing one is a value that the model knows.
    """
    from mlflow.models import ModelSignature, infer_signature  # noqa: PLC0415 - an extra
    from mlflow.types.schema import AnyType, ColSpec, DataType, Schema  # noqa: PLC0415 - an extra

    columns = [ColSpec(DataType.binary, IMAGE, required=predictor.meta.sees_pictures)]
    columns += [ColSpec(AnyType(), name, required=False) for name in predictor.meta.features]
    predictions = Flavor(predictor).predict(example).drop(columns="error", errors="ignore")
    return ModelSignature(Schema(columns), infer_signature(example, predictions).outputs)


def make_example(predictor: Predictor, store: Store) -> pd.DataFrame:
    """Return one row that the model can predict: the first test photo, as a PNG of the size it is stored in."""
    first = store.rows("test")[:1]
    table = store.samples.iloc[first][list(predictor.meta.features)].reset_index(drop=True)
    if store.images.shape[1]:
        file = io.BytesIO()
        Image.fromarray(np.array(store.images[first[0]])).save(file, "PNG")
        table.insert(0, IMAGE, [file.getvalue()])
    return table


def onnx_signature(model: onnx.ModelProto) -> ModelSignature:
    """Return the signature of `model.onnx`: arrays in, arrays out; see `specimen.onnx.export.to_onnx`."""
    from mlflow.models import ModelSignature  # noqa: PLC0415 - an extra
    from mlflow.types.schema import Schema, TensorSpec  # noqa: PLC0415 - an extra
    from onnx.helper import tensor_dtype_to_np_dtype  # noqa: PLC0415 - an extra

    def schema(values: Sequence[onnx.ValueInfoProto]) -> Schema:
        specs = []
        for value in values:
            tensor = value.type.tensor_type
            dtype = tensor_dtype_to_np_dtype(tensor.elem_type)
            # A size without a number is that of the batch.
            specs.append(TensorSpec(dtype, tuple(size.dim_value or -1 for size in tensor.shape.dim), value.name))
        return Schema(specs)

    return ModelSignature(schema(model.graph.input), schema(model.graph.output))

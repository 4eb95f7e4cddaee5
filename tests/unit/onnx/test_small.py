"""Smaller ONNX files: half and a quarter of the size, with nearly the same predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import builders
import numpy as np
import onnx
import pandas as pd
import pytest
import torch

from specimen.models.meta import ModelMeta
from specimen.models.model import Model, make_model
from specimen.models.novelty import Novelty
from specimen.models.predictor import Predictor
from specimen.onnx.checksum import checksum_matches
from specimen.onnx.export import to_onnx
from specimen.onnx.network import read_onnx
from specimen.onnx.small import Inputs, exact_nodes, to_fp16, to_int8

PICTURES = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
SAMPLES = pd.DataFrame({"age": np.arange(12.0)})
FORMATS = {
    "fp16": to_fp16,
    "int8": lambda content, meta: to_int8(content, meta, batches()),
}


def batches() -> Iterator[Inputs]:
    for start in range(0, len(PICTURES), 4):
        rows = slice(start, start + 4)
        yield {"images": PICTURES[rows], "features": builders.AGE.encode(SAMPLES["age"][rows])}


def make() -> tuple[Model, ModelMeta]:
    """A tiny network that sees pictures and a feature, and knows three training photos."""
    torch.manual_seed(0)
    with builders.tiny_backbone() as backbone:
        model = make_model(backbone, 1, 32, features_width=2)
    with torch.no_grad():
        model(torch.from_numpy(PICTURES).permute(0, 3, 1, 2), torch.zeros(12, 2))  # statistics of the batch norm
    model.novelty = Novelty(3, model.embedding_width)
    model.novelty.embeddings.copy_(torch.nn.functional.normalize(torch.rand(3, model.embedding_width), dim=1))
    dataset = builders.dataset_meta(features={"age": builders.AGE})
    return model.eval(), builders.model_meta(dataset=dataset, backbone=backbone, novelty_photos=3)


@pytest.fixture(scope="module")
def exact() -> tuple[bytes, ModelMeta]:
    model, meta = make()
    return to_onnx(model, meta), meta


def read(content: bytes) -> Predictor:
    return read_onnx(content, Path("model.onnx"))


def convolutions(content: bytes) -> list[onnx.TensorProto]:
    """The weights of convolutions, which alone have 3 x 3 pixels."""
    return [value for value in onnx.load_from_string(content).graph.initializer if list(value.dims[2:]) == [3, 3]]


def weight_types(content: bytes) -> set[int]:
    """The types of the weights of convolutions."""
    return {weight.data_type for weight in convolutions(content)}


@pytest.mark.parametrize(
    ("name", "kind", "tolerance"), [("fp16", onnx.TensorProto.FLOAT16, 2e-3), ("int8", onnx.TensorProto.INT8, 0.05)]
)
def test_a_small_file_predicts_nearly_the_same(exact: Any, name: str, kind: int, tolerance: float) -> None:
    content, meta = exact
    small = FORMATS[name](content, meta)
    logits, distance = read(small).outputs(PICTURES, SAMPLES)
    expected, expected_distance = read(content).outputs(PICTURES, SAMPLES)
    np.testing.assert_allclose(logits, expected, atol=tolerance)
    np.testing.assert_allclose(distance, expected_distance, atol=tolerance)
    assert (logits != expected).any(), "it is another file"
    assert weight_types(content) == {onnx.TensorProto.FLOAT}
    assert weight_types(small) == {kind}


@pytest.mark.parametrize("name", FORMATS)
def test_a_small_file_has_meta_and_checksum_and_the_same_bytes_again(exact: Any, name: str) -> None:
    content, meta = exact
    small = FORMATS[name](content, meta)
    assert read(small).meta == meta
    assert checksum_matches(small)
    assert FORMATS[name](content, meta) == small
    onnx.checker.check_model(onnx.load_from_string(small))


def test_pixels_features_head_and_distance_stay_exact(exact: Any) -> None:
    graph = onnx.load_from_string(exact[0]).graph
    names = exact_nodes(graph)
    kinds = [node.op_type for node in graph.node if node.name in names]
    assert kinds.count("Gemm") == sum(node.op_type == "Gemm" for node in graph.node) == 3
    assert "Conv" not in kinds
    assert {"Cast", "ReduceMax"} <= set(kinds), "the first of all nodes and the last"


def test_weights_of_8_bits_use_7_so_that_no_processor_cuts_off_sums(exact: Any) -> None:
    [weights] = convolutions(FORMATS["int8"](*exact))
    assert 0 < np.abs(onnx.numpy_helper.to_array(weights).astype(int)).max() <= 64

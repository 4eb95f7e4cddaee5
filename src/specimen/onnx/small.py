"""Smaller ONNX files, made from one in fp32 by the tools of onnxruntime: halves, or whole numbers of 8 bits."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from specimen.models.meta import ModelMeta
from specimen.onnx.plain_bytes import plain_bytes

Inputs = Mapping[str, npt.NDArray[Any]]
"""A batch by the names of the inputs."""


def to_fp16(content: bytes, meta: ModelMeta) -> bytes:
    """Return the model with weights of 16 bits, half the size; inputs and outputs stay as they are."""
    proto = onnx.load_from_string(content)
    del proto.graph.value_info[:]  # it names weights too, and those of exact nodes would be taken for halves
    with _quiet():
        half = convert_float_to_float16(proto, keep_io_types=True, node_block_list=exact_nodes(proto.graph))
    _tidy(half.graph)
    return plain_bytes(half, meta)


def to_int8(content: bytes, meta: ModelMeta, train: Iterable[Inputs]) -> bytes:
    """Return the model with weights and activations of 8 bits, a quarter of the size.

    Batches of train say which values occur. Weights are scaled by channel and use 7 of the 8 bits: processors without
    instructions for 8 bits (VNNI) would otherwise cut off sums, and predict something else than was measured here.
    """
    with TemporaryDirectory() as folder, _quiet():
        exact, folded, quantised = (Path(folder, f"{name}.onnx") for name in ("exact", "folded", "int8"))
        exact.write_bytes(content)
        # Batch norms become part of the convolutions before them. Sizes are known without the symbolic inference.
        quant_pre_process(exact, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            quantised,
            _Batches(train),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=exact_nodes(onnx.load(folded).graph),
        )
        return plain_bytes(onnx.load(quantised), meta)


def exact_nodes(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes that stay in fp32: they are small, and rounding would show most in them.

    These are the scaling of the pixels before the first convolution, what follows the features, the last one before the
    logits, and the distance from the training photos.
    """
    exact = _after(graph, {"features"}) | (_before(graph, {"distance"}) - _before(graph, {"logits"}))
    exact |= _before(graph, {next((node.input[0] for node in graph.node if node.op_type == "Conv"), "images")})
    return [node.name for node in graph.node if node.name in exact or "logits" in node.output]


def _before(graph: onnx.GraphProto, names: set[str]) -> set[str]:
    """Return the names of the nodes whose results lead to these values."""
    nodes = set()
    for node in reversed(graph.node):  # a graph is sorted
        if names.intersection(node.output):
            nodes.add(node.name)
            names = names.union(node.input)
    return nodes


def _after(graph: onnx.GraphProto, names: set[str]) -> set[str]:
    """Return the names of the nodes that these values lead to."""
    nodes = set()
    for node in graph.node:
        if names.intersection(node.input):
            nodes.add(node.name)
            names = names.union(node.output)
    return nodes


def _tidy(graph: onnx.GraphProto) -> None:
    """Sort the nodes, and keep one of the casts that the conversion repeats for each exact node of the same value."""
    results: set[str] = set()
    for node in list(graph.node):
        if results.issuperset(node.output):
            graph.node.remove(node)
        results.update(node.output)
    del graph.value_info[:]
    OnnxModel.graph_topological_sort(graph, is_deterministic=True)


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Hands out batches, then None."""

    def __init__(self, batches: Iterable[Inputs]) -> None:
        self._batches = iter(batches)

    def get_next(self) -> Inputs | None:
        """Return the next batch."""
        return next(self._batches, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence advice for people who call these tools by hand."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(previous)

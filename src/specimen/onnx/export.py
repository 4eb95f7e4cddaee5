"""A model of torch -> the bytes of an ONNX file that holds all that is needed to use it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError
from specimen.models.forest import Trees
from specimen.models.meta import ModelMeta
from specimen.models.model import Model
from specimen.onnx.plain_bytes import plain_bytes
from specimen.onnx.trees import trees_proto

EXAMPLES = 2
"""How many pictures the model is traced with; with one, torch would take 1 for the size of every batch."""


class _Pictures(nn.Module):
    """Takes pictures as decoders give them, N x size x size x 3, and features if the model has any."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, features: Tensor | None = None) -> tuple[Tensor, ...]:
        pictures = images.permute(0, 3, 1, 2)
        if self.model.novelty is None:
            return (self.model(pictures, features),)
        embedding = self.model.embed(pictures)
        return self.model.classify(embedding, features), self.model.novelty(pictures, embedding)


class _Features(nn.Module):
    """Takes features alone, for a model without a backbone."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor) -> Tensor:
        return self.model.classify(features[:, :0], features)


def to_onnx(model: Model, meta: ModelMeta) -> bytes:
    """Return an ONNX file with inputs `images` (uint8) and `features` (float32), if the model uses them, and `logits`.

    A model that knows its training photos also gives `distance`, see `Novelty`. The scaling of pictures is part of the
    graph; `meta` is in the metadata. The same model gives the same bytes. Raises `SpecimenError` for a model that torch
    cannot express in ONNX.
    """
    with _quiet():
        try:
            return plain_bytes(_proto(model, meta), meta)
        # The exporter raises whatever it stumbles over, and protobuf a ValueError above 2 GB.
        except Exception as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise SpecimenError(f"train.backbone: {meta.backbone} cannot be exported to ONNX: {reason[0]}") from error


def _proto(model: Model, meta: ModelMeta) -> onnx.ModelProto:
    if isinstance(model.tabular, Trees):
        return trees_proto(model.tabular, meta.features_width)
    return _traced(model, meta.image_size, meta.features_width)


def _traced(model: Model, size: int, width: int) -> onnx.ModelProto:
    """Return what torch records when examples go through a network."""
    inputs: dict[str, Tensor] = {}
    if model.backbone is not None:
        inputs["images"] = torch.zeros(EXAMPLES, size, size, 3, dtype=torch.uint8)
    if width:
        inputs["features"] = torch.zeros(EXAMPLES, width)
    wrapped = _Features(model) if model.backbone is None else _Pictures(model)
    batch = torch.export.Dim("batch")
    program = torch.onnx.export(
        wrapped.eval(),
        kwargs=inputs,
        input_names=list(inputs),
        output_names=["logits", *(["distance"] if model.novelty is not None else [])],
        dynamic_shapes={name: {0: batch} for name in inputs},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    assert program is not None  # only the older exporter returns None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's messages about itself; `src/export.py` checks that the result is right."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)

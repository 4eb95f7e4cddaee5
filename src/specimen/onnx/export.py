"""A model of torch -> the bytes of an ONNX file that holds all that is needed to use it."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import onnx
import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError
from specimen.models.meta import ModelMeta
from specimen.models.model import Model
from specimen.onnx.network import META

EXAMPLES = 2
"""Pictures that the model is traced with; with a single one, torch would take 1 for the size of every batch."""


class _Pictures(nn.Module):
    """Pictures as decoders give them, N x size x size x 3, so that nobody has to turn them; perhaps with features."""

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
    """Features alone, for a model without a backbone."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor) -> Tensor:
        return self.model.classify(features[:, :0], features)


def to_onnx(model: Model, meta: ModelMeta) -> bytes:
    """Return an ONNX file: inputs `images` (uint8) and `features` (float32), those that the model uses, -> `logits`.

    A model that knows its training photos also gives `distance`, see `Novelty`. The scaling of pictures is part of the
    graph; `meta` stands in the metadata. The same model gives the same bytes. Raises `SpecimenError` for a model that
    torch cannot express in ONNX.
    """
    size, width = meta.image_size, meta.features_width
    inputs = {"images": torch.zeros(EXAMPLES, size, size, 3, dtype=torch.uint8)} if model.backbone is not None else {}
    inputs |= {"features": torch.zeros(EXAMPLES, width)} if width else {}
    wrapped = (_Features(model) if model.backbone is None else _Pictures(model)).eval()
    batch = torch.export.Dim("batch")
    with _quiet():
        try:
            program = torch.onnx.export(
                wrapped,
                kwargs=inputs,
                input_names=list(inputs),
                output_names=["logits", *(["distance"] if model.novelty is not None else [])],
                dynamic_shapes={name: {0: batch} for name in inputs},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
            assert program is not None  # only the older exporter returns None
            return _plain_bytes(program.model_proto, meta)
        # The exporter raises whatever it stumbles over, protobuf ValueError above 2 GB.
        except Exception as error:
            name, reason = meta.backbone, str(error).strip().splitlines() or [type(error).__name__]
            raise SpecimenError(f"train.backbone: {name} cannot be exported to ONNX: {reason[0]}") from error


def _plain_bytes(proto: onnx.ModelProto, meta: ModelMeta) -> bytes:
    """Leave out what tells of the machine that exported: paths of source files, versions of libraries."""
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    proto.producer_name, proto.producer_version = "specimen", ""
    onnx.helper.set_model_props(
        proto, {META: json.dumps(meta.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)}
    )
    return bytes(proto.SerializeToString(deterministic=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the exporter says of its own affairs; that the result is right, `src/export.py` checks."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)

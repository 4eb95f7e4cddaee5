"""The bytes of an ONNX file: the same for the same model, with all that is needed to use it."""

from __future__ import annotations

import json

import onnx

from specimen.models.meta import ModelMeta
from specimen.onnx.checksum import CHECKSUM, EMPTY, write_checksum
from specimen.onnx.network import META


def plain_bytes(proto: onnx.ModelProto, meta: ModelMeta) -> bytes:
    """Return the bytes without traces of the machine that exported: paths of source files, versions of libraries."""
    for element in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        del element.metadata_props[:]
        element.doc_string = ""
    proto.producer_name, proto.producer_version = "specimen", ""
    facts = json.dumps(meta.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
    onnx.helper.set_model_props(proto, {META: facts, CHECKSUM: EMPTY})
    return write_checksum(proto.SerializeToString(deterministic=True))

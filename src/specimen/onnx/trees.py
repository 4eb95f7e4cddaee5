"""A random forest -> an ONNX graph of the operators that ONNX has for trees."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from specimen.models.forest import Trees

# The newer TreeEnsemble lets a leaf speak for one class only, so it would need a copy of each tree for each class.
OPERATOR = "TreeEnsembleRegressor"
OPSETS = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 10


def trees_proto(trees: Trees, features_width: int) -> onnx.ModelProto:
    """Return the graph from `features`, batch x width, to `logits`, batch x num_outputs."""
    outputs = trees.values.shape[1]
    mean = "logits" if outputs == 1 else "shares"
    nodes = [helper.make_node(OPERATOR, ["features"], [mean], domain="ai.onnx.ml", **_attributes(trees))]
    if mean == "shares":
        nodes.append(helper.make_node("Log", [mean], ["logits"]))
    graph = helper.make_graph(
        nodes,
        "forest",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", features_width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", outputs])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _attributes(trees: Trees) -> dict[str, Any]:
    state = {name: value.cpu().numpy() for name, value in trees.state_dict().items()}
    roots, left, values = state["roots"], state["left"], state["values"]
    nodes = np.arange(len(left))
    tree = np.searchsorted(roots, nodes, side="right") - 1
    within = nodes - roots[tree]
    is_leaf = left == nodes
    leaves, outputs = np.flatnonzero(is_leaf), values.shape[1]
    return {
        "n_targets": outputs,
        "aggregate_function": "AVERAGE",
        "post_transform": "NONE",
        "nodes_treeids": tree,
        "nodes_nodeids": within,
        "nodes_featureids": state["feature"],
        "nodes_values": state["threshold"],
        "nodes_modes": np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": np.where(is_leaf, 0, left - roots[tree]),
        "nodes_falsenodeids": np.where(is_leaf, 0, state["right"] - roots[tree]),
        "target_treeids": tree[leaves].repeat(outputs),
        "target_nodeids": within[leaves].repeat(outputs),
        "target_ids": np.tile(np.arange(outputs), len(leaves)),
        "target_weights": values[leaves].ravel(),
    }

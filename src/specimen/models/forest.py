"""A random forest as a part of a model: trees that scikit-learn has grown, as plain arrays that torch walks through.

So it is saved, calibrated, compared, exported and served like any network. In a model it takes the place of the branch
for tabular features; behind it there is nothing to learn any more.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from specimen.common.errors import SpecimenError
from specimen.config.forest import Forest
from specimen.models.predictions import Floats
from specimen.models.task import AnyTask, Classification, Regression

if TYPE_CHECKING:
    from sklearn.tree._tree import Tree

_Grown = tuple[list["Tree"], list[Floats]]
"""Trees of scikit-learn, and for each what its nodes say, nodes x num_outputs."""

ROWS = 256
"""Samples that go through all trees at a time."""


class Trees(nn.Module):
    """The nodes of all trees, one after the other; a sample goes left where its feature is at most the threshold."""

    roots: Tensor
    """Int32, T: where each tree begins."""
    feature: Tensor
    """Int32, N, as the others of nodes."""
    threshold: Tensor
    """Float32: no float32 lies between it and that of scikit-learn, so every sample goes the same way."""
    left: Tensor
    """Int32; a leaf is its own child."""
    right: Tensor
    values: Tensor
    """Float32, N x num_outputs: what a leaf says."""
    depth: Tensor
    """Int32, one number: the steps to the deepest leaf."""

    def __init__(self, num_outputs: int) -> None:
        super().__init__()
        for name in ("roots", "feature", "left", "right", "depth"):
            self.register_buffer(name, torch.zeros(1, dtype=torch.int32))
        self.register_buffer("threshold", torch.zeros(1))
        self.register_buffer("values", torch.zeros(1, num_outputs))

    def forward(self, features: Tensor) -> Tensor:
        """Return logits, N x num_outputs, for encoded features N x width: the mean of the trees, of shares its log."""
        mean = torch.cat([self._mean(rows) for rows in torch.split(features, ROWS)])
        return mean if mean.shape[1] == 1 else mean.log()

    def _mean(self, features: Tensor) -> Tensor:
        count, width = features.shape
        trees = len(self.roots)
        # Flat, because picking from one dimension is four times as fast as from two.
        numbers = features.flatten()
        first = torch.arange(0, count * width, width, dtype=torch.int32, device=features.device)
        first = first.repeat_interleave(trees)
        node = self.roots.repeat(count)
        for _ in range(int(self.depth)):
            number = numbers.index_select(0, first + self.feature.index_select(0, node))
            is_left = number <= self.threshold.index_select(0, node)
            node = torch.where(is_left, self.left.index_select(0, node), self.right.index_select(0, node))
        return self.values.index_select(0, node).view(count, trees, self.values.shape[1]).mean(dim=1)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        """Take the sizes of what is loaded: how many nodes there are is known only when the trees have grown."""
        for name, buffer in self.named_buffers():
            if (value := state_dict.get(prefix + name)) is not None and value.shape[1:] == buffer.shape[1:]:
                self.register_buffer(name, torch.zeros_like(value, dtype=buffer.dtype))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def grow_trees(task: AnyTask, features: Floats, targets: pd.Series[Any], params: Forest) -> Trees:
    """Return the forest that scikit-learn grows on encoded features, N x width, and the targets of a table, N.

    It learns what the model of this task learns: transformed numbers, or classes with their weights (L. Breiman,
    "Random forests", Machine Learning 45, 2001). Its mean is that of `RandomForestRegressor.predict`, standardised, or
    of `RandomForestClassifier.predict_proba` with one more tree that knows nothing: a class that no tree votes for is
    unlikely, not impossible. Raises `SpecimenError` for what scikit-learn refuses.
    """
    try:
        grown, values = _grow(task, features, targets, params.settings())
    except ValueError as error:
        raise SpecimenError(f"train.forest: {error}") from error
    trees = Trees(task.num_outputs)
    trees.load_state_dict(_arrays(grown, values))
    return trees


@singledispatch
def _grow(task: AnyTask, features: Floats, targets: pd.Series[Any], settings: dict[str, Any]) -> _Grown:
    raise NotImplementedError(type(task).__name__)


@_grow.register(Regression)
def _grow_numbers(task: Regression, features: Floats, targets: pd.Series[Any], settings: dict[str, Any]) -> _Grown:
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - it takes a second, and few models need it

    forest = RandomForestRegressor(n_jobs=-1, **settings).fit(features, task.transformed(targets))
    trees = [tree.tree_ for tree in forest]
    values: list[Floats] = [(tree.value[:, :, 0] - task.mean) / task.std for tree in trees]
    return trees, values


@_grow.register(Classification)
def _grow_classes(task: Classification, features: Floats, targets: pd.Series[Any], settings: dict[str, Any]) -> _Grown:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - see above

    classes = task.encode(targets)
    weights = None if task.class_weights is None else {int(index): task.class_weights[index] for index in classes}
    forest = RandomForestClassifier(n_jobs=-1, class_weight=weights, **settings).fit(features, classes)
    trees = [tree.tree_ for tree in forest]
    values: list[Floats] = []
    for tree in trees:
        shares = np.zeros((tree.node_count, task.num_outputs))  # train may lack a class
        shares[:, forest.classes_] = tree.value[:, 0]
        values.append((len(trees) * shares + 1 / task.num_outputs) / (len(trees) + 1))
    return trees, values


def _arrays(trees: list[Tree], values: list[Floats]) -> dict[str, Tensor]:
    """Return the buffers of `Trees`; the nodes of a tree count on from those of the trees before it."""
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]
    nodes = pd.concat([_nodes(tree, root) for tree, root in zip(trees, roots, strict=True)])
    return {
        "roots": _int32(roots),
        "depth": _int32(np.array([max(tree.max_depth for tree in trees)])),
        **{name: _int32(nodes[name].to_numpy()) for name in ("feature", "left", "right")},
        "threshold": torch.from_numpy(np.array(nodes["threshold"], np.float32)),
        "values": torch.from_numpy(np.concatenate(values).astype(np.float32)),
    }


def _nodes(tree: Tree, root: int) -> pd.DataFrame:
    """Return the nodes of a tree that begins at `root`; a leaf leads to itself."""
    is_leaf = tree.children_left < 0
    own = np.arange(tree.node_count)
    return pd.DataFrame(
        {
            "feature": np.where(is_leaf, 0, tree.feature),
            "threshold": np.where(is_leaf, 0, _rounded_down(tree.threshold)),
            "left": root + np.where(is_leaf, own, tree.children_left),
            "right": root + np.where(is_leaf, own, tree.children_right),
        }
    )


def _int32(values: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(values.astype(np.int32))


def _rounded_down(thresholds: Floats) -> Floats:
    """Return the largest float32 up to each number: a float32 is at most one if it is at most the other."""
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)

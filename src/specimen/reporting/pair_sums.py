"""Sums over the groups of the errors of two equally good models, which the power to find a change depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from specimen.evaluation.jackknife import Floats

Products = Mapping[tuple[int, int], Floats]
"""By the powers i and j: the errors of one model to the power i times those of the other to the power j."""

POWERS = [(order - power, power) for order in range(1, 5) for power in range(order + 1)]


class PairSums(NamedTuple):
    """Sums over groups, R times with other groups."""

    groups: Floats
    products: Products


def pair_sums(base: Floats, head: Floats) -> PairSums:
    """Return the sums over all groups, and then over all but one, of errors G each, whichever model is the one."""
    scale = (base.sum() + head.sum()) / 2
    either, other = products_of(base / scale, head / scale), products_of(head / scale, base / scale)

    def sums(values: Floats) -> Floats:
        return np.concatenate([[values.sum()], values.sum() - values])

    return PairSums(sums(np.ones_like(base)), {powers: sums((either[powers] + other[powers]) / 2) for powers in POWERS})


def products_of(one: Floats, other: Floats) -> Products:
    """Return the products of errors, one of each pair."""
    return {(i, j): one**i * other**j for i, j in POWERS}

"""Params of a random forest: those of scikit-learn, with its names and its limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from specimen.config.base import NotNegative, Positive, Section, Seed

CRITERIA = {
    "regression": ("squared_error", "absolute_error", "poisson"),
    "classification": ("gini", "entropy", "log_loss"),
}
"""How good a split is, by `data.task`."""
Criterion = Literal["default", "squared_error", "absolute_error", "poisson", "gini", "entropy", "log_loss"]


def _count_or_share(least: int, *texts: str | None, share: str = "up to 1.0") -> PlainValidator:
    """Return what takes a whole number from `least`, a share (a float above 0), or one of the texts."""
    within = _SHARES[share]
    accepted = ", ".join([f"a whole number from {least}", f"a share above 0{share and ', ' + share}"])
    accepted += "".join(f", {text or 'null'}" for text in texts)

    def check(value: object) -> object:
        if value is None or isinstance(value, str):
            if value in texts:
                return value
            value = _number(value)  # YAML 1.1 reads 1e-3 as text
        is_count = isinstance(value, int) and not isinstance(value, bool) and value >= least
        if not is_count and not (isinstance(value, float) and within(value)):
            raise ValueError(f"accepted: {accepted}")
        return value

    return PlainValidator(check)


_SHARES: dict[str, Callable[[float], bool]] = {
    "up to 1.0": lambda share: 0 < share <= 1,
    "below 1": lambda share: 0 < share < 1,
    "": lambda share: 0 < share < math.inf,
}
"""Which shares a param takes, by how that is said."""


def _number(text: str | None) -> object:
    try:
        return float(text or "")
    except ValueError:
        return text


class Forest(Section):
    """`RandomForestRegressor` or `RandomForestClassifier`; what each does is in the documentation of scikit-learn.

    The defaults are those of the forest that every model is compared with.
    """

    n_estimators: Positive = 100
    """Number of trees."""
    criterion: Criterion = "default"
    """What a split improves; default: squared_error for numbers, gini for classes."""
    max_depth: Positive | None = None
    min_samples_split: Annotated[int | float, _count_or_share(2)] = 2
    min_samples_leaf: Annotated[int | float, _count_or_share(1, share="below 1")] = 3
    """scikit-learn's default is 1, which learns single samples by heart."""
    min_weight_fraction_leaf: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    max_features: Annotated[int | float | str | None, _count_or_share(1, "sqrt", "log2", None, "default")] = "default"
    """Columns that a split chooses from, null: all; default: all for numbers, sqrt for classes. A number of the sheet
    has two columns (the second says that it is missing), a category one for each of its values."""
    max_leaf_nodes: Annotated[int, Field(ge=2)] | None = None
    min_impurity_decrease: NotNegative = 0.0
    bootstrap: bool = True
    """Whether a tree learns from samples that are drawn with replacement, or from all."""
    max_samples: Annotated[int | float | None, _count_or_share(1, None, share="")] = None
    """How many are drawn, or what share of all; null: as many as there are."""
    ccp_alpha: NotNegative = 0.0
    random_state: Seed = 0
    """The seed of the forest; `train.seed` has no effect on it."""

    @model_validator(mode="after")
    def _something_to_draw_from(self) -> Self:
        if self.max_samples is not None and not self.bootstrap:
            raise ValueError("max_samples is about the samples that bootstrap draws, but bootstrap is false")
        return self

    def settings(self) -> dict[str, Any]:
        """Return the params as scikit-learn takes them; what is left to it is left out."""
        return {name: value for name, value in self.model_dump().items() if value != "default"}

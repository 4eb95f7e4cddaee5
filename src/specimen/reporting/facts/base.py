"""What all facts of a report have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LONGEST_TEXT = 400
"""Characters of a name, a value or a reason; what is longer is cut."""
MOST_ROWS = 2000
"""Rows of a table."""
FIRST = 10
"""How many names a list has."""


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."


Text = Annotated[str, AfterValidator(_clip)]
"""A name, a value or a reason. It may be anybody's: whoever renders it escapes it."""
Count = Annotated[int, Field(ge=0, le=10**12)]
Value = bool | int | float | Text | None
"""A param, a metric or a label; None where there is none."""


class Facts(BaseModel):
    """Plain values that are written to JSON and read back unchanged, NaN included; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class NotKnown(Facts):
    """Why something cannot be said."""

    reason: Text
    """A part of a sentence, or what Python says of an error that nobody has foreseen."""
    failed: bool = False
    """Whether it is an error that nobody has foreseen."""


class Names(Facts):
    """A list of which only the first names are kept."""

    first: tuple[Text, ...] = ()
    count: Count = 0


def first_names(names: Iterable[object]) -> Names:
    """Return the first ten names, and how many there are."""
    texts = [str(name) for name in names]
    return Names(first=tuple(texts[:FIRST]), count=len(texts))


def plain(value: object) -> Value:
    """Return a value of params, metrics or tables as JSON knows it; lists and the like become text."""
    item = getattr(value, "item", None)  # of a scalar of numpy
    value = item() if callable(item) else value
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)

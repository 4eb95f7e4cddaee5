"""What to do next, as plain values: of `make advice`, and where a change made a part worse."""

from __future__ import annotations

from specimen.reporting.facts.base import Count, Facts, Text, Value


class WorseSlice(Facts):
    """A part of the test samples whose mean error rose although that of all fell."""

    name: Text
    groups: Count
    before: float
    """Mean error, in the unit of the target or as a lack of probability."""
    after: float


class Suspect(Facts):
    """A label to check."""

    name: Text
    label: Value
    says: Value


class LargerError(Facts):
    """A part of the data in which the error is larger than elsewhere."""

    name: Text
    groups: Count
    inside: float
    elsewhere: float


class Prospect(Facts):
    """The metric with more objects."""

    times: float
    now: float
    then: float
    low: float
    high: float


class Advice(Facts):
    """What `metrics/advice.json` says."""

    stale: Text = ""
    """Why it is of other data or folds than the revision has; nothing if it is not."""
    metric: Text
    unit: Text
    labels: Count
    outside: Count
    first: tuple[Suspect, ...]
    tested: Count
    larger: tuple[LargerError, ...]
    curve: Prospect | None = None

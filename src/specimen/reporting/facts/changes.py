"""Values of metrics and params in the base and now."""

from __future__ import annotations

from collections.abc import Sequence

from specimen.reporting.facts.base import MOST_ROWS, Count, Facts, NotKnown, Text, Value


class Change(Facts):
    """One value in the base and now; None where it is not there."""

    file: Text
    key: Text
    """Nested keys joined by dots."""
    old: Value = None
    new: Value = None
    difference: float | None = None
    """New minus old, of numbers."""

    @property
    def differs(self) -> bool:
        """Whether the value has changed; NaN is like NaN."""
        return self.old != self.new and (self.old == self.old or self.new == self.new)


class Changes(Facts):
    """The values of a kind, those that are the same included."""

    rows: tuple[Change, ...] = ()
    total: Count = 0
    """How many there were before the longest tables were cut."""
    base_unknown: NotKnown | None = None
    """Why the values of the base are not known: each row is that of one revision."""
    comparable: bool = False
    """Of metrics, whether both were measured on the same samples, so that one may be called better."""


def keep_most(changes: Sequence[Change], base_unknown: NotKnown | None = None) -> Changes:
    """Return the changes, of more than 2,000 those that differ and those of the whole first; their order stays."""
    order = sorted(range(len(changes)), key=lambda at: (not changes[at].differs, "." in changes[at].key))
    kept = tuple(changes[at] for at in sorted(order[:MOST_ROWS]))
    return Changes(rows=kept, total=len(changes), base_unknown=base_unknown)

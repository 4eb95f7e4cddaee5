"""What a comparison has found, as numbers for programs and as a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from specimen.common.markdown_table import markdown_table
from specimen.drift.comparison import FEWEST_UNITS, SMALLEST, Against, Shift
from specimen.drift.period import Period

BETTER_KNOWN = {"training": "the training photos", "before": "the period before"}


@dataclass(frozen=True)
class Finding:
    """A period, compared with training and with the period before."""

    period: Period
    photos: int
    days: int
    days_before: int
    shifts: Sequence[Shift]
    notes: Sequence[str]

    @property
    def drifted(self) -> list[Shift]:
        """The drifts, the largest first."""
        return sorted((shift for shift in self.shifts if shift.drifts), key=lambda shift: -abs(shift.shift))

    def facts(self) -> dict[str, Any]:
        """Return everything as plain values; a number that is not known is None."""
        return {
            "drift": bool(self.drifted),
            "first_day": str(self.period.first),
            "last_day": str(self.period.last),
            "days": self.days,
            "days_before": self.days_before,
            "photos": self.photos,
            "shifts": [_plain(asdict(shift)) | {"drifts": shift.drifts} for shift in self.shifts],
            "notes": list(self.notes),
        }

    def headline(self) -> str:
        """Return one sentence: is there a drift, and which is the largest?"""
        where = f"{self.photos:,} photos of {self.days} days, {self.period}"
        if not self.shifts:
            return f"Nothing could be compared: {where}."
        if not self.drifted:
            return f"No drift found in {len(self.shifts)} comparisons: {where}."
        worst = self.drifted[0]
        found = f"{len(self.drifted)} of {len(self.shifts)} comparisons"
        most = f"most of all {worst.measure} against {BETTER_KNOWN[worst.against]} ({worst.shift:+.2g} SD)"
        return f"Drift in {found}, {most}: {where}."

    def summary(self) -> str:
        """Return the page without pictures, in Markdown."""
        parts = [f"**{self.headline()}**"]
        if self.shifts:
            parts += [self._table(), EXPLANATION]
        if self.drifted:
            parts.append(WHAT_NOW)
        parts += [f"- {note}" for note in self.notes]
        return "\n\n".join(parts) + "\n"

    def _table(self) -> str:
        """Return a row for each measure; drifts are bold, and come first."""
        known = {(shift.measure, shift.against): shift for shift in self.shifts}
        rank = {shift.measure: -abs(shift.shift) for shift in reversed(self.drifted)}
        measures = sorted(dict.fromkeys(shift.measure for shift in self.shifts), key=lambda name: rank.get(name, 0))
        head = ["measure", "now", "training", "shift", "before", "shift"]
        rows = []
        for name in measures:
            sides = [known.get((name, against)) for against in ("training", "before")]
            now = next(side.now for side in sides if side is not None)
            rows.append([f"`{name}`", f"{now:.3g}", *(cell for side in sides for cell in _cells(side))])
        return markdown_table(head, rows)


def _cells(side: Shift | None) -> tuple[str, str]:
    if side is None:
        return "-", "-"
    text = f"{side.shift:+.2f} ± {side.reach:.2f}"
    return f"{side.then:.3g}", f"**{text}**" if side.drifts else text


EXPLANATION = (
    "Means of days (of training: of objects). A shift is in standard deviations (SD) of a training photo, with its "
    f"95 % interval; outliers are damped. A drift (bold) is larger than {SMALLEST:g} SD, and at most 1 in 20 is false."
)
WHAT_NOW = (
    "A drift says that the photos have changed, not that the predictions are wrong. Look at some photos; label a few "
    "and compare; if the model has to deal with such photos from now on, add them to the data. A drift against "
    "training alone may be as old as the model: the training photos may be of a few days, or of another season."
)


def too_few(days: int, against: Against | None = None) -> str:
    """Return the note that there are too few days in a period, or before it."""
    which = "The period before" if against == "before" else "The period"
    return f"{which} has photos of {days} days; with fewer than {FEWEST_UNITS} nothing is said about it."


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in values.items()
    }

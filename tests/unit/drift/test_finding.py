"""The page says first whether there is a drift, then which."""

from datetime import date

import numpy as np

from specimen.drift.comparison import Shift
from specimen.drift.finding import Finding, too_few
from specimen.drift.period import Period

PERIOD = Period.until(date(2026, 3, 31), 14)
SMALL = Shift("contrast", "training", 0.2, 0.2, 0.01, 0.3, 0.9, 0.9)
DARK = Shift("brightness", "training", 0.31, 0.52, -1.8, 0.4, 1e-6, 1e-5)
DARKER = Shift("brightness", "before", 0.31, 0.5, -1.6, 0.4, 1e-6, 1e-5)


def finding(*shifts: Shift, notes: tuple[str, ...] = ()) -> Finding:
    return Finding(PERIOD, 1234, 12, 11, shifts, notes)


def test_the_first_sentence_names_the_largest_drift() -> None:
    text = finding(SMALL, DARK, DARKER).summary()
    assert text.startswith(
        "**Drift in 2 of 3 comparisons, most of all brightness against the training photos (-1.8 SD): "
        "1,234 photos of 12 days, 2026-03-18 to 2026-03-31.**"
    )
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        "| `brightness` | 0.31 | 0.52 | **-1.80 ± 0.40** | 0.5 | **-1.60 ± 0.40** |",
        "| `contrast` | 0.2 | 0.2 | +0.01 ± 0.30 | - | - |",
    ]
    assert "not that the predictions are wrong" in text


def test_without_a_drift_nothing_has_to_be_done() -> None:
    text = finding(SMALL).summary()
    assert text.startswith("**No drift found in 1 comparisons")
    assert "label a few" not in text


def test_too_little_to_compare_is_not_called_stable() -> None:
    text = finding(notes=(too_few(3), too_few(0, "before"))).summary()
    assert text.startswith("**Nothing could be compared")
    assert "No drift" not in text
    assert "- The period has photos of 3 days; with fewer than 5 nothing is said about it." in text


def test_programs_get_plain_values() -> None:
    facts = finding(DARK, Shift("size", "before", 1, 2, np.inf, np.nan, 0, 0.0)).facts()
    assert facts["drift"] is True
    assert facts["shifts"][0]["drifts"] is True
    assert facts["shifts"][1]["shift"] is None

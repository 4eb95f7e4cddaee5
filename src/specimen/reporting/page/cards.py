"""The photos that a reviewer should look at: which ones, and what both revisions say of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from specimen.evaluation.sample_errors import largest_errors
from specimen.models.predictions import CONFIDENCE, HIGH, LOW, PREDICTION, PREDICTION_SET, parse_set
from specimen.reporting.collect.samples import changed_most, sample_name
from specimen.reporting.data_diff import DataDiff
from specimen.reporting.facts.advice import Advice
from specimen.reporting.page.side import Side
from specimen.reporting.page.stored_pictures import Pictures
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import BASE, one_side, sample_key

MOST_EXPLAINED = 6
"""Photos of a group with heat, which takes some seconds for each revision."""
MOST = 12
"""Photos of a group without."""
HEAT_NOTE = "Bright areas of the grey copies speak for the prediction: for a larger number, or for the predicted class."


@dataclass(frozen=True)
class Panel:
    """One picture of a card, with what is said about it."""

    title: str
    picture: Pictures | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """One sample."""

    name: str
    text: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Group:
    """Samples that are shown for one reason."""

    title: str
    note: str
    cards: tuple[Card, ...]


def changed_groups(shared: SharedPredictions, base: Side, head: Side) -> list[Group]:
    """Return the photos whose error grew and fell most, with the predictions and the heat of both."""
    grew, fell = changed_most(shared)
    titles = ((f"Errors that grew most (of {len(grew):,})", grew), (f"Errors that fell most (of {len(fell):,})", fell))
    return [
        Group(title, HEAT_NOTE, _compared(pairs.head(MOST_EXPLAINED), shared, base, head)) for title, pairs in titles
    ]


def _compared(pairs: pd.DataFrame, shared: SharedPredictions, base: Side, head: Side) -> tuple[Card, ...]:
    key = sample_key(pairs)
    photos = head.pictures(pairs, key)
    of_base = base.explained(pairs, key, photos)
    of_head = head.explained(pairs, key, photos)
    before, after = (_say(one_side(pairs, suffix), shared.unit) for suffix in (BASE, ""))
    return tuple(
        Card(
            sample_name(sample),
            _truth(sample["target"], shared.unit),
            (Panel("photo", photo), Panel("base", old, said), Panel("this", new, says)),
        )
        for (_, sample), photo, old, new, said, says in zip(
            pairs.iterrows(), photos, of_base, of_head, before, after, strict=True
        )
    )


def worst_group(predictions: pd.DataFrame, task: str, unit: str, head: Side) -> Group:
    """Return the photos with the largest errors of the revision that is judged."""
    worst = largest_errors(task, predictions, MOST_EXPLAINED)
    key = sample_key(worst)
    photos = head.pictures(worst, key)
    cards = tuple(
        Card(sample_name(sample), _truth(sample["target"], unit), (Panel("photo", photo), Panel("this", glow, says)))
        for (_, sample), photo, glow, says in zip(
            worst.iterrows(), photos, head.explained(worst, key, photos), _say(worst, unit), strict=True
        )
    )
    return Group("Largest errors now", HEAT_NOTE, cards)


def suspects_group(advice: Advice, head: Side) -> Group:
    """Return the photos of the labels that `make advice` doubts most."""
    photos = head.pictures(pd.DataFrame({"image": [one.name for one in advice.first]}), ["image"])
    cards = tuple(
        Card(
            one.name,
            f"label {_value(one.label)} {advice.unit}".rstrip(),
            (Panel("photo", photo, (f"the folds say {_value(one.says)} {advice.unit}".rstrip(),)),),
        )
        for one, photo in zip(advice.first, photos, strict=True)
    )
    return Group("Labels to check first", "What make advice doubts most; the label is what the sheet says.", cards)


def data_groups(diff: DataDiff, unit: str, base: Side, head: Side) -> list[Group]:
    """Return the photos that were added, relabelled or replaced under the same name."""

    def shown(samples: pd.DataFrame, text: Callable[[pd.Series[Any]], str], *sides: Side) -> tuple[Card, ...]:
        first = samples.head(MOST).reset_index()
        key = [str(name) for name in samples.index.names]
        pictures = [side.pictures(first, key) for side in sides]
        titles = ("base", "this") if len(sides) > 1 else ("",)
        return tuple(
            Card(sample_name(row), text(row), tuple(map(Panel, titles, of_row)))
            for (_, row), *of_row in zip(first.iterrows(), *pictures, strict=True)
        )

    groups = [
        ("Added", diff.added, lambda row: _truth(row["target"], unit), (head,)),
        ("Relabelled", diff.relabelled, lambda row: f"{_value(row['before'])} to {_value(row['after'])}", (head,)),
        ("Another photo under the same name", pd.DataFrame(index=diff.replaced), lambda row: "", (base, head)),
    ]  # fmt: skip
    return [
        Group(_counted(title, len(rows)), "", shown(rows, text, *sides))
        for title, rows, text, sides in groups
        if len(rows)
    ]


def rejected_group(
    rejected: pd.DataFrame, newly: pd.Index[Any], read: Callable[[str], Pictures | None]
) -> Group | None:
    """Return the photos that are rejected now, with the rule; `read` gives the photo of a name, or None.

    There may be none to show: a file that is lost or damaged is a reason to reject it.
    """
    rows = rejected[rejected["image"].isin(newly)].drop_duplicates("image")
    if rows.empty:
        return None
    cards = tuple(
        Card(name, f"rule {rule}", () if (photo := read(name)) is None else (Panel("", photo),))
        for name, rule in rows.head(MOST)[["image", "rule"]].astype(str).itertuples(index=False)
    )
    return Group(_counted("Newly rejected", len(rows)), "", cards)


def _counted(title: str, count: int) -> str:
    """Return a title with the number of photos, and how many of them are shown where that is not all."""
    return f"{title}: {count:,}{f', of which {MOST} are shown' if count > MOST else ''}"


def _truth(target: object, unit: str) -> str:
    return f"true {_value(target)} {unit}".rstrip()


def _say(predictions: pd.DataFrame, unit: str) -> list[tuple[str, ...]]:
    """Return for each row the prediction, and its interval or set."""
    return [_of_class(row) if CONFIDENCE in row else _of_number(row, unit) for _, row in predictions.iterrows()]


def _of_number(row: pd.Series[Any], unit: str) -> tuple[str, ...]:
    said = f"{_value(row[PREDICTION])} {unit}".rstrip()
    return (said, f"{_value(row[LOW])} to {_value(row[HIGH])}") if LOW in row else (said,)


def _of_class(row: pd.Series[Any]) -> tuple[str, ...]:
    said = f"{row[PREDICTION]} {row[CONFIDENCE]:.0%}"
    if PREDICTION_SET not in row:
        return (said,)
    names = parse_set(row[PREDICTION_SET])
    return said, f"set of {len(names)}: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

"""Which column is to be learnt, and as what."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from specimen.common.cells import to_text
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.numbers import read_numbers
from specimen.config.base import TaskName
from specimen.data.proposal.reasons import Reason
from specimen.data.proposal.words import NO_OBJECTS, TARGETS, WHOLE, is_amount, unit_of, words

FEWEST_FILLED = 0.3
FEW_NUMBERS = 12
"""Different whole numbers up to which they are taken for classes."""
MOST_CLASSES = 200
MOST_NEGATIVE = 0.02
"""Share of the labels of an amount that may be negative by mistake."""
SKEWED = 1.0
"""Skewness from which on the square root of a target that is never negative is learnt."""


def choose_target(sheet: pd.DataFrame, apart: Collection[str], wanted: str | None) -> list[Reason]:
    """Return the target, the task and what follows for training; `apart` are columns that name photos or objects.

    Raises `SpecimenError` where no column can be a target, or `wanted` is not one.
    """
    if wanted is not None and wanted not in sheet:
        raise SpecimenError(f"--target: no column '{wanted}'. {accepted_hint(wanted, sheet.columns, 'columns')}")
    scores = {name: _score(name, sheet[name]) for name in sheet.columns if name not in apart}
    likely = sorted((name for name, score in scores.items() if score > 0), key=lambda name: -scores[name])
    if wanted is None and not likely:
        hint = accepted_hint("", sheet.columns, "columns")
        raise SpecimenError(f"no column can be learnt: each is empty, constant, or a name. Say which: --target. {hint}")
    target = wanted or likely[0]
    others = [name for name in likely if name != target][:3]
    also = f"; --target takes another: {', '.join(others)}" if others else ""
    named = max((TARGETS.get(word, 0) for word in words(target)), default=0)
    because = "said by you" if wanted else f"its name and its values{also}" if named else f"a guess{also}"
    task = _task(target, sheet[target])
    reasons = [
        Reason("data.target", target, because, doubt=wanted is None and not named),
        Reason("data.task", task, _say_values(sheet[target], task)),
    ]
    return [*reasons, *(_of_numbers(target, sheet[target]) if task == "regression" else _of_classes(sheet[target]))]


def _of_numbers(target: str, cells: pd.Series) -> list[Reason]:
    values = read_numbers(cells).values.dropna()
    unit = unit_of(target)
    negative = int((values < 0).sum())
    # A balance that was not set to zero, or a typing error: such a label is wrong, and the others are amounts.
    positive = not negative or (is_amount(target) and negative <= MOST_NEGATIVE * len(values))
    skewed = positive and _skewness(values[values >= 0]) > SKEWED
    root = "never negative and skewed: else a few large values decide" if skewed else "not skewed, or negative"
    lowest = f"the smallest is {values.min():g}"
    if negative:
        lowest = f"an amount, so {negative} negative labels are rejected" if positive else f"{negative} are negative"
    return [
        Reason("data.unit", unit or None, "the end of the name" if unit else "none in the name", doubt=not unit),
        Reason("prepare.rules.label_out_of_range", {"min": 0} if positive else None, lowest, doubt=bool(negative)),
        Reason("train.target_transform", "sqrt" if skewed else "none", root),
        Reason("evaluate.predictions_plot", "scatter", "numbers"),
    ]


def _skewness(values: pd.Series[float]) -> float:
    deviations = values.to_numpy(np.float64) - values.mean()
    spread = float(np.sqrt((deviations**2).mean()))
    return float((deviations**3).mean()) / spread**3 if spread else 0.0


def _of_classes(cells: pd.Series) -> list[Reason]:
    return classes_reasons(int(to_text(cells).nunique()), int(to_text(cells).value_counts().min()))


def classes_reasons(count: int, smallest: int) -> list[Reason]:
    """Return what follows for a number of classes, of which the smallest has so many photos."""
    plot = "confusion_normalized" if count > 12 else "confusion"
    reasons = [
        Reason("data.unit", None, "classes have none"),
        Reason("prepare.rules.label_out_of_range", None, "classes have no range"),
        Reason("train.target_transform", "none", "classes"),
        Reason("evaluate.predictions_plot", plot, f"{count} classes"),
    ]
    if smallest >= 3:
        return [*reasons, Reason("prepare.rules.small_class", None, f"the smallest class has {smallest} photos")]
    because = f"the smallest class has {smallest}, which cannot be in train, val and test: its numbers mean little"
    return [*reasons, Reason("prepare.rules.small_class", "off", because, doubt=True)]


def _score(name: str, cells: pd.Series) -> float:
    text = to_text(cells)
    distinct = text.nunique()
    if text.notna().mean() < FEWEST_FILLED or distinct < 2:
        return 0.0
    numbers = read_numbers(cells).values[text.notna()]
    is_number = bool(numbers.notna().mean() > 0.9)
    if not is_number and (distinct > MOST_CLASSES or distinct > len(cells) / 2):
        return 0.0
    spoken = words(name)
    score = float(max((TARGETS.get(word, 0) for word in spoken), default=0))
    if score:
        return score + 5 * bool(WHOLE & set(spoken))
    if NO_OBJECTS & set(spoken):
        return 0.1
    return 1.0 if is_number else 0.5


def _task(name: str, cells: pd.Series) -> TaskName:
    text = to_text(cells)
    numbers = read_numbers(cells).values[text.notna()]
    if numbers.notna().mean() <= 0.9:
        return "classification"
    if is_amount(name):
        return "regression"
    few = numbers.nunique() <= FEW_NUMBERS and bool((numbers.dropna() % 1 == 0).all())
    return "classification" if few else "regression"


def _say_values(cells: pd.Series, task: TaskName) -> str:
    if task == "regression":
        values = read_numbers(cells).values.dropna()
        return f"{values.nunique():,} different numbers from {values.min():g} to {values.max():g}"
    return f"{to_text(cells).nunique()} different values"

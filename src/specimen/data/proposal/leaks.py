"""Columns that would give the target away, and that nobody has who has only the photo."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from specimen.common.cells import to_text
from specimen.common.numbers import read_numbers
from specimen.config.base import TaskName
from specimen.data.exploration.summaries import as_numbers
from specimen.data.proposal.reasons import Reason
from specimen.data.proposal.words import KNOWN_BEFORE, UNITS, WHOLE, words

STRONG = 0.6
"""Correlation from which on a column was rather measured with the target than known before."""
NEARLY = 0.95
"""The same for what is known before: age or temperature."""
DETERMINES = 0.98
"""Share of the target's variance that a category decides; a kind of food decides much and is known before."""
TELLS = 0.9
"""Share of the rows whose class a column tells."""
FEWEST = 10
SHOWN = 4


def find_leaks(
    sheet: pd.DataFrame, target: str, task: TaskName, apart: Collection[str], *, photos: bool = True
) -> Reason:
    """Return the columns that were measured along with the target, by their correlation or the words of their names.

    Without `photos` the other columns are all that there is to learn from, so only what nearly is the target counts.
    """
    found: dict[str, str] = {}
    own = set(words(target)) - UNITS - WHOLE
    for name in sheet.columns:
        if name == target or name in apart:
            continue
        known = bool(set(words(name)) & KNOWN_BEFORE)
        shared = sorted(own & set(words(name)))
        strength = _strength(sheet[name], sheet[target], task, STRONG if photos and not known else NEARLY)
        if strength is not None:
            found[name] = strength
        elif shared and to_text(sheet[name]).nunique() > 1:
            found[name] = f"'{shared[0]}' in its name"
    if not found:
        return Reason("data.leaks", None, "no other column is close to the target")
    shown = ", ".join(f"{name} ({why})" for name, why in list(found.items())[:SHOWN])
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Reason("data.leaks", list(found), f"{shown}{more}: refused as features", doubt=True)


def _strength(cells: pd.Series, target: pd.Series, task: TaskName, strong: float) -> str | None:
    """Return in words how closely a column follows the target, None for loosely."""
    numbers = as_numbers(cells)
    if task == "regression":
        wanted = read_numbers(target).values
        if numbers is not None and (numbers.notna() & wanted.notna()).sum() >= FEWEST:
            r = max((_correlation(numbers, wanted, method) for method in ("pearson", "spearman")), key=abs)
            return f"r = {r:.2f}" if abs(r) >= strong else None
        share = _explained(to_text(cells), wanted)
        return f"decides {share:.0%} of the variance" if share >= DETERMINES else None
    wanted_text = to_text(target)
    if numbers is not None and numbers.nunique() > FEWEST:
        share = _explained(wanted_text, numbers)
        return f"the class decides {share:.0%} of its variance" if share >= TELLS else None
    share = _purity(to_text(cells), wanted_text)
    return f"tells the class of {share:.0%} of the rows" if share >= TELLS else None


def _correlation(one: pd.Series, other: pd.Series, method: str) -> float:
    both = pd.concat([one, other], axis=1).dropna()
    if both.iloc[:, 0].nunique() < 2 or both.iloc[:, 1].nunique() < 2:
        return 0.0
    if method == "spearman":
        both = both.rank()
    r = float(np.corrcoef(both.iloc[:, 0], both.iloc[:, 1])[0, 1])
    return 0.0 if np.isnan(r) else r


def _explained(categories: pd.Series, values: pd.Series) -> float:
    """Return the share of the variance between categories, adjusted for their number (adjusted R2)."""
    both = pd.DataFrame({"category": categories, "value": values}).dropna()
    groups = both["category"].nunique()
    rest = len(both) - groups
    spread = float(((both["value"] - both["value"].mean()) ** 2).sum())
    if groups < 2 or rest < FEWEST or not spread:
        return 0.0
    within = float(((both["value"] - both.groupby("category")["value"].transform("mean")) ** 2).sum())
    return 1 - (within / rest) / (spread / (len(both) - 1))


def _purity(cells: pd.Series, classes: pd.Series) -> float:
    """Return the share of the rows whose class the value of a column tells; 0 where it has nearly as many values."""
    both = pd.DataFrame({"cell": cells, "class": classes}).dropna()
    if len(both) < FEWEST or not 2 <= both["cell"].nunique() <= len(both) / 2:
        return 0.0
    largest = both["class"].value_counts(normalize=True).iloc[0]
    right = both.groupby("cell")["class"].agg(lambda group: group.value_counts().iloc[0]).sum() / len(both)
    return float(right) if right > largest + (1 - largest) / 2 else 0.0

"""How often these test groups have been asked before, and what that does to the answers.

A test split that judges one model after the other is worn out by it: one of many equally good models will look better
(C. Dwork et al., "The reusable holdout", Science 349, 2015). Nothing is written down for this: every model that the
base has had is in a `dvc.lock` of its history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from specimen.evaluation.jackknife import Floats
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.ledger import Ledger
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.power import REACH, USUAL
from specimen.reporting.verdict import RevisionPredictions, judge
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock_history import ModelHistory, PastModel

Read = Callable[[PastModel], pd.DataFrame]
"""Returns the predictions of a model of the past. Raises `NotAvailableError`."""


def keep_ledger(
    history: ModelHistory, base_model: str, verdict: Verdict, fresh: Callable[[Sequence[PastModel]], Verdict | None]
) -> Ledger:
    """Return how many models these test groups have judged, and what follows for one more.

    Models count if their test split follows from the same params as that of the base. `fresh` judges the groups that
    the given models have not seen in their test split.
    """
    own = next((model for model in history.models if model.md5 == base_model), None)
    if own is None:
        raise NotAvailableError("the model of the base is not in the history of its dvc.lock")
    alike = [model for model in history.models if model.split == own.split]
    return Ledger(
        models=len(alike),
        complete=history.complete,
        false_better=chance_of_false_better(len(alike)),
        flatters=_flattery(len(alike), verdict),
        fresh=_known(fresh, [model for model in alike if model.prepared != own.prepared]),
    )


def judge_fresh_groups(
    base: RevisionPredictions, head: RevisionPredictions, metric: str, before: Sequence[PastModel], read: Read
) -> Verdict | None:
    """Return the verdict on the groups that no model before the base was tested on; None where there are none.

    Only the newest of the models that had other data is read: splits never move, so that test groups only grow.
    """
    if not before or any("group" not in side.predictions for side in (base, head)):
        return None
    known = set(read(before[0])["group"].astype(str))
    new = [
        replace(side, predictions=side.predictions[~side.predictions["group"].astype(str).isin(known)])
        for side in (base, head)
    ]
    if any(side.predictions.empty for side in new):
        return None
    return judge(new[0], new[1], metric)


def _known(fresh: Callable[[Sequence[PastModel]], Verdict | None], before: Sequence[PastModel]) -> Any:
    try:
        return fresh(before)
    except NotAvailableError as error:
        return NotKnown(reason=str(error))


def chance_of_false_better(judged: int) -> float:
    """Return how likely it is that at least one of so many models is called better than the base, if all are as good.

    All are compared with the same base, so that a base which had bad luck makes many look better: the models' luck is
    normal, and a model is called better if it is `REACH` standard deviations of a difference above that of the base.
    """
    luck, weight = _normal_grid()
    none = ndtr(REACH * np.sqrt(2) - luck) ** judged
    return float(1 - weight @ none)


def best_luck(models: int) -> float:
    """Return how many standard deviations the best of so many equally good models is expected to be lucky."""
    luck, weight = _normal_grid()
    return float(models * (weight @ (luck * ndtr(luck) ** (models - 1))))


def _normal_grid() -> tuple[Floats, Floats]:
    """Return normal numbers and their probabilities."""
    luck = np.linspace(-8, 8, 3201)
    weight = np.exp(-(luck**2) / 2)
    return luck, weight / weight.sum()


def _flattery(models: int, verdict: Verdict) -> float | None:
    """Return by which share of the metric the best of so many models looks better than it is; None if not known."""
    power = verdict.power
    if power is None or models < 2 or not verdict.before > 0:
        return None
    change = power.change if power.relative else power.change / verdict.before
    own = change / (REACH + USUAL) / np.sqrt(2)  # the luck of one model: that of a difference is that of two
    return float(best_luck(models) * own)

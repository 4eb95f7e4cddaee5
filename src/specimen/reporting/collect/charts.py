"""The numbers of the charts: the curves of both trainings, and where the predictions changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import pandas as pd

from specimen.models.predictions import PREDICTION
from specimen.reporting import shared_samples
from specimen.reporting.facts.base import MOST_ROWS, NotKnown
from specimen.reporting.facts.charts import ChartFacts, ClassScore, ClassScores, Curve, TenthMeans
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import NotComparableError
from specimen.versioning.errors import NotAvailableError


def collect_charts(base: RevisionOutputs, head: RevisionOutputs, shared: Future[SharedPredictions]) -> ChartFacts:
    """Return the curves of both trainings, and a chart of the predictions where both share samples.

    Raises `NotAvailableError` where the head has no history.
    """
    head_history = head.history.result()
    try:
        base_history = base.history.result()
    except NotAvailableError:
        base_history = None
    base_columns = {} if base_history is None else _val_columns(base_history)
    curves = tuple(
        Curve(column=column, base=base_columns.get(column, ()), head=values)
        for column, values in _val_columns(head_history).items()
    )
    return ChartFacts(
        curves=curves,
        base_epochs=None if base_history is None else len(base_history),
        head_epochs=len(head_history),
        predictions=_predictions(shared),
    )


def _val_columns(history: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    columns = [name for name in history if str(name).startswith("val_")]
    return {str(name): tuple(history[name].astype(float).tolist()[:MOST_ROWS]) for name in columns}


def _predictions(shared: Future[SharedPredictions]) -> TenthMeans | ClassScores | NotKnown:
    try:
        samples = shared.result()
    except (NotAvailableError, NotComparableError) as error:
        return NotKnown(reason=str(error))
    return _CHARTS[samples.task](samples)


def _tenths(samples: SharedPredictions) -> TenthMeans:
    means = shared_samples.by_decile(samples.pairs)
    return TenthMeans(
        unit=samples.unit,
        target=tuple(means["target"]),
        base=tuple(means[PREDICTION + shared_samples.BASE]),
        head=tuple(means[PREDICTION]),
    )


def _class_scores(samples: SharedPredictions) -> ClassScores:
    scores = shared_samples.f1_by_class(samples.pairs)
    rows = tuple(
        ClassScore(name=str(name), before=row["before"], after=row["after"])
        for name, row in scores.head(MOST_ROWS).iterrows()
    )
    return ClassScores(rows=rows, total=len(scores))


_CHARTS: dict[str, Callable[[SharedPredictions], TenthMeans | ClassScores]] = {
    "regression": _tenths,
    "classification": _class_scores,
}

"""What is behind a verdict: the curves of both trainings, and where the predictions changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

import pandas as pd

from specimen.models.predictions import PREDICTION
from specimen.reporting import mermaid, shared_samples
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose
from specimen.reporting.mermaid import BASE, HEAD, LEGEND, TRUE
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import NotComparableError
from specimen.versioning.errors import NotAvailableError

MOST_CLASSES = 10


def charts_section(base: RevisionOutputs, head: RevisionOutputs, shared: Future[SharedPredictions]) -> Section:
    """Return the curves of both trainings, and a chart of the predictions where both share samples.

    Raises `NotAvailableError` where the head has no history.
    """
    curves = _curves(base, head.history.result())
    try:
        samples = shared.result()
    except (NotAvailableError, NotComparableError) as error:
        return Section("Charts", paragraphs(curves, f"No chart of predictions: {prose(error)}."))
    chart = _CHARTS[samples.task](samples)
    return Section("Charts", paragraphs(curves, chart), _FOLDS[samples.task](samples))


def _curves(base: RevisionOutputs, head_history: pd.DataFrame) -> str:
    """Draw what training measured on val by epoch: the loss, and the metric that chose the epoch."""
    try:
        base_history = base.history.result()
    except NotAvailableError:
        return paragraphs(*(_curve(column, [], values) for column, values in _val_columns(head_history).items()))
    base_columns = _val_columns(base_history)
    charts = [
        _curve(column, base_columns.get(column, []), values) for column, values in _val_columns(head_history).items()
    ]
    legend = f"{LEGEND[BASE].capitalize()}: base, {LEGEND[HEAD]}: this, which covers the base where both are equal."
    return paragraphs(*charts, legend + _lengths(len(base_history), len(head_history)))


def _val_columns(history: pd.DataFrame) -> dict[str, list[float]]:
    return {str(name): history[name].tolist() for name in history if str(name).startswith("val_")}


def _curve(column: str, base: list[float], head: list[float]) -> str:
    series = [("line", BASE, base)] if base else []
    series.append(("line", HEAD, head))
    epochs = range(1, max(len(base), len(head)) + 1)
    return mermaid.chart(f"{column} by epoch", ("epoch", epochs), column, series)


def _lengths(base: int, head: int) -> str:
    if base == head:
        return ""
    return f" The base ran {base} epochs, this {head}; the shorter one is drawn level after its end."


def _deciles(samples: SharedPredictions) -> str:
    means = shared_samples.by_decile(samples.pairs)
    colours = {"target": TRUE, PREDICTION + shared_samples.BASE: BASE, PREDICTION: HEAD}
    series = [("line", colour, means[name].tolist()) for name, colour in colours.items()]
    axis = ("tenth, by true value", range(1, len(means) + 1))
    title = "Predicted against true, by tenths of the shared test samples"
    legend = f"{LEGEND[TRUE].capitalize()}: true, {LEGEND[BASE]}: predicted by the base, {LEGEND[HEAD]}: by this."
    return paragraphs(mermaid.chart(title, axis, f"mean, {samples.unit}" if samples.unit else "mean", series), legend)


def _class_scores(samples: SharedPredictions) -> str:
    """Draw what both reach in grey, and above it what was gained or lost: Mermaid has no bars that go below 0."""
    scores = shared_samples.f1_by_class(samples.pairs)
    shown = scores.head(MOST_CLASSES)
    before = shown["before"]
    after = shown["after"]
    series = [
        ("bar", HEAD, after.where(after > before, 0.0).tolist()),
        ("bar", TRUE, before.where(before > after, 0.0).tolist()),
        ("bar", BASE, shown[["before", "after"]].min(axis=1).tolist()),
    ]
    chart = mermaid.chart("F1 by class, largest change first", ("class", list(shown.index)), "F1", series)
    legend = f"{LEGEND[BASE].capitalize()}: reached by both, {LEGEND[HEAD]}: gained, {LEGEND[TRUE]}: lost."
    more = f" These are {len(shown)} of {len(scores)} classes." if len(shown) < len(scores) else ""
    return paragraphs(chart, legend + more)


def _all_class_scores(samples: SharedPredictions) -> list[Fold]:
    """Return the F1 of every class by its full name."""
    rows = [
        (code(name), number(float(row["before"])), number(float(row["after"])), f"{row['change']:+.3f}")
        for name, row in shared_samples.f1_by_class(samples.pairs).iterrows()
    ]
    return [Fold(f"F1 of all {len(rows)} classes", ("class", "base", "this", "change"), rows)]


_CHARTS: dict[str, Callable[[SharedPredictions], str]] = {"regression": _deciles, "classification": _class_scores}
_FOLDS: dict[str, Callable[[SharedPredictions], list[Fold]]] = {
    "regression": lambda _: [],
    "classification": _all_class_scores,
}

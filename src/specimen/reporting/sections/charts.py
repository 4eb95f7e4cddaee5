"""What stands behind a verdict: curves, predictions and the samples whose error changed most."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from specimen.models.predictions import PREDICTION
from specimen.reporting import mermaid, shared_samples
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, code, paragraphs
from specimen.reporting.mermaid import BASE, HEAD, LEGEND, TRUE

MOST_CLASSES = 10


def curves(base: pd.DataFrame | None, head: pd.DataFrame) -> str:
    """Return the val curves of both trainings: the loss, and the metric that chose the epoch."""
    shown = []
    for column in [name for name in head if str(name).startswith("val_")]:
        lines = [("line", BASE, base[column].tolist())] if base is not None and column in base else []
        lines.append(("line", HEAD, head[column].tolist()))
        epochs = range(1, max(len(values) for *_, values in lines) + 1)
        shown.append(mermaid.chart(f"{column} by epoch", ("epoch", epochs), str(column), lines))
    level = ""
    if base is not None and len(base) != len(head):
        level = f" The base ran {len(base)} epochs, this {len(head)}; the shorter one is drawn level after its end."
    legend = (
        f"{LEGEND[BASE].capitalize()}: base, {LEGEND[HEAD]}: this, which covers the base where both are equal.{level}"
    )
    return paragraphs(*shown, legend if base is not None else "")


def predictions_chart(shared: pd.DataFrame, task: str, unit: str) -> str:
    """Return the chart that shows where the predictions of both changed."""
    return _CHARTS[task](shared, unit)


def _deciles(shared: pd.DataFrame, unit: str) -> str:
    means = shared_samples.by_decile(shared)
    names = {"target": TRUE, PREDICTION + shared_samples.BASE: BASE, PREDICTION: HEAD}
    series = [("line", colour, means[name].tolist()) for name, colour in names.items()]
    axis = ("tenth, by true value", range(1, len(means) + 1))
    title = "Predicted against true, by tenths of the shared test samples"
    legend = f"{LEGEND[TRUE].capitalize()}: true, {LEGEND[BASE]}: predicted by the base, {LEGEND[HEAD]}: by this."
    return paragraphs(mermaid.chart(title, axis, f"mean, {unit}" if unit else "mean", series), legend)


def _class_scores(shared: pd.DataFrame, _unit: str) -> str:
    """Draw what both reach in grey, and above it what was gained or lost: Mermaid has no bars that go below 0."""
    scores = shared_samples.f1_by_class(shared)
    shown = scores.head(MOST_CLASSES)
    before, after = shown["before"], shown["after"]
    series = [("bar", HEAD, after.where(after > before, 0.0).tolist()),
              ("bar", TRUE, before.where(before > after, 0.0).tolist()),
              ("bar", BASE, shown[["before", "after"]].min(axis=1).tolist())]  # fmt: skip
    chart = mermaid.chart("F1 by class, largest change first", ("class", list(shown.index)), "F1", series)
    legend = f"{LEGEND[BASE].capitalize()}: reached by both, {LEGEND[HEAD]}: gained, {LEGEND[TRUE]}: lost."
    more = f" These are {len(shown)} of {len(scores)} classes." if len(shown) < len(scores) else ""
    return paragraphs(chart, legend + more)


_CHARTS: dict[str, Callable[[pd.DataFrame, str], str]] = {"regression": _deciles, "classification": _class_scores}


def class_folds(shared: pd.DataFrame, task: str) -> list[Fold]:
    """Return the F1 of every class by its full name; numbers have none."""
    return _FOLDS[task](shared)


def _f1_fold(shared: pd.DataFrame) -> list[Fold]:
    scores = shared_samples.f1_by_class(shared)
    rows = [(code(name), number(float(row["before"])), number(float(row["after"])), f"{row['change']:+.3f}")
            for name, row in scores.iterrows()]  # fmt: skip
    return [Fold(f"F1 of all {len(rows)} classes", ("class", "base", "this", "change"), rows)]


_FOLDS: dict[str, Callable[[pd.DataFrame], list[Fold]]] = {
    "regression": lambda _shared: [],
    "classification": _f1_fold,
}

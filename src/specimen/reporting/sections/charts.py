"""What is behind a verdict: the curves of both trainings, and where the predictions changed."""

from __future__ import annotations

from specimen.reporting import mermaid
from specimen.reporting.facts.charts import ChartFacts, ClassScores, Curve, TenthMeans
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose
from specimen.reporting.mermaid import BASE, HEAD, LEGEND, TRUE

TITLE = "Charts"
MOST_CLASSES = 10
MOST_CURVES = 5
CHART_WIDTH = 80
"""Characters next to each other below a chart; longer names would overlap."""


def charts_section(charts: ChartFacts) -> Section:
    """Return the curves of both trainings, and a chart of the predictions where both share samples."""
    curves = paragraphs(*map(_curve, charts.curves[:MOST_CURVES]), _legend(charts))
    predictions = charts.predictions
    if isinstance(predictions, TenthMeans):
        return Section(TITLE, paragraphs(curves, _tenths(predictions)))
    if isinstance(predictions, ClassScores):
        return Section(TITLE, paragraphs(curves, _class_scores(predictions)), [_all_class_scores(predictions)])
    return Section(TITLE, paragraphs(curves, f"No chart of predictions: {prose(predictions.reason)}."))


def _curve(curve: Curve) -> str:
    """Draw what training measured on val by epoch: the loss, or the metric that chose the epoch."""
    if max(len(curve.base), len(curve.head)) < 2:  # a line of one point shows nothing
        ends = zip(("base", "this"), (curve.base, curve.head), strict=True)
        values = ", ".join(f"{number(values[0])} ({name})" for name, values in ends if values)
        return f"{code(curve.column)} after the only epoch: {values}." if values else ""
    series = [("line", BASE, curve.base)] if curve.base else []
    series.append(("line", HEAD, curve.head))
    epochs = range(1, max(len(curve.base), len(curve.head)) + 1)
    return mermaid.chart(f"{curve.column} by epoch", ("epoch", epochs), curve.column, series)


def _legend(charts: ChartFacts) -> str:
    if charts.base_epochs is None:
        return ""
    legend = f"{LEGEND[BASE].capitalize()}: base, {LEGEND[HEAD]}: this, which covers the base where both are equal."
    if charts.base_epochs == charts.head_epochs:
        return legend
    lengths = f"The base ran {number(charts.base_epochs)} epochs, this {number(charts.head_epochs)}"
    return f"{legend} {lengths}; the shorter one is drawn level after its end."


def _tenths(means: TenthMeans) -> str:
    series = [("line", TRUE, means.target), ("line", BASE, means.base), ("line", HEAD, means.head)]
    axis = ("tenth, by true value", range(1, len(means.target) + 1))
    title = "Predicted against true, by tenths of the shared test samples"
    legend = f"{LEGEND[TRUE].capitalize()}: true, {LEGEND[BASE]}: predicted by the base, {LEGEND[HEAD]}: by this."
    return paragraphs(mermaid.chart(title, axis, f"mean, {means.unit}" if means.unit else "mean", series), legend)


def _class_scores(scores: ClassScores) -> str:
    """Draw what both reach in grey, and above it what was gained or lost: Mermaid has no bars that go below 0."""
    shown = scores.rows[:MOST_CLASSES]
    series = [
        ("bar", HEAD, [row.after if row.after > row.before else 0.0 for row in shown]),
        ("bar", TRUE, [row.before if row.before > row.after else 0.0 for row in shown]),
        ("bar", BASE, [min(row.before, row.after) for row in shown]),
    ]
    fits = all(len(mermaid.plain(row.name)) <= CHART_WIDTH // max(1, len(shown)) for row in shown)
    axis = ("class", [row.name if fits else str(place) for place, row in enumerate(shown, 1)])
    chart = mermaid.chart("F1 by class, largest change first", axis, "F1", series)
    legend = f"{LEGEND[BASE].capitalize()}: reached by both, {LEGEND[HEAD]}: gained, {LEGEND[TRUE]}: lost."
    more = f" These are {len(shown)} of {number(scores.total)} classes." if len(shown) < scores.total else ""
    names = "" if fits else ", ".join(f"{place} {code(row.name)}" for place, row in enumerate(shown, 1)) + "."
    return paragraphs(chart, legend + more, names)


def _all_class_scores(scores: ClassScores) -> Fold:
    """Return the F1 of every class by its full name."""
    rows = [
        (code(row.name), number(row.before), number(row.after), f"{row.after - row.before:+.3f}") for row in scores.rows
    ]
    return Fold(f"F1 of all {number(scores.total)} classes", ("class", "base", "this", "change"), rows)

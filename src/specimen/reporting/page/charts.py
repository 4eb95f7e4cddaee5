"""The plots of both revisions laid over each other, as specifications of Vega-Lite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from specimen.models.predictions import PREDICTION
from specimen.reporting.collect.samples import sample_name
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.charts import ChartFacts, ClassScores, Curve
from specimen.reporting.markdown import visible
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.revision_tables import read_table
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.reporting.shared_samples import BASE
from specimen.versioning.errors import NotAvailableError

MOST_POINTS = 2000
"""Samples in a chart, spread evenly over the targets."""
MOST_BARS = 20
COLOURS = {"domain": ["base", "this"], "range": ["#d55e00", "#0072b2"]}
"""Of Okabe and Ito: told apart by colour-blind people, on white and on black."""

Spec = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A title, and what Vega-Lite draws below it."""

    title: str
    spec: Spec


def curve_charts(charts: ChartFacts | NotKnown) -> list[Chart]:
    """Return what both trainings measured on val by epoch."""
    return [] if isinstance(charts, NotKnown) else [_curve(curve) for curve in charts.curves]


def _curve(curve: Curve) -> Chart:
    rows = [
        {"epoch": epoch, "value": value, "revision": revision}
        for revision, values in (("base", curve.base), ("this", curve.head))
        for epoch, value in enumerate(values, 1)
    ]
    encoding = {
        "x": _number("epoch") | {"axis": {"tickMinStep": 1}},
        "y": _number("value", title=curve.column, zero=False),
    }
    return Chart(f"{curve.column} by epoch", _by_revision(rows, {"type": "line", "point": True}, encoding))


def prediction_charts(shared: SharedPredictions) -> list[Chart]:
    """Return predicted against true, of numbers."""
    if shared.task != "regression":
        return []
    pairs = shared.pairs.sort_values("target", kind="stable")
    pairs = pairs.iloc[:: -(-len(pairs) // MOST_POINTS)]
    rows = [
        {"sample": sample_name(row), "true": row["target"], "predicted": row[PREDICTION + suffix], "revision": revision}
        for revision, suffix in (("base", BASE), ("this", ""))
        for _, row in pairs.iterrows()
    ]
    unit = f" ({shared.unit})" if shared.unit else ""
    encoding = {"x": _number("true", title=f"true{unit}"), "y": _number("predicted", title=f"predicted{unit}")}
    points = _by_revision(
        rows, {"type": "point", "filled": True, "size": 40}, encoding, ["sample", "true", "predicted"]
    )
    ends = [(end, end) for end in (float(pairs["target"].min()), float(pairs["target"].max()))]
    return [Chart("Predicted against true, shared test samples", _with_line(points, ends, "true", "predicted"))]


def class_charts(charts: ChartFacts | NotKnown) -> list[Chart]:
    """Return F1 of the classes that changed most."""
    if isinstance(charts, NotKnown) or not isinstance(charts.predictions, ClassScores):
        return []
    scores = charts.predictions
    shown = scores.rows[:MOST_BARS]
    rows = [
        {"class": row.name, "F1": value, "revision": revision}
        for row in shown
        for revision, value in (("base", row.before), ("this", row.after))
    ]
    encoding = {"x": _number("F1", domain=[0, 1]), "y": _name("class", [row.name for row in shown])}
    more = f" ({len(shown)} of {scores.total:,})" if len(shown) < scores.total else ""
    spec = _by_revision(rows, _POINT, encoding) | _rows_high(len(shown))
    return [Chart(f"F1 by class, largest change first{more}", spec)]


def table_charts(base: RevisionOutputs, head: RevisionOutputs) -> list[Chart]:
    """Return what evaluate writes to plots/tables, of both revisions: errors, calibration and groups."""
    both = (("base", base), ("this", head))
    errors = _rows("errors", both, ["share", "error"])
    calibration = _rows("calibration", both, ["at", "expected", "measured"])
    by = _rows("by", both, ["group", "score"])
    charts = []
    if errors:
        encoding = {"x": _number("share", title="share of the test split"), "y": _number("error")}
        charts.append(Chart("Error below which a share of the test split stays", _by_revision(errors, _LINE, encoding)))
    if calibration:
        encoding = {"x": _number("at", title="prediction or confidence", zero=False), "y": _number("measured")}
        promised = sorted((row["at"], row["expected"]) for row in calibration)
        spec = _with_line(_by_revision(calibration, _POINT, encoding), promised, "at", "measured")
        charts.append(Chart("Measured share, and the promised one as a line", spec))
    if by:
        groups = list(dict.fromkeys(row["group"] for row in by))
        encoding = {"x": _number("score", title="metric"), "y": _name("group", groups)}
        charts.append(Chart("Metric by group", _by_revision(by, _POINT, encoding) | _rows_high(len(groups))))
    return charts


_BOTH_ENDS = "length(datum.label) > 28 ? slice(datum.label, 0, 13) + '\u2026' + slice(datum.label, -14) : datum.label"
"""Long names of classes often begin alike."""
_LINE: Spec = {"type": "line"}
_WIDTH: Spec = {"condition": {"test": "datum.revision === 'base'", "value": 5}, "value": 2}
"""Of lines: where two are the same, both are seen."""
_POINT: Spec = {"type": "point", "filled": True, "size": 70}


def _rows(name: str, both: Sequence[tuple[str, RevisionOutputs]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a table of both revisions; those of a revision that has none are left out."""
    tables = []
    for revision, outputs in both:
        try:
            table = read_table(outputs.revision.result(), f"plots/tables/{name}.csv")
        except NotAvailableError:
            continue
        if {*columns} <= {*table}:
            tables.append(table[[*columns]].dropna().head(MOST_POINTS).assign(revision=revision))
    shown = pd.concat(tables) if tables else pd.DataFrame()
    return [{str(name): value for name, value in row.items()} for row in shown.to_dict("records")]


def _by_revision(rows: Sequence[dict[str, Any]], mark: Spec, encoding: Spec, tooltip: Sequence[str] = ()) -> Spec:
    """Return a chart in which a click on the legend picks a revision."""
    shown = [*(tooltip or (channel["field"] for channel in encoding.values())), "revision"]
    colour = {"field": "revision", "type": "nominal", "scale": COLOURS, "legend": {"title": None, "orient": "top"}}
    picked = {"condition": {"param": "picked", "value": 0.8, "empty": True}, "value": 0.08}
    lines = {"strokeWidth": _WIDTH} if mark["type"] == "line" else {}
    return {
        "data": {"values": [{name: _plain(value) for name, value in row.items()} for row in rows]},
        "mark": mark,
        "params": [{"name": "picked", "select": {"type": "point", "fields": ["revision"]}, "bind": "legend"}],
        "encoding": {
            **encoding,
            **lines,
            "color": colour,
            "opacity": picked,
            "tooltip": [{"field": _field(name), "title": name} for name in shown],
        },
    }


def _plain(value: Any) -> Any:
    """Return a value that JSON knows; null, which Vega-Lite leaves out, in place of numbers that are not finite.

    Signs in text that nobody sees, or that turn the direction of what follows, are spelled out.
    """
    if isinstance(value, str):
        return "".join(map(visible, value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _with_line(chart: Spec, points: Sequence[tuple[float, float]], x: str, y: str) -> Spec:
    """Return a chart with a grey line through points."""
    line = {
        "data": {"values": [{x: one, y: other} for one, other in points]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": "#888"},
        "encoding": {channel: chart["encoding"][channel] for channel in ("x", "y")},
    }
    return {"layer": [line, chart]}


def _number(name: str, title: str | None = None, **scale: Any) -> Spec:
    return {"field": _field(name), "type": "quantitative", "title": title or name, "scale": scale}


def _name(name: str, order: Sequence[str]) -> Spec:
    axis = {"labelExpr": _BOTH_ENDS, "labelLimit": 200, "title": None, "grid": True}
    return {"field": _field(name), "type": "nominal", "sort": [_plain(one) for one in order], "axis": axis}


def _rows_high(count: int) -> Spec:
    """Return the height of a chart with a row for each name, together with its axis and legend."""
    return {"height": 75 + 20 * count}


def _field(name: str) -> str:
    """Return the name of a column as Vega-Lite reads it, for which `.` and `[` lead into objects."""
    return name.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[").replace("]", "\\]")

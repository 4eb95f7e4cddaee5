"""The charts of the page are what Vega-Lite accepts, and hold both revisions."""

import json
import re
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
import vl_convert
from report_facts import FACTS

from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.charts import ChartFacts, ClassScore, ClassScores
from specimen.reporting.page import charts
from specimen.reporting.revision_outputs import RevisionOutputs
from specimen.reporting.shared_predictions import SharedPredictions
from specimen.versioning.errors import NotFoundError


def drawn(chart: charts.Chart) -> str:
    return str(vl_convert.vegalite_to_svg(json.dumps(chart.spec | {"width": 300})))


def predicted(count: int) -> SharedPredictions:
    values = [float(place) for place in range(count)]
    names = [f"photo_{place}.jpg" for place in range(count)]
    columns = {"image": names, "target": values, "prediction": values, "prediction (base)": values[::-1]}
    return SharedPredictions(pd.DataFrame(columns), "regression", "g")


def values_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["layer"][1]["data"]["values"] if "layer" in spec else spec["data"]["values"]
    return found


def test_curves_have_both_revisions_and_their_own_lengths() -> None:
    (chart,) = charts.curve_charts(FACTS.charts)
    rows = values_of(chart.spec)
    assert [row["revision"] for row in rows] == ["base", "base", "this", "this", "this"]
    assert rows[-1] == {"epoch": 3, "value": 0.25, "revision": "this"}
    assert "val_loss" in drawn(chart)


def test_predictions_of_both_are_drawn_over_the_line_where_they_are_right() -> None:
    (chart,) = charts.prediction_charts(predicted(5))
    assert len(values_of(chart.spec)) == 10
    assert drawn(chart).count("photo_") >= 10
    assert "predicted (g)" in drawn(chart)


def test_of_many_predictions_some_are_drawn_evenly() -> None:
    (chart,) = charts.prediction_charts(predicted(10_001))
    rows = values_of(chart.spec)
    assert 1000 < len(rows) / 2 <= charts.MOST_POINTS
    assert rows[0]["true"] == 0
    assert rows[-1]["true"] >= 9990


def test_classes_that_changed_most_come_first_and_odd_names_are_names() -> None:
    names = ["a.b[0]", "</script>", "größe", *(f"c{place}" for place in range(40))]
    scores = ClassScores(rows=tuple(ClassScore(name=name, before=0.5, after=0.25) for name in names), total=len(names))
    facts = ChartFacts(curves=(), base_epochs=1, head_epochs=1, predictions=scores)
    (chart,) = charts.class_charts(facts)
    assert chart.title == "F1 by class, largest change first (20 of 43)"
    assert [row["class"] for row in values_of(chart.spec)][:6:2] == names[:3]
    assert "a.b[0]" in drawn(chart)


def test_names_of_classes_cannot_turn_their_direction_and_long_ones_keep_both_ends() -> None:
    names = ["\u202eevil", "Cherry_(including_sour)___healthy", "Cherry_(including_sour)___Powdery_mildew"]
    scores = ClassScores(rows=tuple(ClassScore(name=name, before=0.5, after=0.25) for name in names), total=len(names))
    (chart,) = charts.class_charts(ChartFacts(curves=(), base_epochs=1, head_epochs=1, predictions=scores))
    assert "\u202e" not in json.dumps(chart.spec, ensure_ascii=False)
    assert re.findall(r">([^<>]*(?:evil|healthy|mildew))</text>", drawn(chart)) == [
        "\\u202eevil", "Cherry_(inclu…our)___healthy", "Cherry_(inclu…Powdery_mildew"
    ]  # fmt: skip


def test_of_two_curves_that_are_the_same_both_are_seen() -> None:
    (chart,) = charts.curve_charts(FACTS.charts)
    assert len(set(re.findall(r'aria-roledescription="line mark"[^>]*stroke-width="(\d)"', drawn(chart)))) == 2


def revision(tables: dict[str, str]) -> RevisionOutputs:
    """A revision that has these files."""

    def read(path: str) -> bytes:
        if path not in tables:
            raise NotFoundError(path)
        return tables[path].encode()

    known: Future[Any] = Future()
    known.set_result(SimpleNamespace(label="a", read=read))
    return cast(RevisionOutputs, SimpleNamespace(revision=known))


def test_tables_of_both_revisions_are_laid_over_each_other() -> None:
    tables = {
        "plots/tables/errors.csv": "share,error\n0,0\n1,2\n",
        "plots/tables/calibration.csv": "at,expected,measured\n0.1,0.9,1.0\n0.2,0.9,0.8\n",
        "plots/tables/by.csv": "group,score\nage: 7,0.5\n",
    }
    errors, calibration, by = charts.table_charts(revision(tables), revision(tables))
    assert [row["revision"] for row in values_of(errors.spec)] == ["base", "base", "this", "this"]
    line, points = calibration.spec["layer"]
    assert [(row["at"], row["measured"]) for row in points["data"]["values"][:2]] == [(0.1, 1.0), (0.2, 0.8)]
    assert {row["measured"] for row in line["data"]["values"]} == {0.9}, "what was promised"
    assert all("<svg" in drawn(chart) for chart in (errors, calibration, by))
    (alone,) = charts.table_charts(revision({}), revision({"plots/tables/errors.csv": "share,error\n0,0\n1,2\n"}))
    assert {row["revision"] for row in values_of(alone.spec)} == {"this"}


@pytest.mark.parametrize("draw", [charts.curve_charts, charts.class_charts])
def test_nothing_is_drawn_of_what_is_not_known(draw: Any) -> None:
    assert draw(NotKnown(reason="no history")) == []

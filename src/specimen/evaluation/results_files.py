"""The two files that hold what the test split says about a model.

`metrics/test.json` has the plain numbers, so that `dvc metrics diff` shows them; `metrics/details.json` has what is
nested: intervals, groups, classes, baselines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from specimen.common.errors import SpecimenError
from specimen.evaluation.results import (
    Attention,
    Baselines,
    Bounds,
    ClassScores,
    Difference,
    ForestScores,
    Intervals,
    Numbers,
    Results,
    Scores,
)

Json = dict[str, Any]

ATTENTION = {f"attention_{field.name}": field.name for field in fields(Attention)}
"""Fields by their names in `test.json`."""


def metrics_json(results: Results) -> dict[str, float]:
    """Return the content of `metrics/test.json`."""
    return {**results.scores.metrics, **_counts(results.scores), **results.extra_numbers()}


def details_json(results: Results) -> Json:
    """Return the content of `metrics/details.json`."""
    details: Json = {"interval": _intervals(results.scores.intervals)}
    if results.by:
        details["by"] = {
            column: {value: _scores(scores) for value, scores in by_value.items()}
            for column, by_value in results.by.items()
        }
    if results.per_class:
        details["per_class"] = {name: _defined(asdict(scores)) for name, scores in results.per_class.items()}
    details["baseline"] = _baselines(results.baselines)
    return details


def _counts(scores: Scores) -> dict[str, int]:
    return {"samples": scores.samples, "groups": scores.groups}


def _intervals(intervals: Intervals) -> Json:
    return {name: asdict(bounds) for name, bounds in intervals.items()}


def _scores(scores: Scores) -> Json:
    return {**scores.metrics, **_counts(scores), "interval": _intervals(scores.intervals)}


def _defined(values: Json) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _baselines(baselines: Baselines) -> Json:
    content: Json = {baselines.guess_name: dict(baselines.guess)}
    forest = baselines.forest
    if forest is not None:
        difference = {
            name: {"value": difference.value} | (asdict(difference.bounds) if difference.bounds else {})
            for name, difference in forest.difference.items()
        }
        content["forest"] = {**forest.metrics, "interval": _intervals(forest.intervals), "difference": difference}
    return content


def read_results(test: Path, details: Path) -> Results:
    """Read what evaluate has written. Raises `SpecimenError` where a file is missing, damaged or of another version."""
    numbers = _read_json(test)
    nested = _read_json(details)
    try:
        return Results(
            scores=_read_scores({**numbers, "interval": nested.get("interval", {})}),
            by={
                column: {value: _read_scores(scores) for value, scores in by_value.items()}
                for column, by_value in nested.get("by", {}).items()
            },
            per_class={
                name: ClassScores(scores.get("precision"), scores.get("recall"), scores.get("f1"), scores["support"])
                for name, scores in nested.get("per_class", {}).items()
            },
            unlike=numbers.get("unlike"),
            attention=_read_attention(numbers),
            baselines=_read_baselines(nested["baseline"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise SpecimenError(
            f"{test} and {details} are not what this version of Specimen writes ({type(error).__name__}: {error}). "
            "`dvc repro` makes them again."
        ) from error


def read_numbers(path: Path) -> dict[str, float]:
    """Return the plain numbers of a `test.json`, without counts. Raises `SpecimenError` where it cannot be read."""
    return {name: value for name, value in _read_json(path).items() if isinstance(value, float)}


def _read_json(path: Path) -> Json:
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecimenError(f"{path} is not there yet; `dvc repro` makes it.") from None
    except ValueError as error:  # such as the marks of a merge conflict
        raise SpecimenError(f"{path} is not valid JSON ({error}); `dvc repro` makes it again.") from error
    return content


def _read_scores(content: Json) -> Scores:
    return Scores(
        metrics=_metrics(content, without=("unlike", *ATTENTION)),
        samples=content["samples"],
        groups=content["groups"],
        intervals=_read_intervals(content),
    )


def _metrics(content: Mapping[str, Any], without: tuple[str, ...] = ()) -> Numbers:
    return {name: value for name, value in content.items() if isinstance(value, float) and name not in without}


def _read_intervals(content: Json) -> Intervals:
    return {name: Bounds(ends["low"], ends["high"]) for name, ends in content["interval"].items()}


def _read_attention(numbers: Json) -> Attention | None:
    if "attention_inside" not in numbers:
        return None
    known = {field: numbers[name] for name, field in ATTENTION.items() if name in numbers}
    return Attention(**known)


def _read_baselines(content: Json) -> Baselines:
    guess_name = next((name for name in content if name != "forest"), "")
    return Baselines(guess_name, content.get(guess_name, {}), _read_forest(content.get("forest")))


def _read_forest(content: Json | None) -> ForestScores | None:
    if content is None:
        return None
    difference = {
        name: Difference(values["value"], Bounds(values["low"], values["high"]) if "low" in values else None)
        for name, values in content["difference"].items()
    }
    return ForestScores(_metrics(content), _read_intervals({"interval": {}} | content), difference)

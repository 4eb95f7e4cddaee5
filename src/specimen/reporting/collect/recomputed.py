"""Metrics computed again from the predictions, with the code of this checkout: do the files say the same?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from specimen.evaluation.class_measures import measure_classes
from specimen.evaluation.number_measures import measure_numbers
from specimen.models.predictions import UNLIKE, class_names_of
from specimen.reporting.facts.reproducibility import Recomputed
from specimen.reporting.revision_outputs import DATA_METRICS, METRICS, RevisionOutputs
from specimen.reporting.verdict import RevisionPredictions
from specimen.versioning.errors import NotFoundError

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""Metrics are written with 6 significant digits; a bias near zero keeps fewer when predictions are read back."""


def recompute_metrics(outputs: RevisionOutputs) -> tuple[Recomputed, ...]:
    """Return the numbers in `metrics/test.json` and `metrics/data.json` that are not what the tables give.

    Raises `NotAvailableError` where predictions, samples or metrics cannot be read.
    """
    given = _test_metrics(outputs.predictions.result())
    wrong = _differing(METRICS, outputs.metrics.result(), given)
    try:
        written = outputs.data_metrics.result()
    except NotFoundError:
        return wrong  # which another answer names
    counts = {"kept": len(outputs.samples.result()), "rejected": len(outputs.rejected.result())}
    rejected = written.get("rejected")
    if isinstance(rejected, dict):
        written = {**written, "rejected": sum(rejected.values())}
    return (*wrong, *_differing(DATA_METRICS, written, counts))


def _test_metrics(subject: RevisionPredictions) -> dict[str, float]:
    predictions = subject.predictions
    if subject.task == "classification":
        measure = measure_classes(predictions, class_names_of(predictions))
    else:
        measure = measure_numbers(predictions)
    measured = measure(np.ones((1, len(predictions))))
    numbers = {name: float(values[0]) for name, values in measured.items()}
    numbers["samples"] = len(predictions)
    if "group" in predictions:
        numbers["groups"] = predictions["group"].nunique()
    if UNLIKE in predictions:
        numbers["unlike"] = float(predictions[UNLIKE].mean())
    return numbers


def _differing(file: str, written: Mapping[str, Any], given: Mapping[str, float]) -> tuple[Recomputed, ...]:
    return tuple(
        Recomputed(file=file, key=key, written=written[key], computed=value)
        for key, value in given.items()
        if key in written and not _same(written[key], value)
    )


def _same(written: object, computed: float) -> bool:
    if isinstance(written, bool) or not isinstance(written, (int, float)):
        return False
    return math.isclose(written, computed, rel_tol=RELATIVE, abs_tol=ABSOLUTE)

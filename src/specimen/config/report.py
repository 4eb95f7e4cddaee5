"""Section `report` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from specimen.config.base import Section


class Report(Section):
    """The comment on a pull request; only `src/report.py` reads it, so that a change makes no stage run.

    What decides, `metric` and `fail_on`, is read from the base: a pull request cannot set its own gate.
    """

    metric: str | None = None
    """Metric of `metrics/test.json` that decides; null: rmse for numbers, accuracy for classes."""
    resamples: Annotated[int, Field(ge=100, le=20_000)] = 2000
    """How often groups of the test split are swapped between the models to see what chance can do."""
    fail_on: Literal["never", "worse", "not comparable"] = "never"
    """worse: the check of a pull request turns red when the model has become worse; not comparable: also when the two
    cannot be compared."""

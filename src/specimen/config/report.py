"""Section `report` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from specimen.config.base import Section


class Report(Section):
    """The comment on a pull request; `src/report.py` alone reads it, so that it makes no stage run."""

    metric: str | None = None
    """Metric of `metrics/test.json` that decides; null: rmse for numbers, accuracy for classes."""
    resamples: Annotated[int, Field(ge=100, le=20_000)] = 2000
    fail_on: Literal["never", "worse"] = "never"
    """worse: the check of a pull request turns red when the model has become worse."""

"""Section `report` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from specimen.config.base import Section


class Report(Section):
    """The comment on a pull request; only `src/report.py` reads it, so that a change makes no stage run.

    What decides, `metric`, `fail_on` and `spend`, is read from the base: a pull request cannot set its own gate.
    """

    metric: str | None = None
    """Metric of `metrics/test.json` that decides; null: rmse for numbers, accuracy for classes."""
    spend: Annotated[int, Field(ge=2, le=1000)] | None = None
    """Over how many verdicts on the same test groups 5 % of false ones are shared out; null: 5 % of each of them."""
    resamples: Annotated[int, Field(ge=100, le=20_000)] = 2000
    """How often groups of the test split are swapped between the models to see what chance can do."""
    fail_on: Literal["never", "worse", "not comparable"] = "never"
    """worse: the check of a pull request turns red when the model has become worse; not comparable: also when the two
    cannot be compared."""
    pictures: bool = True
    """Whether `report.html` shows photos; whoever may read the repository can open it."""

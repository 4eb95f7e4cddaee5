"""All that a report says: what `report.json` holds, and what the comment is rendered from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specimen.reporting.facts.advice import Advice, WorseSlice
from specimen.reporting.facts.base import Count, Facts, NotKnown, Text
from specimen.reporting.facts.changes import Changes
from specimen.reporting.facts.charts import ChartFacts
from specimen.reporting.facts.data import DataChanges
from specimen.reporting.facts.ledger import Ledger
from specimen.reporting.facts.reproducibility import Reproducibility
from specimen.reporting.facts.samples import SampleErrors
from specimen.reporting.facts.seeds import RecipeVerdict
from specimen.reporting.facts.verdict import Verdict

Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class GateFacts(Facts):
    """What a reviewer has to know about what decides; nothing in most reports."""

    fault: Text = ""
    base_fault: Text = ""
    changes: tuple[Text, ...] = ()


class Details(Facts):
    """Where a report was made, and of what."""

    versions: dict[Text, Text]
    base_commit: Commit | None
    head_commit: Commit | None
    """None for a workspace."""


class ReportFacts(Facts):
    """Two revisions compared."""

    schema_version: Literal[1] = 1
    base: Text | NotKnown
    head: Text
    verdict: Verdict
    resamples: Count
    gate: GateFacts
    metrics: Changes | NotKnown
    params: Changes | NotKnown
    data: DataChanges | NotKnown
    charts: ChartFacts | NotKnown
    samples: SampleErrors | NotKnown
    reproducibility: Reproducibility | NotKnown
    details: Details | NotKnown
    ledger: Ledger | NotKnown | None = None
    """None where there is no verdict."""
    seeds: RecipeVerdict | NotKnown | None = None
    """None where nobody has trained with other seeds."""
    advice: Advice | NotKnown | None = None
    """None where nobody has asked `make advice`."""
    worse: tuple[WorseSlice, ...] | NotKnown = ()

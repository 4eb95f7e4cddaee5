"""From the facts of a report to Markdown. Needs pydantic, and nothing else that is not part of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.report import ReportFacts
from specimen.reporting.markdown import Section, code, prose, render
from specimen.reporting.sections import advice, charts
from specimen.reporting.sections.advice import advice_section, worse_section
from specimen.reporting.sections.charts import charts_section
from specimen.reporting.sections.data import data_section
from specimen.reporting.sections.details import details_section
from specimen.reporting.sections.doubts import cached_section, doubts_section
from specimen.reporting.sections.gate import gate_section
from specimen.reporting.sections.ledger import ledger_section
from specimen.reporting.sections.metrics import metrics_section
from specimen.reporting.sections.params import params_section
from specimen.reporting.sections.reproducibility import reproducibility_section
from specimen.reporting.sections.samples import samples_section
from specimen.reporting.sections.seeds import seeds_section
from specimen.reporting.sections.verdict import verdict_section

F = TypeVar("F")


def render_report(facts: ReportFacts, claim: Section | None = None) -> str:
    """Return the report in Markdown, short enough for a comment; all that comes from the facts is escaped.

    `claim` comes first: what a reviewer must know of where the facts come from.
    """
    return render([*([claim] if claim else []), *report_sections(facts)])


def report_sections(facts: ReportFacts) -> list[Section]:
    """Return all that a report says, in its order; some sections have no title, and some are empty."""
    base = "not known" if isinstance(facts.base, NotKnown) else code(facts.base)
    compared = f"Base: {base}. This: {code(facts.head)}."
    return [
        doubts_section(facts.reproducibility),
        verdict_section(facts.verdict, compared),
        worse_section(facts.worse),
        seeds_section(facts.seeds, facts.verdict),
        ledger_section(facts.ledger, facts.verdict),
        cached_section(facts.reproducibility),
        gate_section(facts.gate),
        _section("Metrics", metrics_section, facts.metrics),
        _section("Params", params_section, facts.params),
        _section("Data", data_section, facts.data),
        _section(charts.TITLE, charts_section, facts.charts),
        _section("Samples that changed most", samples_section, facts.samples),
        _section(advice.TITLE, advice_section, facts.advice),
        _section("Reproducible?", reproducibility_section, facts.reproducibility),
        _section("Details", details_section, facts.details),
    ]


def _section(title: str, build: Callable[[F], Section], facts: F | NotKnown) -> Section:
    """Return a section, or one of the same title that says why there is none."""
    if not isinstance(facts, NotKnown):
        return build(facts)
    if facts.failed:
        return Section(title, f"This section failed, please report it: {code(facts.reason)}.")
    return Section(title, f"Not known: {prose(facts.reason)}.")

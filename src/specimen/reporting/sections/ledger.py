"""What it means that the same test groups have judged other models before; nothing for the first change."""

from __future__ import annotations

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.ledger import Ledger
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.formatting import amount
from specimen.reporting.markdown import Section, escape, prose


def ledger_section(ledger: Ledger | NotKnown | None, verdict: Verdict) -> Section:
    """Return how often the test groups have been asked, what that means, and the verdict on those that are new."""
    if ledger is None or verdict.word == "not comparable":
        return Section("", "")
    if isinstance(ledger, NotKnown):
        return Section("", f"How many models these test groups have judged is not known: {prose(ledger.reason)}.")
    return Section("", " ".join(part for part in (_count(ledger), _meaning(ledger, verdict), _fresh(ledger)) if part))


def _count(ledger: Ledger) -> str:
    count = ledger.models + 1
    more = "" if ledger.complete else " at least: this clone does not have the whole history"
    return f"This is the {_ordinal(count)} model that these test groups judge{more}."


def _meaning(ledger: Ledger, verdict: Verdict) -> str:
    if ledger.models < 2:
        return ""
    text = (
        f"If none of the {ledger.models} changes had changed anything, the chance that one of them is called better "
        f"all the same would be {100 * ledger.false_better:.0f} %."
    )
    if ledger.flatters:
        label = escape(find_metric(verdict.metric).label)
        text += f" If the best was kept each time, {label} flatters by up to {100 * min(ledger.flatters, 1):.0f} %."
    return f"{text} Models of branches that were never merged are not counted."


def _fresh(ledger: Ledger) -> str:
    fresh = ledger.fresh
    if fresh is None:
        return ""
    if isinstance(fresh, NotKnown):
        return f"Whether there are new groups is not known: {prose(fresh.reason)}."
    if fresh.word == "not comparable":
        return f"New groups alone do not decide: {prose(fresh.reason)}."
    difference = amount(fresh.difference, fresh.metric, fresh.unit, "+")
    return f"**On the {fresh.groups:,} groups that are new in test: {fresh.word}** (difference {difference})."


def _ordinal(count: int) -> str:
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"

"""The first lines of the report: the verdict in plain words, with its unit and what it rests on."""

from __future__ import annotations

import math

from specimen.models.metric_registry import LOWER, find_metric
from specimen.reporting.facts.verdict import Power, Verdict
from specimen.reporting.formatting import amount, change_in_percent, from_to
from specimen.reporting.markdown import Section, escape, paragraphs, prose

ONE_TRAINING = (
    "One training of each was compared: how much another seed alone would change is not part of the interval."
)

FINDS_NOTHING = (
    "What this test split can find: no change in 8 of 10 cases, however large; too much of the error is in a few "
    "groups."
)


def verdict_section(verdict: Verdict, compared: str) -> Section:
    """Return the verdict, and below it the interval or the reason why there is none; `compared` names the revisions."""
    if verdict.word == "not comparable":
        return Section("", paragraphs(f"**Verdict: not comparable: {prose(verdict.reason)}.**", compared))
    shared = f"the {verdict.samples:,} test samples ({verdict.groups:,} groups) that both revisions share"
    if verdict.same_predictions:
        name = escape(find_metric(verdict.metric).label)
        after = amount(verdict.after, verdict.metric, verdict.unit)
        answer = f"**Verdict: no detectable change. Both revisions predict the same, {name} is {after}.**"
        return Section("", paragraphs(answer, f"Measured on {shared}. {_left_out(verdict)}".strip(), compared))
    change = change_of(verdict.metric, verdict.before, verdict.after, verdict.unit)
    answer = f"**Verdict: {verdict.word}. {escape(find_metric(verdict.metric).title)} {change}.**"
    basis = f"{_interval(verdict)} Measured on {shared}."
    basis = " ".join(part for part in (basis, ONE_TRAINING, _left_out(verdict)) if part)
    return Section("", paragraphs(answer, basis, _power(verdict), compared))


def change_of(name: str, before: float, after: float, unit: str) -> str:
    """Return how a metric changed, such as `fell by 12 % (from 0.059 to 0.052 g)`."""
    metric = find_metric(name)
    if after == before:
        return f"is {amount(after, name, unit)}"
    verb = "rose" if after > before else "fell"
    size = amount(abs(after - before), name, unit, "points")
    if metric.direction == LOWER and metric.scale != "percent":  # an error, so what was there is the measure
        size = change_in_percent(before, after)
    by = f" by {size}" if size else ""
    return f"{verb}{by} ({from_to(before, after, name, unit)})"


def _interval(verdict: Verdict) -> str:
    difference = amount(verdict.difference, verdict.metric, verdict.unit, "+")
    low = amount(verdict.low, verdict.metric, verdict.unit, "+")
    high = amount(verdict.high, verdict.metric, verdict.unit, "+")
    if verdict.word == "no detectable change":
        doubt = "It includes 0: two equally good models can differ as much by chance."
    else:
        doubt = "It does not include 0: two equally good models rarely differ as much by chance."
    level = f"{100 * verdict.level:.4g} %"
    return f"The difference is {difference}, its {level} interval from {low} to {high}. {doubt}"


def _power(verdict: Verdict) -> str:
    """Return what this test split could have found, whatever it has found."""
    power = verdict.power
    if power is None:
        return FINDS_NOTHING if find_metric(verdict.metric).positive else ""
    change, low, aim = (
        size_of_change(size, power, verdict.metric, verdict.unit) for size in (power.change, power.low, power.aim)
    )
    most = 1.0 if power.relative or find_metric(verdict.metric).share else math.inf
    high = size_of_change(min(power.high, most), power, verdict.metric, verdict.unit)
    return (
        f"What this test split can find: with {verdict.groups:,} groups, a change of {change} in 8 of 10 cases (95 % "
        f"interval {low} to {high}). For {aim} it takes about {round_count(power.groups):,} groups."
    )


def size_of_change(change: float, power: Power, metric: str, unit: str) -> str:
    """Return a change as people say it: in percent of an error, in points of a share, else in the unit."""
    if power.relative:
        return f"{100 * change:.0f} %" if change >= 0.0995 else f"{100 * change:.1f} %"
    return amount(change, metric, unit, "points")


def round_count(count: int) -> int:
    """Return a count with two significant digits."""
    digits = len(str(count)) - 2
    return round(count, -digits) if digits > 0 else count


def _left_out(verdict: Verdict) -> str:
    if not verdict.relabelled:
        return ""
    what = "shared sample" if verdict.relabelled == 1 else "shared samples"
    return f"Left out: {verdict.relabelled:,} {what} with another label now."

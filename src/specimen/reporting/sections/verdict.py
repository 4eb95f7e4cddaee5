"""The first lines of the report: the verdict in plain words, with its unit and what it rests on."""

from __future__ import annotations

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.formatting import amount
from specimen.reporting.markdown import Section, escape, paragraphs, prose


def verdict_section(verdict: Verdict, resamples: int, compared: str) -> Section:
    """Return the verdict, and below it the interval or the reason why there is none; `compared` names the revisions."""
    if verdict.word == "not comparable":
        return Section("", paragraphs(f"**Verdict: not comparable: {prose(verdict.reason)}.**", compared))
    shared = f"the {verdict.samples:,} test samples ({verdict.groups:,} groups) that both revisions share"
    if verdict.same_predictions:
        name = escape(find_metric(verdict.metric).label)
        after = amount(verdict.after, verdict.metric, verdict.unit)
        answer = f"**Verdict: no detectable change. Both revisions predict the same, {name} is {after}.**"
        basis = f"Measured on {shared}."
    else:
        answer = f"**Verdict: {verdict.word}. {_change(verdict)}.**"
        basis = (
            f"{_interval(verdict)} Measured on {shared}: their groups were resampled {resamples:,} times, in the same "
            "way for both models."
        )
    return Section("", paragraphs(answer, f"{basis} {_left_out(verdict)}".strip(), compared))


def _change(verdict: Verdict) -> str:
    """Return how the metric changed, as a sentence without its full stop."""
    name = escape(find_metric(verdict.metric).title)
    before = amount(verdict.before, verdict.metric, verdict.unit)
    after = amount(verdict.after, verdict.metric, verdict.unit)
    if not verdict.difference:
        return f"{name} is {after}"
    verb = "rose" if verdict.difference > 0 else "fell"
    return f"{name} {verb}{_by(verdict)} from {before} to {after}"


def _by(verdict: Verdict) -> str:
    if find_metric(verdict.metric).scale == "percent" or not verdict.before:
        return ""
    return f" by {100 * abs(verdict.difference / verdict.before):.1f} %,"


def _interval(verdict: Verdict) -> str:
    difference = amount(verdict.difference, verdict.metric, verdict.unit, "+")
    low = amount(verdict.low, verdict.metric, verdict.unit, "+")
    high = amount(verdict.high, verdict.metric, verdict.unit, "+")
    if verdict.low <= 0 <= verdict.high:
        doubt = "It includes 0, so chance alone may have made this difference."
    else:
        doubt = "It does not include 0, so this is more than noise."
    return f"The difference is {difference}, its 95 % interval from {low} to {high}. {doubt}"


def _left_out(verdict: Verdict) -> str:
    if not verdict.relabelled:
        return ""
    what = "shared sample" if verdict.relabelled == 1 else "shared samples"
    return f"Left out: {verdict.relabelled:,} {what} with another label now."

"""The first lines of the report: the verdict in plain words, with its unit and what it rests on."""

from __future__ import annotations

from specimen.models.metric_registry import find_metric
from specimen.reporting.formatting import amount
from specimen.reporting.markdown import Section, escape, paragraphs, prose
from specimen.reporting.verdict import Verdict


def verdict_section(verdict: Verdict, resamples: int, compared: str) -> Section:
    """Return the verdict, and below it the interval or the reason why there is none."""
    if verdict.word == "not comparable":
        return Section("", paragraphs(f"**Verdict: not comparable: {prose(verdict.reason)}.**", compared))
    metric = verdict.metric
    name = escape(find_metric(metric).label)
    before, after = amount(verdict.before, metric, verdict.unit), amount(verdict.after, metric, verdict.unit)
    shared = f"the {verdict.samples:,} test samples ({verdict.groups:,} groups) that both revisions share"
    if verdict.same_predictions:
        first = f"**Verdict: no detectable change. Both revisions predict the same, {name} is {after}.**"
        return Section("", paragraphs(first, f"Measured on {shared}. {_left_out(verdict)}".strip(), compared))
    moved = f"{'rose' if verdict.difference > 0 else 'fell'}{_by(verdict)} from {before} to {after}"
    first = (
        f"**Verdict: {verdict.word}. {name[0].upper()}{name[1:]} {moved if verdict.difference else f'is {after}'}.**"
    )
    low, high = amount(verdict.low, metric, verdict.unit, "+"), amount(verdict.high, metric, verdict.unit, "+")
    noise = "includes 0, so chance alone may have made this difference" if verdict.low <= 0 <= verdict.high else (
        "does not include 0, so this is more than noise")  # fmt: skip
    basis = (
        f"The difference is {amount(verdict.difference, metric, verdict.unit, '+')}, its 95 % interval from {low} to "
        f"{high}. It {noise}. Measured on {shared}: their groups were drawn anew {resamples:,} times, for both models "
        "alike."
    )
    return Section("", paragraphs(first, f"{basis} {_left_out(verdict)}".strip(), compared))


def _by(verdict: Verdict) -> str:
    if find_metric(verdict.metric).scale == "percent" or not verdict.before:
        return ""
    return f" by {abs(verdict.difference / verdict.before):.1%},".replace("%", " %")


def _left_out(verdict: Verdict) -> str:
    if not verdict.relabelled:
        return ""
    what = "shared sample" if verdict.relabelled == 1 else "shared samples"
    return f"Left out: {verdict.relabelled:,} {what} with another label now."

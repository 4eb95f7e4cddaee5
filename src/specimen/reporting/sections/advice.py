"""What to do next, and which part of the test samples got worse while all together got better."""

from __future__ import annotations

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.advice import Advice, WorseSlice
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.formatting import amount, number
from specimen.reporting.markdown import Fold, Section, code, escape, list_of, paragraphs, prose

TITLE = "What to do next"


def worse_section(worse: tuple[WorseSlice, ...] | NotKnown) -> Section:
    """Return one line on parts that got worse, next to the verdict; nothing where there is none."""
    if isinstance(worse, NotKnown) or not worse:
        return Section("", "")
    named = [f"{code(part.name)} ({part.groups:,} groups: {_rise(part)})" for part in worse]
    return Section("", f"**Worse for a part, although better on average:** {list_of(named, len(worse))}.")


def _rise(part: WorseSlice) -> str:
    return f"mean error from {part.before:.3g} to {part.after:.3g}"


def advice_section(advice: Advice | None) -> Section:
    """Return what `make advice` says; nothing where nobody has asked it."""
    if advice is None:
        return Section("", "")
    stale = f"**Out of date:** {prose(advice.stale)}. `make advice` says it again." if advice.stale else ""
    labels = f"{advice.outside:,} of {advice.labels:,} labels are outside what the folds hold likely."
    return Section(TITLE, paragraphs(stale, " ".join(filter(None, (labels, _curve(advice))))), _folds(advice))


def _curve(advice: Advice) -> str:
    curve = advice.curve
    if curve is None:
        return ""
    then, low, high, now = (
        amount(value, advice.metric, advice.unit)
        for value in (_short(curve.then), _short(curve.low), _short(curve.high), _short(curve.now))
    )
    label = escape(find_metric(advice.metric).label)
    times = "twice" if curve.times == 2 else f"{curve.times:g} times"
    return f"With {times} the objects: {label} about {then} ({low} to {high}), now {now}."


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _folds(advice: Advice) -> list[Fold]:
    folds = []
    if advice.larger:
        label = escape(find_metric(advice.metric).label)
        rows = [
            [code(part.name), str(part.groups), number(_short(part.inside)), number(_short(part.elsewhere))]
            for part in advice.larger
        ]
        summary = f"Where the error is larger, beyond chance ({len(advice.larger)} of {advice.tested:,} parts)"
        folds.append(Fold(summary, ["part", "groups", label, "elsewhere"], rows))
    if advice.first:
        rows = [[code(one.name), number(one.label), number(one.says)] for one in advice.first]
        folds.append(Fold("Labels to check first", ["sample", "label", "the folds say"], rows))
    return folds

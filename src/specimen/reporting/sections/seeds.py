"""Is the change more than another seed does? Nothing where nobody has trained with other seeds."""

from __future__ import annotations

from specimen.models.metric_registry import find_metric
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.seeds import RecipeVerdict
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.formatting import amount
from specimen.reporting.markdown import Section, escape, prose
from specimen.reporting.sections.verdict import change_of

NO_CHANGE = "no detectable change"


def seeds_section(seeds: RecipeVerdict | NotKnown | None, verdict: Verdict) -> Section:
    """Return what trainings with other seeds say of the change, next to the verdict on one training of each."""
    if seeds is None:
        return Section("", "")
    if isinstance(seeds, NotKnown):
        return Section("", f"Trainings with other seeds do not count here: {prose(seeds.reason)}.")
    found = seeds.word != NO_CHANGE
    answer = f"More than the dice: {seeds.word}." if found else "It may be the dice."
    low, high = (amount(end, seeds.metric, seeds.unit, "+") for end in (seeds.low, seeds.high))
    parts = (
        f"**The change, or the dice? {answer}**",
        f"Of {_counts(seeds)} with other seeds, {_on_average(seeds)}.",
        f"Another seed alone changes {escape(find_metric(seeds.metric).label)} by about "
        f"{amount(_two_digits(seeds.apart), seeds.metric, seeds.unit, 'points')}.",
        f"With other seeds and other test groups the difference could be from {low} to {high} "
        f"({100 * seeds.level:.4g} % interval), so this change is {'beyond' if found else 'within'} what they do by "
        "chance;",
        f"{100 * seeds.from_seeds:.0f} % of the doubt is due to the seeds, the rest to the test groups.",
        _other_word(seeds, verdict),
    )
    return Section("", " ".join(part for part in parts if part))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _counts(seeds: RecipeVerdict) -> str:
    if seeds.base_trainings == seeds.head_trainings:
        return f"{seeds.head_trainings} trainings of each"
    return f"{seeds.base_trainings} trainings of the base and {seeds.head_trainings} of this"


def _on_average(seeds: RecipeVerdict) -> str:
    change = change_of(seeds.metric, seeds.before, seeds.after, seeds.unit)
    return f"{escape(find_metric(seeds.metric).label)} {change} on average"


def _other_word(seeds: RecipeVerdict, verdict: Verdict) -> str:
    """Return what it means that the verdict on one training of each says something else."""
    if seeds.word == verdict.word:
        return ""
    if seeds.word == NO_CHANGE:
        return f"So this model is {verdict.word}; that training again gives a {verdict.word} one is not shown."
    if verdict.word == NO_CHANGE:
        return "The two models alone do not show it."
    return "The two models alone say the opposite: theirs was the luck of a seed."

"""The words of the verdict: right for every pair of numbers, however small, large or alike."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specimen.models.metric_registry import METRICS, find_metric
from specimen.reporting.facts.ledger import Ledger
from specimen.reporting.facts.verdict import Power, Verdict
from specimen.reporting.formatting import change_in_percent, from_to
from specimen.reporting.sections.ledger import ledger_section
from specimen.reporting.sections.verdict import size_of_change, verdict_section

EXAMPLES = 150
DECIDING = sorted(metric.name for metric in METRICS.values() if metric.may_decide)
ERRORS = st.one_of(
    st.sampled_from([0.0, 5e-324, 1e-300, 1e-12, 0.05, 1.0, 1.0 + 1e-12, 1e12, 1e300]),
    st.floats(0, 1e300, allow_nan=False),
)
SHARES = st.one_of(st.sampled_from([0.0, 1e-300, 0.5, 0.5 + 1e-12, 1.0]), st.floats(0, 1))
PERCENT = re.compile(r"([-+\d.,e]+) %")


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    name = draw(st.sampled_from(DECIDING))
    values = SHARES if find_metric(name).share else ERRORS
    sign = draw(st.sampled_from([-1, 1])) if name == "r2" else 1  # it may be far below 0
    before, after = sign * draw(values), draw(values)
    difference = after - before
    half = abs(difference) * draw(st.sampled_from([0.0, 0.5, 2.0]))
    low, high = difference - half, difference + half
    word = "no detectable change" if low <= 0 <= high else draw(st.sampled_from(["better", "worse"]))
    change = draw(st.floats(1e-9, 0.999))
    power = Power(
        change, change / 2, 3 * change, change / 3, draw(st.integers(1, 10**9)), relative=find_metric(name).positive
    )
    return Verdict(
        word, name, unit="g", before=before, after=after, difference=difference, low=low, high=high, samples=58,
        groups=29, power=draw(st.sampled_from([power, None])),
    )  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(verdicts(), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1e9)))
def test_no_percentage_is_above_1000_and_no_number_is_missing(
    verdict: Verdict, false_better: float, flatters: float | None
) -> None:
    ledger = Ledger(models=14, complete=True, false_better=false_better, flatters=flatters, fresh=None)
    text = verdict_section(verdict, "").body + ledger_section(ledger, verdict).body
    assert not re.search(r"\b(nan|inf)\b", text), text
    assert all(abs(float(number.replace(",", ""))) <= 1000 for number in PERCENT.findall(text)), text


@settings(max_examples=EXAMPLES, deadline=None)
@given(verdicts())
def test_what_rose_is_larger_and_two_numbers_that_are_named_differ(verdict: Verdict) -> None:
    text = verdict_section(verdict, "").body.split("**")[1]
    assert ("rose" in text, "fell" in text) == (verdict.difference > 0, verdict.difference < 0), text
    named = re.search(r"\(from (\S+) to (\S+)", text)
    if named:
        before, after = (float(number.rstrip(").")) for number in named.groups())
        assert (before < after) == (verdict.before < verdict.after), text
    assert "by 0.0 %" not in text, text


@pytest.mark.parametrize(
    ("before", "after", "percent", "values"),
    [
        (0.0593, 0.0522, "12 %", "from 0.0593 to 0.0522 g"),
        (0.0, 0.05, "", "from 0.0000 to 0.0500 g"),
        (0.05, 0.0, "100 %", "from 0.0500 to 0.0000 g"),
        (5e-324, 1.0, "", "from 0.00 to 1.00 g"),
        (1.0, 10.996, "", "from 1.0 to 11.0 g"),
        (1.0, 10.99, "999 %", "from 1.0 to 11.0 g"),
        (1.0, 1.0 + 1e-12, "less than 0.1 %", "about 1 g in both"),
        (1e12, 2e12, "100 %", "from 1e+12 to 2e+12 g"),
        (math.nan, 1.0, "", None),
    ],
)
def test_a_change_is_named_where_its_name_says_something(
    before: float, after: float, percent: str, values: str | None
) -> None:
    assert change_in_percent(before, after) == percent
    assert values is None or from_to(before, after, "rmse", "g") == values


def test_no_share_changes_by_more_than_all_of_it() -> None:
    power = Power(change=0.6, low=0.3, high=1.2, aim=0.02, groups=9000, relative=False)
    verdict = Verdict("worse", "accuracy", before=0.9, after=0.2, difference=-0.7, low=-0.8, high=-0.6, power=power)
    assert "interval 30.0 points to 100.0 points" in verdict_section(verdict, "").body
    assert size_of_change(0.6, power, "accuracy", "") == "60.0 points"

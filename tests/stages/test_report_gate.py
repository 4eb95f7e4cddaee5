"""Which verdicts turn the check of a pull request red."""

import pytest
from report_facts import FACTS

import report
from specimen.config.report import Report
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.gate import Gate
from specimen.reporting.report import Comparison

WORDS = ("better", "no detectable change", "worse", "not comparable")


@pytest.mark.parametrize(("fail_on", "red"), [
    ("never", ()), ("worse", ("worse",)), ("not comparable", ("worse", "not comparable")),
])  # fmt: skip
def test_the_check_is_red_for_what_fail_on_names(fail_on: str, red: tuple[str, ...]) -> None:
    for word in WORDS:
        facts = FACTS.model_copy(update={"verdict": Verdict(word, "rmse")})
        comparison = Comparison(facts, Gate(Report(fail_on=fail_on)))
        if word not in red:
            report._apply_gate(comparison)
            continue
        with pytest.raises(SystemExit) as exited:
            report._apply_gate(comparison)
        assert exited.value.code == 1

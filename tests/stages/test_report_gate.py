"""Which verdicts turn the check of a pull request red."""

import pytest

import report
from specimen.config.report import Report
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.gate import Gate

WORDS = ("better", "no detectable change", "worse", "not comparable")


@pytest.mark.parametrize(("fail_on", "red"), [
    ("never", ()), ("worse", ("worse",)), ("not comparable", ("worse", "not comparable")),
])  # fmt: skip
def test_the_check_is_red_for_what_fail_on_names(fail_on: str, red: tuple[str, ...]) -> None:
    for word in WORDS:
        verdict, gate = Verdict(word, "rmse"), Gate(Report(fail_on=fail_on))
        if word not in red:
            report._apply_gate(verdict, gate)
            continue
        with pytest.raises(SystemExit) as exited:
            report._apply_gate(verdict, gate)
        assert exited.value.code == 1

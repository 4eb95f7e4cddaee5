"""What decides on a pull request is read from its base, so that it cannot open its own gate."""

from concurrent.futures import Future
from typing import Any
from unittest.mock import Mock

from specimen.config.report import Report
from specimen.reporting.facts.report import GateFacts
from specimen.reporting.gate import Gate, read_gate
from specimen.reporting.revision_outputs import RevisionParams
from specimen.reporting.sections.gate import gate_section
from specimen.versioning.errors import NotAvailableError

STRICT = {"fail_on": "worse", "metric": "mae"}


def outputs(**params: Any) -> RevisionParams:
    """Return a revision of which only the params matter."""
    return with_params(done(params))


def unreadable() -> RevisionParams:
    failed: Future[Any] = Future()
    failed.set_exception(NotAvailableError("params.yaml is not in main"))
    return with_params(failed)


def with_params(params: Future[Any]) -> RevisionParams:
    return RevisionParams(done(Mock(label="head")), params)


def done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def test_the_base_decides_and_the_head_says_how_often_groups_are_drawn() -> None:
    gate = read_gate(outputs(report=STRICT), outputs(report={"resamples": 500}))
    assert gate.settings == Report(fail_on="worse", metric="mae", resamples=500)
    assert gate.changes == ("report.metric from mae to null", "report.fail_on from worse to never")


def test_without_a_section_in_the_base_its_defaults_decide() -> None:
    gate = read_gate(outputs(data={}), outputs(report=STRICT))
    assert gate.settings == Report()
    assert gate.changes == ("report.metric from null to mae", "report.fail_on from never to worse")


def test_where_nothing_has_changed_there_is_nothing_to_say() -> None:
    gate = read_gate(outputs(report=STRICT), outputs(report=STRICT))
    assert gate == Gate(Report(fail_on="worse", metric="mae"))
    assert gate_section(GateFacts()).render(10) == ""


def test_without_a_base_the_head_decides() -> None:
    assert read_gate(unreadable(), outputs(report=STRICT)) == Gate(Report(fail_on="worse", metric="mae"))


def test_a_section_that_is_not_valid_is_a_fault_and_does_not_open_the_gate() -> None:
    gate = read_gate(outputs(report=STRICT), outputs(report={"fail_on": "wrose", "metrics": "mae"}))
    assert gate.settings == Report(fail_on="worse", metric="mae")
    assert gate.fault.startswith("params.yaml of head:")
    assert "report.fail_on: Input should be 'never', 'worse' or 'not comparable', got 'wrose'." in gate.fault
    assert "report.metrics: unknown key. Did you mean 'metric'?" in gate.fault


def test_a_section_without_keys_is_a_fault() -> None:
    assert "to keep the defaults, leave the section out" in read_gate(unreadable(), outputs(report=None)).fault


def test_a_change_that_repairs_the_section_of_the_base_passes_with_its_own() -> None:
    gate = read_gate(outputs(report={"fail_on": "wrose"}), outputs(report=STRICT))
    assert gate.settings == Report(fail_on="worse", metric="mae")
    assert not gate.fault
    said = gate_section(GateFacts(base_fault=gate.base_fault)).body
    assert "of the base is not valid, so it does not decide here" in said


def test_params_that_cannot_be_read_are_no_fault_of_the_gate() -> None:
    """Other sections of the report name them, and the verdict is not comparable then."""
    assert read_gate(outputs(report=STRICT), unreadable()) == Gate(Report(fail_on="worse", metric="mae"))

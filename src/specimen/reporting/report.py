"""The report: two revisions compared, section by section."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from specimen.reporting import verdict
from specimen.reporting.changes import Change, read_changes
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.gate import Gate, read_gate
from specimen.reporting.markdown import Section, code, prose
from specimen.reporting.revision_outputs import RevisionOutputs, read_outputs
from specimen.reporting.sections.charts import charts_section
from specimen.reporting.sections.data import data_section
from specimen.reporting.sections.details import details_section
from specimen.reporting.sections.gate import gate_section
from specimen.reporting.sections.metrics import metrics_section
from specimen.reporting.sections.params import params_section
from specimen.reporting.sections.reproducibility import ReproducibilityState, reproducibility_section
from specimen.reporting.sections.samples import samples_section
from specimen.reporting.sections.verdict import verdict_section
from specimen.reporting.shared_predictions import share_predictions
from specimen.reporting.shared_samples import NotComparableError
from specimen.versioning import provenance, revisions
from specimen.versioning.dvc_commands import read_dvc_json
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import changed_stages
from specimen.versioning.provenance import StageState
from specimen.versioning.revisions import Revision

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Comparison:
    """Two revisions compared: one word, what decided, and the report in its sections."""

    verdict: Verdict
    gate: Gate
    sections: list[Section]


def compare(root: Path, base_name: str, judged: Revision, last_run: Mapping[str, StageState]) -> Comparison:
    """Compare a revision with a base, which Git need not know; `last_run` says what became of each stage.

    What is not available, or cannot be compared, is named in the section that needs it.
    """
    # Each of DVC's commands takes a second or more, most of it for Python to start: they run while files are read. What
    # the third one does takes DVC's locks, so it is one command after the other.
    with ExitStack() as stack:
        reader, diffs, checks = (stack.enter_context(ThreadPoolExecutor(count)) for count in (1, 2, 1))
        head = read_outputs(reader.submit(lambda: judged), reader)
        base = read_outputs(reader.submit(revisions.resolve, root, base_name), reader)
        metrics = diffs.submit(_diff, "metrics", base, judged)
        params = diffs.submit(_diff, "params", base, judged)
        state = ReproducibilityState(
            stale=checks.submit(_check, provenance.stale_stages, judged),
            not_in_remote=checks.submit(_check, provenance.not_in_remote, judged),
            uncommitted=checks.submit(_check, provenance.uncommitted, judged),
            changed=reader.submit(lambda: changed_stages(base.stages.result(), head.stages.result())),
            last_run=last_run,
        )
        shared = reader.submit(lambda: share_predictions(base.predictions.result(), head.predictions.result()))
        gate = read_gate(base, head)
        judgement = _judge(base, head, gate)
        compared = f"Base: {_label(base)}. This: {_label(head)}."
        sections = [
            verdict_section(judgement, gate.settings.resamples, compared),
            gate_section(gate),
            _section("Metrics", metrics_section, metrics, head),
            _section("Params", params_section, params, head),
            _section("Data", data_section, base, head),
            _section("Charts", charts_section, base, head, shared),
            _section("Samples that changed most", samples_section, shared),
            _section("Reproducible?", reproducibility_section, state),
            _section("Details", details_section, base, head),
        ]
    return Comparison(judgement, gate, sections)


def _section(title: str, build: Callable[P, Section], *arguments: P.args, **options: P.kwargs) -> Section:
    """Return a section, or one of the same title that says why there is none."""
    try:
        return build(*arguments, **options)
    except (NotAvailableError, NotComparableError) as error:
        return Section(title, f"Not known: {prose(error)}.")
    # One section that meets something unforeseen must not cost the reviewer the others.
    except Exception as error:
        return Section(title, f"This section failed, please report it: {code(type(error).__name__)} {code(error)}.")


def _judge(base: RevisionOutputs, head: RevisionOutputs, gate: Gate) -> Verdict:
    metric = gate.settings.metric or verdict.default_metric("")
    try:
        after = head.predictions.result()
        metric = gate.settings.metric or verdict.default_metric(after.task)
        before = base.predictions.result()
    except NotAvailableError as error:
        return Verdict("not comparable", metric, str(error))
    return verdict.judge(before, after, metric, resamples=gate.settings.resamples)


def _diff(kind: str, base: RevisionOutputs, head: Revision) -> list[Change]:
    names = [base.revision.result().name, head.name]
    return read_changes(read_dvc_json(head.root, kind, "diff", "--all", *(name for name in names if name)))


def _check(check: Callable[[Path], T], revision: Revision) -> T:
    with provenance.checked_out(revision) as folder:
        return check(folder)


def _label(outputs: RevisionOutputs) -> str:
    try:
        return code(outputs.revision.result().label)
    except NotAvailableError:
        return "not known"

"""The facts of the report: two revisions compared, section by section."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from specimen.reporting import verdict
from specimen.reporting.collect.advice import FILE, collect_advice, collect_worse_slices
from specimen.reporting.collect.changes import collect_changes, collect_metrics, read_changes
from specimen.reporting.collect.charts import collect_charts
from specimen.reporting.collect.data import collect_data
from specimen.reporting.collect.details import collect_details
from specimen.reporting.collect.ledger import collect_ledger
from specimen.reporting.collect.reproducibility import Checks, collect_reproducibility
from specimen.reporting.collect.samples import collect_samples
from specimen.reporting.collect.seeds import collect_seeds, read_trainings
from specimen.reporting.facts.base import NotKnown
from specimen.reporting.facts.changes import Change
from specimen.reporting.facts.report import GateFacts, ReportFacts
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.gate import Gate, read_gate
from specimen.reporting.revision_outputs import PARAMS, RevisionOutputs, read_outputs, read_params
from specimen.reporting.shared_predictions import SharedPredictions, share_predictions
from specimen.reporting.shared_samples import NotComparableError
from specimen.versioning import provenance, revisions
from specimen.versioning.dvc_commands import read_dvc_json
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock_history import read_history
from specimen.versioning.revisions import Revision
from specimen.versioning.states import StageState

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Comparison:
    """Two revisions compared: what the report says, and what decided."""

    facts: ReportFacts
    gate: Gate
    base: RevisionOutputs
    head: RevisionOutputs
    shared: Future[SharedPredictions]
    """`result()` raises `NotAvailableError` or `NotComparableError` where there are none."""


def compare(root: Path, base_name: str, judged: Revision, last_run: Mapping[str, StageState]) -> Comparison:
    """Compare a revision with a base, which Git need not know; `last_run` says what became of each stage.

    What is not available, or cannot be compared, is named in the section that needs it.
    """
    # Each of DVC's commands takes a second or more, most of it for Python to start: they run while files are read. What
    # the third one does takes DVC's locks, so it is one command after the other.
    with ExitStack() as stack:
        reader, diffs, checks = (stack.enter_context(ThreadPoolExecutor(count)) for count in (1, 2, 1))
        head = read_outputs(reader.submit(lambda: judged), reader)
        tip = reader.submit(revisions.resolve, root, base_name)
        base = read_outputs(reader.submit(lambda: revisions.branch_point(tip.result(), judged)), reader)
        deciding = read_params(tip, reader)
        # The base is where this branch left it; what decides is read from its newest commit.
        metrics = diffs.submit(_diff, "metrics", base, judged)
        params = diffs.submit(_diff, "params", base, judged)
        asked = Checks(
            base,
            head,
            stale=checks.submit(_check, provenance.stale_stages, judged),
            not_in_remote=checks.submit(_check, provenance.not_in_remote, judged),
            uncommitted=checks.submit(_check, provenance.uncommitted, judged),
            last_run=last_run,
        )
        shared = reader.submit(lambda: share_predictions(base.predictions.result(), head.predictions.result()))
        trainings = reader.submit(read_trainings, base, head)
        advice: Future[Mapping[str, Any]] = reader.submit(judged.json, FILE)
        history = diffs.submit(lambda: read_history(root, str(base.revision.result().name)))
        gate = read_gate(deciding, head)
        judgement = _judge(base, head, gate)
        facts = ReportFacts(
            base=_known(_label, base),
            head=judged.label,
            verdict=judgement,
            resamples=gate.settings.resamples,
            gate=GateFacts(fault=gate.fault, base_fault=gate.base_fault, changes=gate.changes),
            metrics=_known(collect_metrics, metrics, head, base, shared),
            params=_known(collect_changes, params, PARAMS, head.params),
            data=_known(collect_data, base, head),
            charts=_known(collect_charts, base, head, shared),
            samples=_known(collect_samples, shared),
            reproducibility=_known(collect_reproducibility, asked),
            details=_known(collect_details, base, head),
            ledger=_known(collect_ledger, base, head, judgement, history),
            seeds=_known(collect_seeds, judgement, trainings),
            advice=_known(collect_advice, head, advice),
            worse=_known(collect_worse_slices, shared),
        )
    return Comparison(facts, gate, base, head, shared)


def _known(collect: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | NotKnown:
    """Return what one section says, or why it is not known."""
    try:
        return collect(*arguments, **options)
    except (NotAvailableError, NotComparableError) as error:
        return NotKnown(reason=str(error))
    # One section that meets something unforeseen must not cost the reviewer the others.
    except Exception as error:
        return NotKnown(reason=f"{type(error).__name__}: {error}", failed=True)


def _label(outputs: RevisionOutputs) -> str:
    return outputs.revision.result().label


def _judge(base: RevisionOutputs, head: RevisionOutputs, gate: Gate) -> Verdict:
    metric = gate.settings.metric or verdict.default_metric("")
    try:
        after = head.predictions.result()
        metric = gate.settings.metric or verdict.default_metric(after.task)
        before = base.predictions.result()
    except NotAvailableError as error:
        return Verdict("not comparable", metric, str(error))
    return verdict.judge(before, after, metric, resamples=gate.settings.resamples, spend=gate.settings.spend)


def _diff(kind: str, base: RevisionOutputs, head: Revision) -> list[Change]:
    names = [base.revision.result().name, head.name]
    return read_changes(read_dvc_json(head.root, kind, "diff", "--all", *(name for name in names if name)))


def _check(check: Callable[[Path], T], revision: Revision) -> T:
    with provenance.checked_out(revision) as folder:
        return check(folder)

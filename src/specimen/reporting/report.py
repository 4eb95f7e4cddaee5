"""The report: two revisions compared, section by section."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any, TypeVar

import pandas as pd

from specimen.config.report import Report
from specimen.reporting import data_diff, shared_samples, verdict
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose
from specimen.reporting.revision_tables import read_table
from specimen.reporting.sections import charts, data, metrics_params, samples
from specimen.reporting.sections.reproducibility import ReproducibilityState, repeatable_section
from specimen.reporting.sections.verdict import verdict_section
from specimen.reporting.shared_samples import NotComparableError
from specimen.reporting.verdict import RevisionPredictions, Verdict
from specimen.versioning import dvc_commands, provenance
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.lock import Outputs, changed_stages, read_lock
from specimen.versioning.revisions import Revision

PARAMS, METRICS = "params.yaml", "metrics/test.json"
PREDICTIONS, HISTORY = "plots/predictions.csv", "plots/history.csv"
SAMPLES, REJECTED = "data/prepared/samples.csv", "data/prepared/rejected.csv"
LOCKS = {"": "dvc.lock", "data/dvc.yaml:": "data/dvc.lock"}
T = TypeVar("T")


def compare(
    base: Revision | NotAvailableError, head: Revision, settings: Report, last_run: Mapping[str, str]
) -> tuple[Verdict, list[Section]]:
    """Return the verdict and the sections of the report, in their order."""
    with ThreadPoolExecutor() as pool:  # DVC's commands take a second each, of which most is Python that starts
        diffs = {name: pool.submit(_attempt, _diff, name, base, head) for name in ("metrics", "params")}
        state = pool.submit(_findings, head)
        before, after = _attempt(_subject, base), _attempt(_subject, head)
        found = _judge(before, after, settings)
        changed = _attempt(_changed_stages, base, head)
        shared = _attempt(_shared, before, after)
        sections = [
            verdict_section(found, settings.resamples, f"Base: {_label(base)}. This: {_label(head)}."),
            _section("Metrics", lambda: _metrics(diffs["metrics"].result(), head)),
            _section("Params", lambda: _params(diffs["params"].result(), head)),
            _section("Data", lambda: data.data_section(_data(base, head))),
            _section("Charts", lambda: _charts(base, head, shared, after)),
            _section("Samples that changed most", lambda: _samples(shared, after)),
            _section("Reproducible?", lambda: repeatable_section(state.result(), changed, last_run)),
            _details(base, head),
        ]
    return found, sections


def _attempt(function: Callable[..., T], *arguments: Any) -> T | NotAvailableError:
    """Return what a function returns, or why it cannot."""
    try:
        return function(*arguments)
    except (NotAvailableError, NotComparableError) as error:
        return NotAvailableError(str(error))


def _need(value: T | NotAvailableError) -> T:
    if isinstance(value, NotAvailableError):
        raise value
    return value


def _section(title: str, build: Callable[[], Section]) -> Section:
    try:
        return build()
    except (NotAvailableError, NotComparableError) as error:
        return Section(title, f"Not known: {prose(error)}.")
    # One section that meets something unforeseen must not cost the reviewer the others.
    except Exception as error:
        return Section(title, f"This section failed, please report it: {code(type(error).__name__)} {code(error)}.")


def _label(revision: Revision | NotAvailableError) -> str:
    return "not known" if isinstance(revision, NotAvailableError) else code(revision.label)


def _subject(revision: Revision | NotAvailableError) -> RevisionPredictions:
    data = _need(revision).yaml(PARAMS).get("data") or {}
    task = str(data.get("task"))
    predictions = read_table(_need(revision), PREDICTIONS, classes=task == "classification")
    return RevisionPredictions(predictions, task, str(data.get("target")), str(data.get("unit") or ""))


def _judge(
    before: RevisionPredictions | NotAvailableError, after: RevisionPredictions | NotAvailableError, settings: Report
) -> Verdict:
    metric = settings.metric or ("rmse" if isinstance(after, NotAvailableError) else verdict.default_metric(after.task))
    for subject in (after, before):
        if isinstance(subject, NotAvailableError):
            return Verdict("not comparable", metric, str(subject))
    return verdict.judge(_need(before), _need(after), metric, resamples=settings.resamples)


def _shared(
    before: RevisionPredictions | NotAvailableError, after: RevisionPredictions | NotAvailableError
) -> pd.DataFrame:
    base, head = _need(before), _need(after)
    verdict.check_agreement(base, head)
    return shared_samples.shared_samples(base.predictions, head.predictions)[0]


def _diff(kind: str, base: Revision | NotAvailableError, head: Revision) -> metrics_params.Diff:
    names = [_need(base).name, *([head.name] if head.name else [])]
    return dvc_commands.read_dvc_json(head.root, kind, "diff", "--all", *map(str, names))


def _metrics(diff: metrics_params.Diff | NotAvailableError, head: Revision) -> Section:
    if isinstance(diff, NotAvailableError):
        return metrics_params.metrics_section(metrics_params.single_revision_diff(METRICS, head.json(METRICS)))
    return metrics_params.metrics_section(diff)


def _params(diff: metrics_params.Diff | NotAvailableError, head: Revision) -> Section:
    if isinstance(diff, NotAvailableError):
        return metrics_params.params_section(
            metrics_params.single_revision_diff(PARAMS, head.yaml(PARAMS), base_too=True), str(diff)
        )
    return metrics_params.params_section(diff)


def _data(base: Revision | NotAvailableError, head: Revision) -> data_diff.DataDiff:
    tables = []
    for revision in (_need(base), head):
        classes = (revision.yaml(PARAMS).get("data") or {}).get("task") == "classification"
        tables.append((read_table(revision, SAMPLES, classes=classes), read_table(revision, REJECTED)))
    return data_diff.compare(tables[0][0], tables[1][0], tables[0][1], tables[1][1])


def _charts(
    base: Revision | NotAvailableError,
    head: Revision,
    shared: pd.DataFrame | NotAvailableError,
    after: RevisionPredictions | NotAvailableError,
) -> Section:
    before = _attempt(lambda: read_table(_need(base), HISTORY))
    parts = [charts.curves(None if isinstance(before, NotAvailableError) else before, read_table(head, HISTORY))]
    if isinstance(shared, NotAvailableError):
        return Section("Charts", paragraphs(*parts, f"No chart of predictions: {prose(shared)}."))
    subject = _need(after)
    parts.append(charts.predictions_chart(shared, subject.task, subject.unit))
    return Section("Charts", paragraphs(*parts), charts.class_folds(shared, subject.task))


def _samples(shared: pd.DataFrame | NotAvailableError, after: RevisionPredictions | NotAvailableError) -> Section:
    return samples.samples_section(_need(shared), _need(after).task, _need(after).unit)


def _findings(head: Revision) -> ReproducibilityState:
    try:
        with provenance.checked_out(head) as folder:
            return ReproducibilityState(
                _attempt(provenance.stale_stages, folder),
                _attempt(provenance.not_in_remote, folder),
                _attempt(provenance.uncommitted, folder),
            )
    except NotAvailableError as error:
        return ReproducibilityState(error, error, error)


def _changed_stages(base: Revision | NotAvailableError, head: Revision) -> dict[str, str]:
    return changed_stages(_locks(_need(base)), _locks(head))


def _locks(revision: Revision) -> dict[str, Outputs]:
    """Return the stages of both pipelines, named as `dvc repro` names them."""
    found: dict[str, Outputs] = {}
    for prefix, file in LOCKS.items():
        lock = _attempt(revision.yaml, file)
        stages = {} if isinstance(lock, NotAvailableError) else read_lock(lock, file)
        found |= {f"{prefix}{name}": stage for name, stage in stages.items()}
    return found


def _details(base: Revision | NotAvailableError, head: Revision) -> Section:
    versions = [("python", platform.python_version()), ("system", f"{platform.system()} {platform.machine()}")]
    for name in ("dvc", "torch", "torchvision", "numpy", "pandas"):
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            versions.append((name, "not installed"))
    rows = [(name, code(version)) for name, version in versions]
    name = "main" if isinstance(base, NotAvailableError) else str(base.name)
    get = [f"git checkout {head.name}"] if head.name else []
    block = "\n".join(["```sh", "git fetch origin", *get, "dvc pull", f"make report BASE={name}", "```"])
    return Section("Details", "", [
        Fold("Where this report was made", ("what", "version"), rows, text_columns=2),
        Fold("How to make this report on your machine", (), (), note=block),
    ])  # fmt: skip

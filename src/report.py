"""Write report.md: what a change does to the model, for the reviewer of a pull request.

`python src/report.py --base main` compares the workspace with main, `--head REV` compares two revisions. What cannot be
had is named in the report; it comes out all the same.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import written_aside
from specimen.config.report import Report
from specimen.reporting import data_diff, markdown, shared_samples, verdict
from specimen.reporting.markdown import Fold, Section, code, paragraphs, prose
from specimen.reporting.sections import charts, metrics_params
from specimen.reporting.sections.reproducibility import Findings, repeatable_section
from specimen.reporting.sections.verdict import verdict_section
from specimen.reporting.shared_samples import NotComparableError
from specimen.reporting.verdict import Subject, Verdict
from specimen.versioning import provenance, revisions
from specimen.versioning.revisions import MissingError, Revision

REPORT = Path("report.md")
PARAMS, METRICS = "params.yaml", "metrics/test.json"
PREDICTIONS, HISTORY = "plots/predictions.csv", "plots/history.csv"
SAMPLES, REJECTED = "data/prepared/samples.csv", "data/prepared/rejected.csv"
LOCKS = {"": "dvc.lock", "data/dvc.yaml:": "data/dvc.lock"}
EXIT_WORSE = 1

T = TypeVar("T")


def main() -> None:
    """Compare, write the report, and end with 1 where the model got worse and `report.fail_on` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, metavar="REV", help="the Git revision to compare with")
    parser.add_argument("--head", metavar="REV", help="the revision that is judged; without it, the workspace")
    parser.add_argument("--log", type=Path, help="what `dvc repro` printed, to tell which stages ran")
    parser.add_argument("--output", type=Path, default=REPORT, help=f"default {REPORT}")
    arguments = parser.parse_args()
    root = Path.cwd()
    if not (root / ".dvc").is_dir():
        raise SpecimenError(f"{root} holds no .dvc; run from the root of the repository.")
    head = _attempt(revisions.resolve, root, arguments.head) if arguments.head else revisions.workspace(root)
    if isinstance(head, MissingError):
        raise SpecimenError(f"--head: {head}.")
    base = _attempt(revisions.resolve, root, arguments.base)
    settings = _settings(head)
    found, sections = compare(base, head, settings, _last_run(arguments.log))
    with written_aside(arguments.output) as aside:
        aside.write_text(markdown.render(sections), encoding="utf-8", newline="\n")
    print(f"{arguments.output}: {found.word}{f' ({found.reason})' if found.reason else ''}")
    if found.word == "worse" and settings.fail_on == "worse":
        print("report.fail_on is worse, so this ends with status 1.", file=sys.stderr)
        sys.exit(EXIT_WORSE)


def compare(
    base: Revision | MissingError, head: Revision, settings: Report, last_run: dict[str, str]
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
            _section("Data", lambda: metrics_params.data_section(_data(base, head))),
            _section("Charts", lambda: _charts(base, head, shared, after)),
            _section("Samples that changed most", lambda: _samples(shared, after)),
            _section("Reproducible?", lambda: repeatable_section(state.result(), changed, last_run)),
            _details(base, head),
        ]
    return found, sections


def _attempt(function: Callable[..., T], *arguments: Any) -> T | MissingError:
    """Return what a function returns, or why it cannot."""
    try:
        return function(*arguments)
    except (MissingError, NotComparableError) as error:
        return MissingError(str(error))


def _need(value: T | MissingError) -> T:
    if isinstance(value, MissingError):
        raise value
    return value


def _section(title: str, build: Callable[[], Section]) -> Section:
    try:
        return build()
    except (MissingError, NotComparableError) as error:
        return Section(title, f"Not known: {prose(error)}.")
    # One section that meets something unforeseen must not cost the reviewer the others.
    except Exception as error:
        return Section(title, f"This section failed, please report it: {code(type(error).__name__)} {code(error)}.")


def _settings(head: Revision) -> Report:
    """Return the section `report` of the params; what is wrong with params.yaml other parts of the report will say."""
    params = _attempt(head.yaml, PARAMS)
    try:
        return Report.model_validate({} if isinstance(params, MissingError) else params.get("report") or {})
    except ValueError:
        return Report()


def _label(revision: Revision | MissingError) -> str:
    return "not known" if isinstance(revision, MissingError) else code(revision.label)


def _subject(revision: Revision | MissingError) -> Subject:
    data = _need(revision).yaml(PARAMS).get("data") or {}
    task = str(data.get("task"))
    predictions = _need(revision).table(PREDICTIONS, classes=task == "classification")
    return Subject(predictions, task, str(data.get("target")), str(data.get("unit") or ""))


def _judge(before: Subject | MissingError, after: Subject | MissingError, settings: Report) -> Verdict:
    metric = settings.metric or ("rmse" if isinstance(after, MissingError) else verdict.default_metric(after.task))
    for subject in (after, before):
        if isinstance(subject, MissingError):
            return Verdict("not comparable", metric, str(subject))
    return verdict.judge(_need(before), _need(after), metric, resamples=settings.resamples)


def _shared(before: Subject | MissingError, after: Subject | MissingError) -> pd.DataFrame:
    base, head = _need(before), _need(after)
    verdict.check_agreement(base, head)
    return shared_samples.shared_samples(base.predictions, head.predictions)[0]


def _diff(kind: str, base: Revision | MissingError, head: Revision) -> metrics_params.Diff:
    names = [_need(base).name, *([head.name] if head.name else [])]
    return revisions.dvc_json(head.root, kind, "diff", "--all", *map(str, names))


def _metrics(diff: metrics_params.Diff | MissingError, head: Revision) -> Section:
    if isinstance(diff, MissingError):
        return metrics_params.metrics_section(metrics_params.without_base(METRICS, head.json(METRICS)))
    return metrics_params.metrics_section(diff)


def _params(diff: metrics_params.Diff | MissingError, head: Revision) -> Section:
    if isinstance(diff, MissingError):
        return metrics_params.params_section(
            metrics_params.without_base(PARAMS, head.yaml(PARAMS), base_too=True), str(diff)
        )
    return metrics_params.params_section(diff)


def _data(base: Revision | MissingError, head: Revision) -> data_diff.DataDiff:
    tables = []
    for revision in (_need(base), head):
        classes = (revision.yaml(PARAMS).get("data") or {}).get("task") == "classification"
        tables.append((revision.table(SAMPLES, classes), revision.table(REJECTED)))
    return data_diff.compare(tables[0][0], tables[1][0], tables[0][1], tables[1][1])


def _charts(
    base: Revision | MissingError, head: Revision, shared: pd.DataFrame | MissingError, after: Subject | MissingError
) -> Section:
    before = _attempt(lambda: _need(base).table(HISTORY))
    parts = [charts.curves(None if isinstance(before, MissingError) else before, head.table(HISTORY))]
    if isinstance(shared, MissingError):
        return Section("Charts", paragraphs(*parts, f"No chart of predictions: {prose(shared)}."))
    subject = _need(after)
    parts.append(charts.predictions_chart(shared, subject.task, subject.unit))
    return Section("Charts", paragraphs(*parts), charts.class_folds(shared, subject.task))


def _samples(shared: pd.DataFrame | MissingError, after: Subject | MissingError) -> Section:
    return charts.samples_section(_need(shared), _need(after).task, _need(after).unit)


def _findings(head: Revision) -> Findings:
    try:
        with provenance.checked_out(head) as folder:
            return Findings(
                _attempt(provenance.stale_stages, folder),
                _attempt(provenance.not_in_remote, folder),
                _attempt(provenance.uncommitted, folder),
            )
    except MissingError as error:
        return Findings(error, error, error)


def _changed_stages(base: Revision | MissingError, head: Revision) -> dict[str, str]:
    return provenance.changed_stages(_locks(_need(base)), _locks(head))


def _locks(revision: Revision) -> dict[str, Any]:
    """Return the stages of both pipelines, named as `dvc repro` names them."""
    found: dict[str, Any] = {}
    for prefix, file in LOCKS.items():
        lock = _attempt(revision.yaml, file)
        stages = {} if isinstance(lock, MissingError) else lock.get("stages") or {}
        found |= {f"{prefix}{name}": stage for name, stage in stages.items()}
    return found


def _last_run(log: Path | None) -> dict[str, str]:
    return provenance.read_log(log.read_text(encoding="utf-8", errors="replace")) if log and log.exists() else {}


def _details(base: Revision | MissingError, head: Revision) -> Section:
    versions = [("python", platform.python_version()), ("system", f"{platform.system()} {platform.machine()}")]
    for name in ("dvc", "torch", "torchvision", "numpy", "pandas"):
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            versions.append((name, "not installed"))
    rows = [(name, code(version)) for name, version in versions]
    name = "main" if isinstance(base, MissingError) else str(base.name)
    get = [f"git checkout {head.name}"] if head.name else []
    block = "\n".join(["```sh", "git fetch origin", *get, "dvc pull", f"make report BASE={name}", "```"])
    return Section("Details", "", [
        Fold("Where this report was made", ("what", "version"), rows, text_columns=2),
        Fold("How to make this report on your machine", (), (), note=block),
    ])  # fmt: skip


if __name__ == "__main__":
    errors.run(main)

"""The section that answers: can somebody else repeat this, and if not, which commands fix it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from specimen.reporting.markdown import Section, code, paragraphs, prose, table
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.provenance import StageState

FIRST = 10
"""How many names a list has."""
V = TypeVar("V")
RUN = ("dvc repro", "git add dvc.lock metrics", 'git commit -m "Run the pipeline"')


@dataclass(frozen=True)
class ReproducibilityState:
    """What DVC and Git say; `result()` of each raises `NotAvailableError` where they cannot."""

    stale: Future[dict[str, bool]]
    """Stages, and whether code, params or data differ from what `dvc.lock` says."""
    not_in_remote: Future[list[str]]
    uncommitted: Future[list[str]]
    """Files that the stages write and that Git does not have as they are."""
    changed: Future[dict[str, str]]
    """How the outputs of each stage relate to the base."""
    last_run: Mapping[str, StageState]
    """What became of each stage in the run before."""


@dataclass(frozen=True)
class Finding:
    """The answer to one question: nothing where all is well."""

    fault: str = ""
    commands: tuple[str, ...] = ()
    """What fixes the fault."""
    unknown: str = ""


def reproducibility_section(state: ReproducibilityState) -> Section:
    """Return the answer, the commands that fix what is wrong, and a table of stages."""
    findings = [_lock(state.stale), _committed(state.uncommitted), _remote(state.not_in_remote)]
    faults = [finding.fault for finding in findings if finding.fault]
    unknown = [finding.unknown for finding in findings if finding.unknown]
    lines = "\n".join(f"- {prose(line)}" for line in faults + unknown)
    commands = dict.fromkeys(command for finding in findings for command in finding.commands)
    fix = "\n".join(["These commands fix it:\n", "```sh", *commands, "```"]) if commands else ""
    return Section("Reproducible?", paragraphs(_answer(faults, unknown), lines, fix, _stages(state)))


def _answer(faults: Sequence[str], unknown: Sequence[str]) -> str:
    if faults:
        return "**No.**"
    if unknown:
        return "**Not known in full.**"
    return "**Yes.** `dvc.lock` is what code, params and data give, and the remote has every output."


def _lock(stale: Future[dict[str, bool]]) -> Finding:
    try:
        names = [name for name, is_stale in stale.result().items() if is_stale]
    except NotAvailableError as error:
        return Finding(unknown=f"Whether `dvc.lock` is what code, params and data give is not known: {error}.")
    if names:
        return Finding(f"`dvc.lock` is not what code, params and data give: {_list(names)} must run.", RUN)
    return Finding()


def _committed(uncommitted: Future[list[str]]) -> Finding:
    try:
        names = uncommitted.result()
    except NotAvailableError as error:
        return Finding(unknown=f"What is not committed is not known: {error}.")
    if names:
        return Finding(f"The run changed files that are not committed: {_list(names)}.", RUN)
    return Finding()


def _remote(not_in_remote: Future[list[str]]) -> Finding:
    try:
        names = not_in_remote.result()
    except NotAvailableError as error:
        return Finding(unknown=f"Whether the remote has every output is not known: {error}.")
    if names:
        return Finding(f"The remote lacks {len(names)} outputs: {_list(names)}.", ("dvc push",))
    return Finding()


def _stages(state: ReproducibilityState) -> str:
    stale = _known(state.stale)
    changed = _known(state.changed)
    names = list(dict.fromkeys([*stale, *changed, *state.last_run]))
    if not names:
        return ""
    words = {name: "must run" if is_stale else "up to date" for name, is_stale in stale.items()}
    columns = (words, changed, state.last_run)
    rows = [(code(name), *(column.get(name, "-") for column in columns)) for name in names]
    return table(("stage", "dvc.lock", "against the base", "in the last run"), rows, text_columns=4)


def _known(values: Future[dict[str, V]]) -> dict[str, V]:
    try:
        return values.result()
    except NotAvailableError:
        return {}


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - FIRST} more" if len(names) > FIRST else ""
    return ", ".join(f"`{name.replace('`', ' ')}`" for name in names[:FIRST]) + more

"""The section that answers: can somebody else repeat this, and if not, which commands fix it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from specimen.reporting.facts.base import NotKnown, first_names
from specimen.reporting.facts.reproducibility import Reproducibility
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, code_list, paragraphs, prose, table

MOST_STAGES = 100
V = TypeVar("V")
RUN = ("dvc repro", "git add dvc.lock metrics", 'git commit -m "Run the pipeline"')
LOCK = code("dvc.lock")


@dataclass(frozen=True)
class Finding:
    """The answer to one question, in Markdown: nothing where all is well."""

    fault: str = ""
    commands: tuple[str, ...] = ()
    """What fixes the fault."""
    unknown: str = ""


def reproducibility_section(state: Reproducibility) -> Section:
    """Return the answer, the commands that fix what is wrong, and a table of stages."""
    findings = [_lock(state), _committed(state), _remote(state)]
    faults = [finding.fault for finding in findings if finding.fault]
    unknown = [finding.unknown for finding in findings if finding.unknown]
    lines = "\n".join(f"- {line}" for line in faults + unknown)
    commands = dict.fromkeys(command for finding in findings for command in finding.commands)
    fix = "\n".join(["These commands fix it:\n", "```sh", *commands, "```"]) if commands else ""
    return Section("Reproducible?", paragraphs(_answer(faults, unknown), lines, fix, _stages(state)))


def _answer(faults: Sequence[str], unknown: Sequence[str]) -> str:
    if faults:
        return "**No.**"
    if unknown:
        return "**Not known in full.**"
    return f"**Yes.** {LOCK} is what code, params and data give, and the remote has every output."


def _lock(state: Reproducibility) -> Finding:
    if isinstance(state.stale, NotKnown):
        return _unknown(f"Whether {LOCK} is what code, params and data give", state.stale)
    names = first_names(name for name, is_stale in state.stale.items() if is_stale)
    if names.count:
        return Finding(f"{LOCK} is not what code, params and data give: {code_list(names)} must run.", RUN)
    return Finding()


def _committed(state: Reproducibility) -> Finding:
    names = state.uncommitted
    if isinstance(names, NotKnown):
        return _unknown("What is not committed", names)
    if names.count:
        return Finding(f"The run changed files that are not committed: {code_list(names)}.", RUN)
    return Finding()


def _remote(state: Reproducibility) -> Finding:
    names = state.not_in_remote
    if isinstance(names, NotKnown):
        return _unknown("Whether the remote has every output", names)
    if names.count:
        return Finding(f"The remote lacks {number(names.count)} outputs: {code_list(names)}.", ("dvc push",))
    return Finding()


def _unknown(what: str, why: NotKnown) -> Finding:
    return Finding(unknown=f"{what} is not known: {prose(why.reason)}.")


def _stages(state: Reproducibility) -> str:
    stale = _known(state.stale)
    changed = _known(state.changed)
    names = list(dict.fromkeys([*stale, *changed, *state.last_run]))[:MOST_STAGES]
    if not names:
        return ""
    words = {name: "must run" if is_stale else "up to date" for name, is_stale in stale.items()}
    columns: tuple[Mapping[str, str], ...] = (words, changed, state.last_run)
    rows = [(code(name), *(column.get(name, "-") for column in columns)) for name in names]
    return table(("stage", "dvc.lock", "against the base", "in the last run"), rows, text_columns=4)


def _known(values: dict[str, V] | NotKnown) -> dict[str, V]:
    return {} if isinstance(values, NotKnown) else values

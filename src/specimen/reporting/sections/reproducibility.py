"""The section that answers: can somebody else repeat this, and if not, which commands mend it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from specimen.reporting.markdown import Section, code, paragraphs, prose, table
from specimen.versioning.errors import NotAvailableError

FIRST = 10


@dataclass(frozen=True)
class ReproducibilityState:
    """What was found out; a `MissingError` stands for what could not be."""

    stale: Mapping[str, bool] | NotAvailableError
    """Stages, and whether code, params or data are others than `dvc.lock` says."""
    not_in_remote: Sequence[str] | NotAvailableError
    uncommitted: Sequence[str] | NotAvailableError
    """What the stages write and Git has not got as it is."""


def repeatable_section(
    found: ReproducibilityState, changed: Mapping[str, str] | NotAvailableError, last_run: Mapping[str, str]
) -> Section:
    """Return the answer, the commands that mend what is not so, and a table of stages.

    `changed` says how the outputs of each stage relate to the base, `last_run` what became of it in the run before.
    """
    faults, unknown, commands = [], [], []
    if isinstance(found.stale, NotAvailableError):
        unknown.append(f"Whether `dvc.lock` is what code, params and data give is not known: {found.stale}.")
    elif stale := [name for name, is_stale in found.stale.items() if is_stale]:
        faults.append(f"`dvc.lock` is not what code, params and data give: {_list(stale)} must run.")
        commands += ["dvc repro", "git add dvc.lock metrics", 'git commit -m "Run the pipeline"']
    if isinstance(found.uncommitted, NotAvailableError):
        unknown.append(f"What is not committed is not known: {found.uncommitted}.")
    elif found.uncommitted:
        faults.append(f"The run changed files that are not committed: {_list(found.uncommitted)}.")
        commands = commands or ["dvc repro", "git add dvc.lock metrics", 'git commit -m "Run the pipeline"']
    if isinstance(found.not_in_remote, NotAvailableError):
        unknown.append(f"Whether the remote has every output is not known: {found.not_in_remote}.")
    elif found.not_in_remote:
        faults.append(f"The remote lacks {len(found.not_in_remote)} outputs: {_list(found.not_in_remote)}.")
        commands.append("dvc push")
    answer = "**No.**" if faults else "**Not known in full.**" if unknown else (
        "**Yes.** `dvc.lock` is what code, params and data give, and the remote has every output.")  # fmt: skip
    lines = "\n".join(f"- {prose(line)}" for line in faults + unknown)
    mend = "\n".join(["```sh", *commands, "```"]) if commands else ""
    return Section(
        "Reproducible?",
        paragraphs(answer, lines, mend and f"These commands mend it:\n\n{mend}", _stages(found, changed, last_run)),
    )


def _stages(
    found: ReproducibilityState, changed: Mapping[str, str] | NotAvailableError, last_run: Mapping[str, str]
) -> str:
    stale = {} if isinstance(found.stale, NotAvailableError) else found.stale
    against = {} if isinstance(changed, NotAvailableError) else changed
    names = list(dict.fromkeys([*stale, *against, *last_run]))
    if not names:
        return ""
    words = {True: "must run", False: "up to date", None: "-"}
    rows = [(code(name), words[stale.get(name)], against.get(name, "-"), last_run.get(name, "-")) for name in names]
    return table(("stage", "dvc.lock", "against the base", "in the last run"), rows, text_columns=4)


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - FIRST} more" if len(names) > FIRST else ""
    return ", ".join(f"`{name.replace('`', ' ')}`" for name in names[:FIRST]) + more

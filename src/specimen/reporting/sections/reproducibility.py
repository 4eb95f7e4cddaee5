"""The section that answers: can somebody else repeat this, and if not, which commands fix it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from specimen.reporting.facts.base import Names, NotKnown, first_names
from specimen.reporting.facts.reproducibility import Reproducibility
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, code_list, list_of, paragraphs, prose, table

MOST_STAGES = 100
V = TypeVar("V")
RUN = ("dvc repro", "git add dvc.lock metrics", 'git commit -m "Run the pipeline"')
FORCED = ("dvc repro --force", *RUN[1:])
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
    findings = [
        _lock(state),
        _unexplained(state),
        _missing(state),
        _edited(state),
        _recomputed(state),
        _committed(state),
        _remote(state),
    ]
    faults = [finding.fault for finding in findings if finding.fault]
    unknown = [finding.unknown for finding in findings if finding.unknown]
    lines = "\n".join(f"- {line}" for line in faults + unknown)
    commands = dict.fromkeys(command for finding in findings for command in finding.commands)
    fix = "\n".join(["These commands fix it:\n", "```sh", *commands, "```"]) if commands else ""
    return Section("Reproducible?", paragraphs(_answer(faults, unknown), lines, fix, _stages(state), _pins(state)))


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


def _unexplained(state: Reproducibility) -> Finding:
    return _named(
        state.unexplained,
        "Whether outputs changed without a reason",
        "{}: the same command, deps and params as in the base, but other outputs. They were changed by hand, or made "
        "on another kind of machine.",
        FORCED,
    )


def _missing(state: Reproducibility) -> Finding:
    return _named(state.missing, "Whether Git has every output that it should have", "Git lacks {}.", FORCED)


def _edited(state: Reproducibility) -> Finding:
    names = state.edited
    if isinstance(names, NotKnown) or not names.count:
        return Finding()  # why it is not known, the line on what Git lacks says already
    return Finding(f"Git has another content than {LOCK} says: {code_list(names)}.", FORCED)


def _recomputed(state: Reproducibility) -> Finding:
    wrong = state.recomputed
    if isinstance(wrong, NotKnown):
        return _unknown("Whether the metrics are what the predictions give", wrong)
    if not wrong:
        return Finding()
    shown = [f"{code(row.key)} {number(row.written)} instead of {number(row.computed)}" for row in wrong]
    return Finding(f"Metrics are not what the predictions give: {list_of(shown, len(wrong))}.", FORCED)


def _committed(state: Reproducibility) -> Finding:
    return _named(state.uncommitted, "What is not committed", "The run changed files that are not committed: {}.", RUN)


def _remote(state: Reproducibility) -> Finding:
    names = state.not_in_remote
    count = 0 if isinstance(names, NotKnown) else names.count
    outputs = "1 output" if count == 1 else f"{number(count)} outputs"
    return _named(names, "Whether the remote has every output", f"The remote lacks {outputs}: {{}}.", ("dvc push",))


def _named(names: Names | NotKnown, what: str, fault: str, commands: tuple[str, ...]) -> Finding:
    """Return the fault with the names in place of its `{}`, if there are any; or that `what` is not known."""
    if isinstance(names, NotKnown):
        return _unknown(what, names)
    return Finding(fault.format(code_list(names)), commands) if names.count else Finding()


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


def _pins(state: Reproducibility) -> str:
    """Return which pins changed, and whether anything ran with them."""
    pins = state.pins
    if isinstance(pins, NotKnown):
        return f"Whether pins changed is not known: {prose(pins.reason)}."
    if not pins:
        return ""
    shown = [f"{code(pin.package)} {_version(pin.before)} to {_version(pin.after)}" for pin in pins]
    ran = first_names(name for name, became in state.last_run.items() if became == "ran")
    if ran.count:
        used = f"With them ran: {code_list(ran)}; the other stages did not."
    elif state.last_run:
        force = code("dvc repro --force")
        used = f"**No stage ran with them:** all numbers come from the versions before. {force} runs all."
    else:
        used = "Whether a stage ran with them is not known: there is no log of a run."
    return f"**Pins changed:** {list_of(shown, len(pins))}. {used}"


def _version(version: str | None) -> str:
    return "none" if version is None else code(version)


def _known(values: dict[str, V] | NotKnown) -> dict[str, V]:
    return {} if isinstance(values, NotKnown) else values

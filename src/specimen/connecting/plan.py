"""A plan: steps that are shown, applied where something is missing, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Step:
    """One thing that must be so, with the one call that makes it so.

    Asking `is_done` or `is_ours` changes nothing. All of them raise `SpecimenError` where a service refuses.
    """

    name: str
    call: str
    """The call as the service names it, for the plan."""
    is_done: Callable[[], bool]
    apply: Callable[[], None]
    is_ours: Callable[[], bool] = _never
    """Whether `make connect` has made it, so that it may be taken back; never, for what stays."""
    undo: Callable[[], None] = lambda: None
    detail: str = ""
    """What else to show, such as a policy."""


def missing_steps(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that are still to be done."""
    return [step for step in steps if not step.is_done()]


def steps_to_undo(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that can be taken back, the last one first."""
    return [step for step in reversed(steps) if step.is_ours()]


def render_plan(steps: Sequence[Step], missing: Sequence[Step]) -> str:
    """Return a line for each step: its call, whether it is there already, and below it what the call sends."""
    lines = []
    for step in steps:
        is_missing = step in missing
        lines.append(f"  {'to do' if is_missing else 'there'}  {step.name}  [{step.call}]")
        if is_missing and step.detail:
            lines += [f"           {line}" for line in step.detail.splitlines()]
    return "\n".join(lines)


def render_undo(steps: Sequence[Step], undone: Sequence[Step]) -> str:
    """Return a line for each step: whether it goes or stays."""
    return "\n".join(f"  {'goes' if step in undone else 'stays'}   {step.name}" for step in steps)


def apply_steps(steps: Iterable[Step], say: Callable[[str], None]) -> None:
    """Apply one step after the other; what fails or interrupts leaves the rest for the next run."""
    for step in steps:
        step.apply()
        say(f"  done   {step.name}")


def undo_steps(steps: Iterable[Step], say: Callable[[str], None]) -> None:
    """Take back one step after the other."""
    for step in steps:
        step.undo()
        say(f"  gone   {step.name}")

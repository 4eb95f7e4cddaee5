"""What changed in the data."""

from __future__ import annotations

from specimen.reporting.facts.data import BatchCounts, DataChanges, TargetShift
from specimen.reporting.formatting import number
from specimen.reporting.markdown import Section, code, code_list, escape, list_of, paragraphs, table

SIGNIFICANT = 0.05
"""A p-value below it is called a shift."""
MOST_RULES = 50


def data_section(data: DataChanges) -> Section:
    """Return what became of the samples, with the first ten of each kind."""
    total = f"{number(data.before)} samples in the base, {number(data.after)} now."
    return Section("Data", paragraphs(total, _changes(data), _rejected(data), _shift(data.shift)))


def _changes(data: DataChanges) -> str:
    relabelled = [f"{code(row.name)} ({number(row.before)} to {number(row.after)})" for row in data.relabelled.first]
    moved = [f"{code(row.name)} ({escape(row.before)} to {escape(row.after)})" for row in data.moved.first]
    warning = "There should be none: test samples of the base may be train samples now. " if data.moved.count else ""
    left_out = "Left out of the verdict and the comparisons: " if data.replaced.count else ""
    lines = [
        *_batches("New batches", data.new_batches),
        *_batches("Batches that are gone", data.gone_batches),
        f"- **Added: {number(data.added.count)}.** {code_list(data.added)}",
        f"- **Removed: {number(data.removed.count)}.** {code_list(data.removed)}",
        f"- **Relabelled: {number(data.relabelled.count)}.** {list_of(relabelled, data.relabelled.count)}",
        f"- **Another photo under the same name: {number(data.replaced.count)}.** {left_out}{code_list(data.replaced)}",
        f"- **Moved between splits: {number(data.moved.count)}.** {warning}{list_of(moved, data.moved.count)}",
        f"- **Newly rejected: {number(data.newly_rejected.count)}.** {code_list(data.newly_rejected)}",
    ]
    if None not in (data.unused_before, data.unused_after) and data.unused_before != data.unused_after:
        unused = f"{number(data.unused_after)}, {number(data.unused_before)} in the base"
        lines.append(f"- **Files that nothing uses: {unused}.** `data/prepared/ignored.csv` names them.")
    return "\n".join(line.rstrip() for line in lines)


def _batches(title: str, batches: BatchCounts) -> list[str]:
    named = [f"{code(batch.name)} ({number(batch.samples)} samples)" for batch in batches.first]
    return [f"- **{title}: {number(batches.count)}.** {list_of(named, batches.count)}"] if batches.count else []


def _rejected(data: DataChanges) -> str:
    counts = [(code(row.rule), number(row.before), number(row.after)) for row in data.rejected[:MOST_RULES]]
    return table(("rejected by rule", "base", "this"), counts) if counts else "No row is rejected, before or after."


def _shift(shift: TargetShift) -> str:
    distance = f"Target, base against this: {shift.name} {shift.distance:.3f} (0 alike, 1 nothing in common)"
    if shift.p_value is not None:
        answer = "a shift" if shift.p_value < SIGNIFICANT else "no detectable shift"
        return f"{distance}, p = {shift.p_value:.2g}: {answer}."
    rows = [(code(row.name), f"{row.before:.1%}", f"{row.after:.1%}") for row in shift.shares[:10]]
    return paragraphs(f"{distance}.", table(("class", "share in base", "share now"), rows) if rows else "")

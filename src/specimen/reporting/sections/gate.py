"""What a reviewer has to know about what decides; nothing in most reports."""

from __future__ import annotations

from specimen.reporting.facts.report import GateFacts
from specimen.reporting.markdown import Section, code, paragraphs, prose


def gate_section(gate: GateFacts) -> Section:
    """Return what is wrong with the section `report` of params.yaml, and how this revision changes the gate."""
    section = f"section {code('report')}"
    lines = []
    if gate.fault:
        lines.append(f"**The {section} is not valid, so this check ends with status 2:** {prose(gate.fault)}")
    if gate.base_fault:
        lines.append(f"The {section} of the base is not valid, so it does not decide here: {prose(gate.base_fault)}")
    if gate.changes:
        changes = ", ".join(prose(change) for change in gate.changes[:10])
        lines.append(f"**This changes what decides:** {changes}. Until it is merged, the base decides.")
    return Section("", paragraphs(*lines))

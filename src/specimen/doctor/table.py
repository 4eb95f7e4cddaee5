"""The lines of the doctor for a terminal, and for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from specimen.doctor.examine import Line

STATUS_WIDTH = len("warning")
ARROW = "-> "


def format_line(line: Line, name_width: int, width: int) -> str:
    """Return status, name and sentence in columns, with the way out below, on lines of at most `width` letters."""
    indent = " " * (STATUS_WIDTH + name_width + 6)
    room = max(40, width - len(indent))
    texts = [wrapped for text in line.finding.what.splitlines() for wrapped in textwrap.wrap(text, room)] or [""]
    if line.finding.way_out:
        way_out = textwrap.wrap(line.finding.way_out, room - len(ARROW), break_on_hyphens=False)
        texts += [f"{ARROW if number == 0 else ' ' * len(ARROW)}{text}" for number, text in enumerate(way_out)]
    first = f"  {line.finding.status:<{STATUS_WIDTH}}  {line.name:<{name_width}}  {texts[0]}"
    return "\n".join([first.rstrip(), *(f"{indent}{text}" for text in texts[1:])])


def summarise(lines: Sequence[Line]) -> str:
    """Return how many lines there are of each status."""
    counts = Counter(line.finding.status for line in lines)
    faults, warnings = counts["fault"], counts["warning"]
    return f"{counts['ok']} ok, {warnings} warning{'s' * (warnings != 1)}, {faults} fault{'s' * (faults != 1)}"


def as_json(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the lines as plain values, with the counts of what is wrong."""
    counts = Counter(line.finding.status for line in lines)
    return {
        "faults": counts["fault"],
        "warnings": counts["warning"],
        "lines": [
            {
                "group": line.group,
                "check": line.name,
                "status": line.finding.status,
                "what": line.finding.what,
                "way_out": line.finding.way_out,
            }
            for line in lines
        ],
    }

"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 1, aligned: bool = False
) -> str:
    """Return a table of cells that are Markdown already; all but the first `text_columns` are set to the right.

    With `aligned` the cells are padded, so that a terminal shows columns too. Raises `ValueError` for a row of another
    width than the header.
    """
    lines = [[_one_line(cell) for cell in line] for line in (header, *rows)]
    for line in lines:
        if len(line) != len(header):
            raise ValueError(f"{len(header)} columns, but a row of {len(line)}: {line}")
    widths = [max(len(line[column]) for line in lines) if aligned else 3 for column in range(len(header))]
    rule = [_rule(width, left=column < text_columns) for column, width in enumerate(widths)]
    if aligned:
        lines = [_padded(line, widths, text_columns) for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def _one_line(cell: str) -> str:
    """Keep a cell from ending its row or itself."""
    return cell.replace("|", "&#124;").replace("\r", " ").replace("\n", " ")


def _rule(width: int, *, left: bool) -> str:
    return f":{'-' * (width - 1)}" if left else f"{'-' * (width - 1)}:"


def _padded(line: Sequence[str], widths: Sequence[int], text_columns: int) -> list[str]:
    left = [cell.ljust(width) for cell, width in zip(line[:text_columns], widths, strict=False)]
    right = [cell.rjust(width) for cell, width in zip(line[text_columns:], widths[text_columns:], strict=True)]
    return [*left, *right]

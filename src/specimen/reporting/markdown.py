"""Markdown that GitHub and GitLab show as meant, whatever the names in it hold.

File names, class names and params are foreign text. Each goes through `code`, so that it can neither end a table cell
nor become HTML, a link, a mention, an emoji or the number of an issue.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from specimen.common.markdown_table import markdown_table
from specimen.reporting.facts.base import FIRST, Names

LIMIT = 60_000
"""Characters of a report: GitHub refuses a comment above 65,536, its hidden watermark included."""
LONGEST_VALUE = 80
LONGEST_PROSE = 600
_SPECIAL = frozenset("\\`*_[]#|<>&~@:$")
"""What starts code, emphasis, links, issues, cells, HTML, entities, mentions, emoji, addresses or formulas."""
_PLAIN = re.compile(r"(?! )[\w ./+=,()\[\]{}*%!?;^'\"-]+(?<! )")
"""What means nothing in a code span of a table: not even what starts emphasis or a link outside of one."""
_BREAK = "&#8203;"
"""A space without width after what starts a mention, an issue or an address: GitHub looks for these in the page."""
_STARTS = re.compile(r"(?:&#58;|&#36;)(?=\S)|\bgh-(?=\d)|www(?=\.)", re.IGNORECASE)
"""What starts an address, an emoji, a formula or an issue such as GH-1."""
_LADDER = (2000, 500, 200, 50, 10, 0)
"""Rows of a folded table, tried one after the other until the report is short enough."""

table = markdown_table


def escape(value: object, limit: int = LONGEST_VALUE) -> str:
    """Return a value as text that Markdown and HTML leave as it is, on one line, of at most `limit` characters.

    Pipes become an entity, because CML takes the backslash before a pipe away and so breaks the table.
    """
    text = "".join(visible(sign) for sign in str(value))
    text = text if len(text) <= limit else text[: limit - 3] + "..."
    text = "".join(_entity(sign) for sign in text)
    return _STARTS.sub(rf"\g<0>{_BREAK}", text)


def code(value: object, limit: int = LONGEST_VALUE) -> str:
    """Return a foreign value as code, in which GitHub does not look for mentions, emoji and issues.

    What needs no escaping is between backticks, which reads well in the mail that GitHub sends as well.
    """
    escaped = escape(value, limit)
    plain = html.unescape(escaped)
    return f"`{plain}`" if _PLAIN.fullmatch(plain) else f"<code>{escaped or ' '}</code>"


def prose(text: object) -> str:
    """Return a sentence of ours with foreign values in it, such as a reason; what is between backticks is code."""
    pieces = " ".join(str(text).split())[:LONGEST_PROSE].split("`")
    return "".join(code(piece, 200) if index % 2 else escape(piece, 400) for index, piece in enumerate(pieces))


def list_of(shown: Sequence[str], count: int) -> str:
    """Return Markdown of which some is shown, separated by commas, and how many of `count` are not."""
    first = shown[:FIRST]
    return ", ".join(first) + (f" and {count - len(first):,} more" if count > len(first) else "")


def code_list(names: Names) -> str:
    """Return foreign names as code, separated by commas, and how many more there are."""
    return list_of([code(name) for name in names.first], names.count)


def paragraphs(*texts: str) -> str:
    """Return the texts that are not empty, with an empty line between them."""
    return "\n\n".join(text for text in texts if text)


@dataclass(frozen=True)
class Fold:
    """A table that a reader opens by a click; the first to be cut when the report gets too long."""

    summary: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1
    note: str = ""

    def render(self, most: int) -> str:
        """Return the folded table with `most` rows at the most, and say how many were cut."""
        cut = len(self.rows) - most
        remark = f"{cut} more rows are cut, to keep the comment short enough for GitHub." if cut > 0 else ""
        shown = table(self.header, self.rows[:most], text_columns=self.text_columns) if self.rows[:most] else ""
        body = paragraphs(self.note, shown, remark)
        return f"<details>\n<summary>{self.summary}</summary>\n\n{body}\n\n</details>"


@dataclass(frozen=True)
class Section:
    """A section of the report: a title, Markdown, and what is folded below it."""

    title: str
    body: str
    folds: Sequence[Fold] = field(default=())

    def render(self, most: int) -> str:
        """Return the section; folded tables have `most` rows at the most."""
        return paragraphs(
            f"## {self.title}" if self.title else "", self.body, *(fold.render(most) for fold in self.folds)
        )


def render(sections: Sequence[Section], limit: int = LIMIT) -> str:
    """Return the report in at most `limit` characters: rows of folded tables go first, then sections from below."""
    for most in _LADDER:
        text = _join(sections, most)
        if len(text) <= limit:
            return text
    kept = list(sections)
    for index in reversed(range(1, len(kept))):
        kept[index] = replace(kept[index], body="Cut, to keep the comment short enough for GitHub.", folds=())
        text = _join(kept, 0)
        if len(text) <= limit:
            return text
    return text[:limit]


def _join(sections: Sequence[Section], most: int) -> str:
    return paragraphs(*(section.render(most) for section in sections)) + "\n"


def visible(sign: str) -> str:
    """Write out line breaks, control signs, and signs that turn the direction of text."""
    if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return sign.encode("unicode_escape", "surrogatepass").decode("ascii")
    return sign


def _entity(sign: str) -> str:
    return f"&#{ord(sign)};{_BREAK if sign in '@#' else ''}" if sign in _SPECIAL else sign

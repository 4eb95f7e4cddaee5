"""A comment read as GitHub reads it: nothing in it that the report does not write itself."""

import html
import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

LIMIT = 60_000
TAGS = {"<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"}
COMMANDS = (
    r"dvc (?:repro(?: --force)?|push|pull)|git fetch origin|git checkout [0-9a-f]{40}|git add dvc\.lock metrics"
    r'|git commit -m "Run the pipeline"|make report BASE=(?:main|[0-9a-f]{40})'
)
PAGE = re.compile(r"\[Photos and charts\]\(https://[\w.-]+/[\w.-]+/[\w.-]+/actions/runs/\d+/artifacts/\d+\)")
"""The only link, which the trusted workflow puts in."""
_TEXT = r'"[\w +.,()/°-]*"'
_NUMBER = r"-?[\d.]+(?:e[+-]\d+)?"
CHART = "|".join([
    r'%%\{init: \{"themeVariables": \{"xyChart": \{"plotColorPalette": "[#0-9a-f, ]*"\}\}, '
    r'"xyChart": \{"width": 760, "height": 380\}\}\}%%',
    "xychart-beta",
    f"  title {_TEXT}",
    rf"  x-axis {_TEXT} \[{_TEXT}(?:, {_TEXT})*\]",
    rf"  y-axis {_TEXT} {_NUMBER} --> {_NUMBER}",
    rf"  (?:line|bar) \[{_NUMBER}(?:, {_NUMBER})*\]",
])  # fmt: skip
FOREIGN = {
    "a mention or an address": r"@[\w-]",
    "an issue": r"#\d|\bgh-\d",
    "a link": r"\w+://|\bwww\.\w|\bmailto:\w",
    "an emoji": r":[\w+-]+:",
    "a formula": r"\$\w",
    "a control sign": "[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f\u2060\ufeff\u00ad]",
}
"""In a piece of text of the page, with entities unpacked: GitHub looks for these after it has read the Markdown."""


def checked(text: str) -> str:
    """Return a comment after looking at it as GitHub would."""
    assert len(text) <= LIMIT
    whole, text = text, PAGE.sub("Photos and charts", text, count=1)
    tokens = flat(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text))
    rows = [line.count("|") - 1 for line in text.splitlines() if line.startswith("|") and not line.startswith("| :--")]
    assert _widths(tokens) == rows, "a pipe in a cell, or a line that is not a row"
    tags = "".join(token.content for token in tokens if token.type in ("html_block", "html_inline"))
    assert set(re.findall(r"<[^>]*>?", tags)) <= TAGS
    for tag in ("details", "summary", "code"):
        assert text.count(f"<{tag}>") == text.count(f"</{tag}>")
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "s_open", "code_block", "blockquote_open", "hr"}, kinds
    for token in tokens:
        if token.type == "fence":
            pattern = {"sh": COMMANDS, "mermaid": CHART}[token.info]
            for line in token.content.splitlines():
                assert re.fullmatch(pattern, line), line
        if token.type == "code_inline":
            assert re.fullmatch(r"[\w ./+=,()\[\]{}*%!?;^'\"-]+", token.content), token.content
        if token.type in ("inline", "html_block"):
            shown = html.unescape(re.sub(r"<[^>]*>", " ", token.content))
            for what, foreign in FOREIGN.items():
                assert not re.search(foreign, shown, re.IGNORECASE), (what, shown)
    headings = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
    assert set(headings) <= {
        "Metrics", "Params", "Data", "Charts", "Samples that changed most", "What to do next", "Reproducible?",
        "Details", "Test split",
    }  # fmt: skip
    return whole


def flat(tokens: list[Token]) -> list[Token]:
    """Return tokens with those inside of them."""
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def _widths(tokens: list[Token]) -> list[int]:
    widths: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            widths.append(0)
        elif token.type in ("td_open", "th_open"):
            widths[-1] += 1
    return widths

"""Markdown in which foreign names do no harm, and which is never too long for a comment."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from specimen.reporting.markdown import LIMIT, Fold, Section, code, escape, prose, render, table

HOSTILE = [
    "a|b", "\\|", "`x`", "``` x", "<script>alert(1)</script>", "<img src=x onerror=y>", "</code></details>",
    "@everyone", "a@b.example", "#1", "owner/repo#1", "[x](javascript:alert(1))", "![i](https://example.com/i.png)",
    "https://example.com", "www.example.com", "WWW.example.com", "*b* _i_ ~~s~~", "&lt;b&gt;",
    "$x^2$", ":tada:", "a\nb", "a\r\n\r\n# b",
    "\u202egpj.exe", "\x00", "leaf 🌱", "größe", "<!--", "-->", "|---|---|", "[^1]", "- [ ] task", "\ud800",
]  # fmt: skip


def page() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shown(markdown: str) -> str:
    """Return the text that a reader sees, without the spaces of no width."""
    tokens = [inner for token in page().parse(markdown) for inner in (token, *(token.children or ()))]
    assert {token.type for token in tokens} <= {
        *("paragraph_open", "paragraph_close", "inline", "text", "text_special", "html_inline", "code_inline"),
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
    }
    assert {token.content for token in tokens if token.type == "html_inline"} <= {"<code>", "</code>"}
    return "".join(token.content for token in tokens if token.type in ("text", "text_special", "code_inline")).replace(
        "\u200b", ""
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is_written(name: str) -> None:
    visible = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode() for sign in name
    )
    assert shown(code(name)) == visible


@pytest.mark.parametrize(
    "name",
    ["photo_23.jpg", "train.lr", "größe", "two words (1)", "100%", "a/b-c=d,e+f", "_a_*b*", "[3, 'x']", '{"a"!?;^}'],
)
def test_a_harmless_name_is_between_backticks_as_a_mail_shows_it(name: str) -> None:
    assert code(name) == f"`{name}`"


@pytest.mark.parametrize(
    "name", ["a`b", "a|b", " a", "a ", "", "gh-1", "www.a", "a@b", "#1", "$x", "a\\", "<b>", "a:b:"]
)
def test_any_other_name_is_not(name: str) -> None:
    assert code(name).startswith("<code>")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_leaves_a_table_whole(name: str) -> None:
    text = table(("sample", "error"), [(code(name), "1"), ("next", "2")])
    assert [line.count("|") for line in text.splitlines()] == [3, 3, 3, 3]
    assert page().render(text).count("<td") == 4


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_left_that_github_looks_for_in_the_finished_page(name: str) -> None:
    """Links are looked for in the Markdown, mentions and issues in the text of the page, with entities unpacked."""
    for text in (code(name), escape(name)):
        assert not re.search(r"https?:|www\.", text, re.IGNORECASE)
        assert not re.search(r"[@#]\w", html.unescape(page().render(text)))


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_cells_keep_the_table_whole(cells: list[str]) -> None:
    lines = table(["h"] * len(cells), [[code(cell) for cell in cells]]).split("\n")
    assert [line.count("|") for line in lines] == [len(cells) + 1] * 3


def test_a_backslash_before_a_pipe_may_be_taken_away() -> None:
    """CML does that to all cells before it posts a comment."""
    text = table(("sample",), [(code("a|b\\|c"),)])
    assert text.replace("\\|", "|") == text


def test_long_values_are_clipped() -> None:
    assert len(shown(code("x" * 500))) == 80


def test_a_reason_keeps_its_code_and_loses_its_harm() -> None:
    assert prose("`git fetch` brings <b>") == "`git fetch` brings &#60;b&#62;"


def test_a_row_of_another_width_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="2 columns, but a row of 1"):
        table(("a", "b"), [("1",)])


def long_sections(rows: int, body: str = "Short.") -> list[Section]:
    cells = [(code(f"class number {row}"), "0.1234") for row in range(rows)]
    return [Section("", "**Verdict: better.**"), Section("Metrics", body, [Fold("All metrics", ("", "value"), cells)]),
            Section("Details", "The end.")]  # fmt: skip


def test_a_short_report_is_whole() -> None:
    text = render(long_sections(100))
    assert text.count("class number") == 100
    assert "are cut" not in text


def test_folded_rows_are_cut_first_and_the_report_says_so() -> None:
    text = render(long_sections(50_000))
    assert len(text) <= LIMIT
    assert text.count("class number") == 500
    assert "49500 more rows are cut, to keep the comment short enough for GitHub." in text
    assert text.endswith("The end.\n")
    assert text.count("<details>") == text.count("</details>") == 1


def test_a_section_that_is_too_long_itself_goes_and_the_verdict_stays() -> None:
    text = render(long_sections(10, body="word " * 20_000))
    assert len(text) <= LIMIT
    assert text.startswith("**Verdict: better.**\n\n## Metrics\n\nCut, to keep the comment short enough for GitHub.")

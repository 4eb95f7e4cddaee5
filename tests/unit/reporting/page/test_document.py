"""The page is one file that loads nothing, whatever the names in it hold."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from report_facts import FACTS

from specimen.reporting.comment import report_sections
from specimen.reporting.page import document
from specimen.reporting.page.cards import Card, Group, Panel
from specimen.reporting.page.charts import Chart, curve_charts
from specimen.reporting.page.document import Content, render_page
from specimen.reporting.page.stored_pictures import Pictures

HOSTILE = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='alert(1)",
    "</style>", "</script>", "<!--", "]]>",
    "&lt;b&gt;", "javascript:alert(1)", "https://example.com/x.png", "\u202egpj.exe", "a\nb", "\ud800",
]  # fmt: skip
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def content(name: str = "photo.jpg", picture: Pictures = NOISE, vega: str | None = "let vegaEmbed;") -> Content:
    card = Card(name, name, (Panel("photo", picture), Panel("base", None, (name,))))
    charts = [*curve_charts(FACTS.charts), Chart(name, {"data": {"values": [{"class": name}]}})]
    return Content(name, report_sections(FACTS), charts, [Group(name, name, (card,))], [name], vega)


class Parsed(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_no_tag_and_no_attribute(name: str) -> None:
    harmless, hostile = Parsed(render_page(content())), Parsed(render_page(content(name)))
    assert hostile.tags == harmless.tags
    assert [key for key, _ in hostile.attributes] == [key for key, _ in harmless.attributes]


def test_a_command_in_a_note_is_code() -> None:
    page = render_page(replace(content(), notes=["Not shown: <b>, because `make connect` is missing."]))
    assert "<li>Not shown: &lt;b&gt;, because <code>make connect</code> is missing.</li>" in page


def test_nothing_is_loaded_and_no_script_runs_but_its_own() -> None:
    page = render_page(content())
    parsed = Parsed(page)
    policy = next(value for key, value in parsed.attributes if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; img-src data:;")
    hashes = re.findall(r"'sha256-([^']*)'", policy)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert hashes == [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    addresses = [value for key, value in parsed.attributes if key in ("src", "href", "srcset", "action", "data")]
    assert addresses
    assert all(value.startswith("data:image/webp;base64,") for value in addresses)


def test_what_the_comment_says_is_there_but_mermaid() -> None:
    text = Parsed(render_page(content())).text
    assert "Verdict: better." in text
    assert "Samples that changed most" in text
    assert "xychart" not in text


def test_a_specification_has_names_as_they_are() -> None:
    name = "<\"'&>\\"
    specs = [json.loads(value) for key, value in Parsed(render_page(content(name))).attributes if key == "data-spec"]
    assert specs[-1]["data"]["values"] == [{"class": name}]


def test_without_the_script_there_are_no_charts_and_the_tables_still_sort() -> None:
    page = render_page(content(vega=None))
    assert "data-spec" not in page
    assert page.count("<script>") == 1


def test_long_names_break_after_an_underscore_and_are_the_same_text() -> None:
    name = "Cherry_(including_sour)___healthy"
    page = render_page(content(name))
    assert "<h4>Cherry_<wbr>(including_<wbr>sour)___<wbr>healthy</h4>" in page
    assert f'alt="{name}, photo"' in page
    assert name in Parsed(page).text


def test_single_photos_need_less_space_than_pairs() -> None:
    single, pair = (Card("a", "", (Panel("", NOISE),) * count) for count in (1, 2))
    page = render_page(replace(content(), groups=[Group("Added", "", (single,)), Group("Changed", "", (single, pair))]))
    assert re.findall(r"<div class='(cards[^']*)'>", page) == ["cards small", "cards"]
    assert "<figcaption><b>" not in page, "nothing is said where there is nothing to tell apart"


def test_photos_are_left_out_where_the_file_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = content()
    many = replace(whole, groups=[*whole.groups] * 5)
    size = len(render_page(many).encode())
    monkeypatch.setattr(document, "LIMIT", size - 1)
    page = render_page(many)
    assert len(page.encode()) < size
    assert page.count("<article>") == 4
    assert "1 groups of photos are left out" in page


def test_a_large_picture_becomes_small() -> None:
    large = np.zeros((2000, 2000, 3), np.uint8)
    assert len(render_page(content(picture=large)).encode()) < 60_000

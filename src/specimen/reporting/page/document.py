"""From the facts of a report, photos and charts to one HTML file.

A content security policy in it forbids every request, and every script but its own two. All that is foreign, such as
names of files and classes, is escaped here, or by the sections of the report.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources

from markdown_it import MarkdownIt
from PIL import Image

from specimen.reporting.markdown import Section, paragraphs, visible
from specimen.reporting.page.cards import Card, Group, Panel
from specimen.reporting.page.charts import Chart
from specimen.reporting.page.stored_pictures import Pictures
from specimen.reporting.sections.charts import TITLE as CHARTS

LIMIT = 3_000_000
"""Bytes of the file."""
MOST_ROWS, FEWEST_ROWS = 2000, 50
"""Of a table, and of one in a page that would be too large."""
LARGEST = 192
"""Side of a picture in pixels."""
QUALITY = 80

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@dataclass(frozen=True)
class Content:
    """All that a page shows."""

    title: str
    sections: Sequence[Section]
    charts: Sequence[Chart]
    groups: Sequence[Group]
    """Photos."""
    notes: Sequence[str]
    """What is missing."""
    vega: str | None
    """The script that draws charts; None where there is none."""


def render_page(content: Content) -> str:
    """Return the page, in at most `LIMIT` bytes: groups of photos are left out from the end, then rows of tables."""
    page = _page(content, MOST_ROWS)
    groups = [*content.groups]
    shown = content
    while len(page.encode()) > LIMIT and groups:
        groups.pop()
        cut = f"{len(content.groups) - len(groups)} groups of photos are left out, to keep this file small."
        shown = replace(content, groups=groups, notes=[*content.notes, cut])
        page = _page(shown, MOST_ROWS)
    return page if len(page.encode()) <= LIMIT else _page(shown, FEWEST_ROWS)


def _page(content: Content, most: int) -> str:
    charts = content.charts if content.vega else []
    scripts = [script for script in (content.vega if charts else None, _asset("page.js")) if script]
    before, after = _around_charts(content.sections)
    body = [
        f"<h1>{_text(content.title)}</h1>",
        *(_section(section, most) for section in before),
        _notes(content.notes),
        _titled("Photos", "".join(map(_group, content.groups))),
        _titled(CHARTS, f"<div class='charts'>{''.join(map(_chart, charts))}</div>" if charts else ""),
        *(_section(section, most) for section in after),
    ]
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"script-src {' '.join(map(_hash, scripts))}"
    )
    head = [
        "<meta charset='utf-8'>",
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{_text(content.title)}</title>",
        f"<style>{_asset('page.css')}</style>",
    ]
    lines = ["<!doctype html>", "<html lang='en'>", "<head>", *head, "</head>", "<body>", "<main>", *filter(None, body)]
    return "\n".join(
        [*lines, "</main>", *(f"<script>{script}</script>" for script in scripts), "</body>", "</html>", ""]
    )


def _asset(name: str) -> str:
    return (resources.files("specimen.reporting.page") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _around_charts(sections: Sequence[Section]) -> tuple[list[Section], list[Section]]:
    """Return what comes before the first section with a title, and the others without that of Mermaid's charts."""
    first = next((place for place, section in enumerate(sections) if section.title), len(sections))
    return [*sections[:first]], [section for section in sections[first:] if section.title != CHARTS]


def _section(section: Section, most: int) -> str:
    text = paragraphs(section.body, *(fold.render(most) for fold in section.folds))
    if not text:
        return ""
    title = f"<h2>{_text(section.title)}</h2>" if section.title else ""
    table = re.compile(r"<table>.*?</table>", re.DOTALL)
    body = table.sub(lambda found: f"<div class='wide'>{found[0]}</div>", _MARKDOWN.render(text))
    return f"<section>{title}{body}</section>"


def _titled(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>" if body else ""


def _notes(notes: Sequence[str]) -> str:
    return f"<ul class='notes'>{''.join(f'<li>{_with_code(note)}</li>' for note in notes)}</ul>" if notes else ""


def _with_code(sentence: str) -> str:
    """Return a sentence of ours as HTML, the commands in it as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(sentence))


def _chart(chart: Chart) -> str:
    # In a script, `</` would end it; in an attribute nothing can.
    spec = html.escape(json.dumps(chart.spec, allow_nan=False), quote=True)
    caption = f"<figcaption>{_text(chart.title)}</figcaption>"
    return f'<figure>{caption}<div class="chart" data-spec="{spec}"></div></figure>'


def _group(group: Group) -> str:
    note = f"<p>{_text(group.note)}</p>" if group.note else ""
    small = " small" if all(len(card.panels) <= 1 for card in group.cards) else ""
    return f"<h3>{_text(group.title)}</h3>{note}<div class='cards{small}'>{''.join(map(_card, group.cards))}</div>"


def _card(card: Card) -> str:
    panels = "".join(_panel(card.name, panel) for panel in card.panels)
    text = f"<p>{_breakable(card.text)}</p>" if card.text else ""
    shown = f"<div class='panels'>{panels}</div>" if panels else ""
    return f"<article><h4>{_breakable(card.name)}</h4>{text}{shown}</article>"


def _panel(name: str, panel: Panel) -> str:
    lines = "".join(f"<span>{_breakable(line)}</span>" for line in panel.lines)
    caption = f"<figcaption><b>{_text(panel.title)}</b>{lines}</figcaption>" if panel.title or lines else ""
    if panel.picture is None:
        return f"<figure><div class='none'>no picture</div>{caption}</figure>"
    alt = _text(", ".join(filter(None, (name, panel.title))))
    return f"<figure><img alt=\"{alt}\" src='{_data_uri(panel.picture)}'>{caption}</figure>"


def _text(foreign: str) -> str:
    """Return text for HTML and its attributes, on one line, without signs that turn the direction of what follows."""
    return html.escape("".join(map(visible, foreign)))


def _breakable(foreign: str) -> str:
    """Return text for HTML that may be broken after an underscore, where names of classes and files have no blanks."""
    return re.sub("_+", r"\g<0><wbr>", _text(foreign))


def _data_uri(picture: Pictures) -> str:
    image = Image.fromarray(picture)
    image.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"

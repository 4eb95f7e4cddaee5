"""report.html in a real browser, opened as a file, without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from needs import needs_browser
from pages.chromium import open_chromium, wait_for
from report_facts import FACTS

from specimen.reporting.comment import report_sections
from specimen.reporting.facts.charts import ClassScore, ClassScores
from specimen.reporting.page.cards import Card, Group, Panel
from specimen.reporting.page.charts import class_charts, curve_charts
from specimen.reporting.page.document import Content, render_page
from specimen.reporting.page.vega import vega_script

pytestmark = needs_browser


def test_charts_are_drawn_tables_sort_photos_show_and_nothing_is_asked_for(tmp_path: Path) -> None:
    cards = (Card("a.jpg", "true 1 g", (Panel("photo", np.full((8, 8, 3), 99, np.uint8)), Panel("this", None))),)
    scores = ClassScores(rows=(ClassScore(name="healthy", before=0.5, after=0.6),), total=1)
    charts = [*curve_charts(FACTS.charts), *class_charts(FACTS.charts.model_copy(update={"predictions": scores}))]
    content = Content("Report", report_sections(FACTS), charts, [Group("Added: 1", "", cards)], [], vega_script())
    page = tmp_path / "report.html"
    page.write_text(render_page(content), encoding="utf-8")
    with open_chromium() as chrome:
        chrome.get(page.as_uri())
        wait_for(chrome, lambda: chrome.execute_script("return document.querySelectorAll('.chart svg').length") == 2)
        assert chrome.execute_script("return document.querySelector('article img').naturalWidth") == 8
        head = "[...document.querySelectorAll('th button')].find(one => one.textContent === 'this')"
        column = f"const head = {head}; const table = head.closest('table');" + (
            "const at = [...table.querySelectorAll('th')].indexOf(head.parentElement);"
        )
        cells = "return [...table.tBodies[0].rows].map(row => row.cells[at].textContent);"
        before = chrome.execute_script(column + cells)
        up = chrome.execute_script(column + "head.click();" + cells)
        down = chrome.execute_script(column + "head.click();" + cells)
        assert sorted(before) == sorted(up)
        assert [float(text) for text in up if text != "-"] == sorted(float(text) for text in up if text != "-")
        assert down == up[::-1]
        heads = chrome.execute_script("return [...document.querySelectorAll('th')].map(one => one.textContent)")
        assert "name" in heads
        assert all(heads)
        assert chrome.execute_script("return performance.getEntriesByType('resource').length") == 0
        chrome.execute_script(
            "new Image().src = 'http://127.0.0.1:9/x.png'; fetch('http://127.0.0.1:9/').catch(() => 0)"
        )
        refused = [entry["message"] for entry in chrome.get_log("browser")]
        assert len(refused) >= 2
        assert all("Content Security Policy" in message for message in refused), refused
        chrome.set_window_size(360, 800)
        assert chrome.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        narrow = "one.getClientRects().length > 1 || one.offsetHeight > 30"
        names = f"[...document.querySelectorAll('td code')].filter(one => {narrow}).map(one => one.textContent)"
        assert chrome.execute_script(f"return {names}") == [], "short names are not broken, the table scrolls instead"

"""The page of the server as people in the greenhouse use it: photos dropped on it, and where the model looked."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from selenium.webdriver import Chrome

from pages.chromium import open_chromium, save_picture, set_viewport, wait_for
from pages.server import free_port, serve

PLACES = (0.3, 0.65, 0.97)
"""Which test photos are shown, from the smallest (0) to the largest plant (1)."""
WIDTH, HEIGHT = 820, 860


def take_pictures(clone: Path, docs: Path) -> None:
    """Serve the model of a clone, drop test photos of a small, a middling and a large plant, and ask about the last."""
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "src/serve.py", "--port", port]
    own = {"PYTHONPATH": str(clone / "src")}
    with (
        serve(command, clone, clone / "serve.log", f"{address}/health", **own),
        open_chromium() as chrome,
    ):
        set_viewport(chrome, WIDTH, HEIGHT)
        chrome.get(address)
        _drop(chrome, test_photos(clone))
        _look(chrome)
        save_picture(chrome, docs / "page.webp")


def test_photos(clone: Path) -> list[Path]:
    """Return the photos at `PLACES` in the order of their targets."""
    ordered = pd.read_csv(clone / "plots/predictions.csv").sort_values(["target", "image"])["image"]
    shown = [ordered.iloc[round(place * (len(ordered) - 1))] for place in PLACES]
    return [clone / "data/sample/images" / name for name in shown]


def _drop(chrome: Chrome, photos: list[Path]) -> None:
    wait_for(chrome, lambda: chrome.find_element("id", "facts").get_attribute("textContent"))
    chrome.find_element("id", "photos").send_keys("\n".join(map(str, photos)))
    wait_for(chrome, lambda: chrome.find_element("id", "status").text.startswith("All photos done"))


def _look(chrome: Chrome) -> None:
    """Ask what the model looked at in the last photo."""
    chrome.find_elements("css selector", ".look")[-1].click()
    wait_for(chrome, chrome.find_elements("css selector", ".heat")[-1].is_displayed)
    chrome.execute_script("document.activeElement.blur(); scrollTo(0, 0)")

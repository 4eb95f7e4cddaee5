"""A day in the greenhouse, in a real browser: photos are kept on the device until they are exported as a batch."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psutil
import pytest
from diary_page import make_page
from needs import needs_browser, needs_node
from pages.axe import find_violations
from pages.chromium import emulated, open_chromium, wait_for
from pages.static_server import serve_folder
from PIL import Image

from specimen.config.data import Data
from specimen.config.prepare import Prepare, Split
from specimen.data.preparation.build import build_dataset
from specimen.data.preparation.raw_dataset import read_raw_dataset
from specimen.site.sheet import batch_sheet

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = needs_browser

COUNT = 200
PHONE = {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True}
DATA = {
    "root": "data/raw", "table": "*/labels.xlsx", "image_column": "filename", "images": "photos", "target": "weight",
    "group": ["bench", "plant"], "features": ["age"],
}  # fmt: skip
AGE = {"kind": "number", "name": "age", "typical": 20.0}
COLOURS = ["red", "green", "blue"]


@contextmanager
def served(folder: Path, **facts: Any) -> Iterator[str]:
    """Serve the page; yield the address."""
    sheet = batch_sheet(Data.model_validate(DATA | {"task": facts.get("task", "regression")}))
    make_page(folder, sheet, features=[AGE], **facts)
    with serve_folder(folder) as server:
        yield server.address


@pytest.fixture
def photos(tmp_path: Path) -> Callable[[int], list[Path]]:
    def draw(count: int) -> list[Path]:
        """Draw small photos, each with content of its own; some have the same name, as those of phones have."""
        paths = []
        for number in range(count):
            folder = tmp_path / f"camera {number % 2}"
            folder.mkdir(exist_ok=True)
            spots = np.random.default_rng(number).integers(0, 255, (4, 4, 3), dtype=np.uint8)
            paths.append(folder / f"image {number // 2}.jpg")
            Image.fromarray(spots).resize((32, 32), Image.Resampling.NEAREST).save(paths[-1])
        return paths

    return draw


def text(chrome: Chrome, css: str) -> str:
    return str(chrome.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", css))


def take(chrome: Chrome, paths: list[Path]) -> None:
    chrome.find_element("css selector", "#photos").send_keys("\n".join(map(str, paths)))


def fill(chrome: Chrome, values: dict[str, list[str]]) -> None:
    """Write into the fields of the cards, the oldest of which is the last."""
    chrome.execute_script(
        """for (const [css, values] of Object.entries(arguments[0])) {
          const fields = [...document.querySelectorAll(css)].reverse();
          values.forEach((value, at) => {
            fields[at].value = value;
            fields[at].dispatchEvent(new Event("change"));
          });
        }""",
        values,
    )


def export(chrome: Chrome, downloads: Path) -> Path:
    before = set(downloads.glob("*.zip"))
    chrome.find_element("css selector", "#export").click()
    return wait_for(chrome, lambda: next(iter(set(downloads.glob("*.zip")) - before), None))


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith(".xlsx")}


def test_200_photos_survive_a_killed_browser_and_come_back_as_a_batch_without_a_loss_or_a_double(
    tmp_path: Path, photos: Callable[[int], list[Path]]
) -> None:
    paths = photos(COUNT)
    names = [f"pot {number // 2}" for number in range(COUNT)]
    measured = [f"{number},25" if number % 4 else "" for number in range(COUNT)]
    downloads, profile = tmp_path / "downloads", tmp_path / "profile"
    downloads.mkdir()
    with served(tmp_path / "site") as address:
        with open_chromium(downloads=downloads, profile=profile) as chrome:
            chrome.get(address)
            wait_for(chrome, lambda: text(chrome, "#facts"))
            chrome.execute_script(
                "for (const [name, value] of [['bench', 'B'], ['age', '21,5']])"
                "document.querySelector(`[name=${name}]`).value = value"
            )
            take(chrome, paths)
            wait_for(chrome, lambda: text(chrome, "#status").startswith("All photos done"))
            fill(chrome, {".naming": names, ".measured input": measured})
            wait_for(chrome, lambda: f"kept on this device: {COUNT}." in text(chrome, "#kept"))
            for process in psutil.Process(chrome.service.process.pid).children(recursive=True):
                process.kill()
        with open_chromium(downloads=downloads, profile=profile) as chrome:
            chrome.get(address)
            wait_for(chrome, lambda: text(chrome, "#status").startswith("All photos done"))
            shown = "return [...document.querySelectorAll(arguments[0])].map(({value}) => value).reverse()"
            assert chrome.execute_script(shown, ".naming") == names
            assert chrome.execute_script(shown, ".measured input") == measured
            first = export(chrome, downloads)
            wait_for(chrome, lambda: text(chrome, "#kept").startswith("Photos exported: 200, with a label: 150."))
            chrome.refresh()
            wait_for(chrome, lambda: "Not exported yet: 0." in text(chrome, "#kept"))
            again = export(chrome, downloads)
    assert contents(again) == contents(first), "the same files under the same names"
    assert again.name == first.name.replace(".zip", " (1).zip"), "the browser says that it is the same batch"
    assert sorted(contents(first).values()) == sorted(path.read_bytes() for path in paths)

    raw, store = tmp_path / "raw", tmp_path / "store"
    raw.mkdir()
    store.mkdir()
    first.rename(raw / first.name)
    data = Data.model_validate(DATA | {"root": str(raw), "task": "regression"})
    prepare = Prepare(image_size=32)
    counts = build_dataset(read_raw_dataset(data, prepare.rules), data, prepare, Split(), store).meta.counts
    rejected = {rule: count for rule, count in counts.rejected.items() if count}
    assert (counts.rows, counts.kept, rejected) == (COUNT, 150, {"missing_label": 50}), "no prediction is a label"
    samples = pd.read_csv(store / "samples.csv", dtype={"group": str})
    assert sorted(samples["target"]) == [number + 0.25 for number in range(COUNT) if number % 4]
    assert set(samples["group"]) == {f"B/{name}" for name, value in zip(names, measured, strict=True) if value}
    assert set(samples["age"]) == {21.5}


def test_a_full_device_is_said_at_once_and_nothing_is_lost(
    chrome: Chrome, downloads: Path, tmp_path: Path, photos: Callable[[int], list[Path]]
) -> None:
    (first,) = photos(1)
    more = [tmp_path / f"{name}.bmp" for name in "ab"]  # of 3 MB: browsers do not count every byte
    for path in more:
        Image.effect_noise((1000, 1000), 50).convert("RGB").save(path)
    leaving = "return !dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    with served(tmp_path / "site") as address:
        origin = {"origin": address.rstrip("/")}
        chrome.execute_cdp_cmd("Storage.overrideQuotaForOrigin", origin | {"quotaSize": 1_000_000})
        chrome.get(address)
        wait_for(chrome, lambda: text(chrome, "#facts"))
        take(chrome, [first])
        wait_for(chrome, lambda: "kept on this device: 1." in text(chrome, "#kept"))
        assert not chrome.execute_script(leaving), "what is kept can be left"
        chrome.execute_script("navigator.storage.estimate = async () => ({ quota: 10_000_000, usage: 0 })")
        take(chrome, more)
        wait_for(chrome, lambda: "Photos that are not kept: 2." in text(chrome, "#unkept"))
        assert re.search("Room for about [1-9] more", text(chrome, "#kept")), "where the browser says how much there is"
        assert chrome.execute_script(leaving), "the browser asks before they are lost"
        assert len(contents(export(chrome, downloads))) == 3, "they can be exported all the same"
        chrome.execute_cdp_cmd("Storage.overrideQuotaForOrigin", origin)
        chrome.find_element("css selector", ".remove").click()
        wait_for(chrome, lambda: not text(chrome, "#unkept"))
        chrome.refresh()
        wait_for(
            chrome, lambda: text(chrome, "#kept").startswith("Photos kept on this device: 2. Not exported yet: 0.")
        )
        assert "the browser may delete them" in text(chrome, "#kept"), "no browser promises that to a page like this"
        fill(chrome, {".measured input": ["3,5"]})
        chrome.find_elements("css selector", ".remove")[-1].click()
        chrome.switch_to.alert.dismiss()
        chrome.find_element("css selector", "#clear").click()
        chrome.switch_to.alert.dismiss()
        assert len(chrome.find_elements("css selector", ".card")) == 2
        chrome.find_element("css selector", "#clear").click()
        assert "Not exported yet: 1 of 2 photos." in chrome.switch_to.alert.text
        chrome.switch_to.alert.accept()
        wait_for(chrome, lambda: not chrome.find_elements("css selector", ".card"))
        chrome.refresh()
        wait_for(chrome, lambda: text(chrome, "#facts"))
        assert chrome.find_elements("css selector", ".card") == []


def test_the_code_on_a_label_is_the_name_unless_there_are_two(
    chrome: Chrome, tmp_path: Path, photos: Callable[[int], list[Path]]
) -> None:
    detector = """globalThis.BarcodeDetector = class {
        async detect({ width }) {
            const codes = width === 32 ? ["P-17", " P-17 "] : ["P-1", "P-2"];
            return codes.map((rawValue) => ({ rawValue }));
        }
    }"""
    script = chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": detector})
    Image.new("RGB", (40, 40)).save(tmp_path / "two pots.png")
    with served(tmp_path / "site") as address:
        chrome.get(address)
        wait_for(chrome, lambda: text(chrome, "#facts"))
        take(chrome, [*photos(1), tmp_path / "two pots.png"])
        shown = "return [...document.querySelectorAll('.naming')].map(({value}) => value)"
        wait_for(chrome, lambda: chrome.execute_script(shown) == ["", "P-17"])
    chrome.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


@needs_node
@pytest.mark.parametrize(
    ("task", "scheme", "language"), [("regression", "light", "en"), ("classification", "dark", "de")]
)
def test_axe_finds_no_violation_in_a_diary(
    chrome: Chrome, tmp_path: Path, photos: Callable[[int], list[Path]], task: str, scheme: str, language: str
) -> None:
    classes = COLOURS if task == "classification" else None
    site = served(tmp_path / "site", task=task, classes=classes)
    with emulated(chrome, scheme, PHONE), site as address:
        chrome.get(address)
        wait_for(chrome, lambda: text(chrome, "#facts"))
        chrome.find_element("css selector", f"[data-language={language}]").click()
        chrome.find_element("css selector", "#features summary").click()
        take(chrome, photos(2))
        wait_for(chrome, lambda: len(chrome.find_elements("css selector", ".value")) == 2)
        fill(chrome, {".measured :is(input, select)": ["1,234", ""] if classes is None else ["green", ""]})
        assert bool(text(chrome, ".measured .field-note:not(:empty)")) == (classes is None)
        assert find_violations(chrome) == []
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= 320

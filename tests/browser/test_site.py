"""The page without a server in a real browser: a first visit with a network, and then none."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from needs import NODE_MODULES, needs_browser, needs_node
from pages.axe import find_violations
from pages.chromium import wait_for
from pages.static_server import serve_folder
from PIL import Image

from specimen.data.readers.decode import decode
from specimen.onnx.network import load_onnx
from specimen.site.folder import site_files, write_site
from specimen.site.formats import read_model
from specimen.site.runtime import read_runtime

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = [needs_browser, needs_node]

WriteOnnx = Callable[..., Path]


@pytest.fixture(scope="module")
def runtime() -> dict[str, bytes]:
    return read_runtime(NODE_MODULES, NODE_MODULES.parent / "package.json")


def write(folder: Path, model: Path, runtime: dict[str, bytes]) -> Path:
    write_site(folder, site_files(read_model(model, model.parent / "small"), "fp32", runtime))
    return folder


def text(chrome: Chrome, css: str) -> str:
    """Return what people see there, nothing where it is hidden."""
    seen = "const one = document.querySelector(arguments[0]); return one?.checkVisibility() ? one.innerText : ''"
    return str(chrome.execute_script(seen, css)).replace("\u00a0", " ")


def visit(chrome: Chrome, address: str, language: str = "en-GB") -> None:
    """Open the page, and wait until it says something of the model, or what is wrong."""
    agent = chrome.execute_script("return navigator.userAgent")
    chrome.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})
    chrome.get(address)
    wait_for(chrome, lambda: text(chrome, "#facts") or text(chrome, "#problem"))


def give(chrome: Chrome, *photos: Path) -> list[str]:
    """Choose photos; return the predictions as people see them."""
    chrome.find_element("css selector", "#photos").send_keys("\n".join(map(str, photos)))
    wait_for(chrome, lambda: text(chrome, "#status").startswith(("All photos done", "Alle Fotos")))
    return [one.text.replace("\u00a0", " ") for one in chrome.find_elements("css selector", ".value")]


def photos_of_all_kinds(folder: Path) -> list[Path]:
    """Write photos that a browser decodes: turned, with alpha, grey, of a palette, of 16 bits."""
    rng = np.random.default_rng(3)
    colours = Image.fromarray(rng.integers(0, 256, (90, 140, 3), dtype=np.uint8))
    smooth = Image.fromarray(rng.integers(0, 256, (9, 14, 3), dtype=np.uint8)).resize((700, 450))
    exif = Image.Exif()
    exif[0x0112] = 6
    colours.save(folder / "turned.png", exif=exif)
    smooth.save(folder / "turned.jpg", exif=exif, quality=90)
    smooth.save(folder / "turned.webp", exif=exif, lossless=True)
    Image.fromarray(rng.integers(0, 256, (60, 50, 4), dtype=np.uint8)).save(folder / "clear.png")
    colours.convert("L").save(folder / "grey.jpg")
    colours.convert("CMYK").save(folder / "print.jpg")
    colours.quantize(16).save(folder / "palette.png", transparency=3)
    colours.save(folder / "plain.bmp")
    Image.fromarray(rng.integers(0, 65536, (40, 60), dtype=np.uint16)).save(folder / "deep.png")
    return sorted(folder.iterdir())


def predicted(model: Path, photos: list[Path], samples: dict[str, Any]) -> pd.DataFrame:
    predictor = load_onnx(model)
    pictures = np.stack([decode(photo.read_bytes(), 32, "pad")[0] for photo in photos])
    return predictor.predict(pictures, pd.DataFrame([samples] * len(photos)))


def test_from_the_second_visit_on_it_needs_no_network(
    chrome: Chrome, downloads: Path, tmp_path: Path, write_onnx: WriteOnnx, runtime: dict[str, bytes]
) -> None:
    (tmp_path / "photos").mkdir()
    photos = photos_of_all_kinds(tmp_path / "photos")
    model = write_onnx(tmp_path / "model.onnx", features=True, novelty=True)
    with serve_folder(write(tmp_path / "site", model, runtime)) as server:
        visit(chrome, server.address)
    visit(chrome, server.address)
    assert chrome.execute_script("return crossOriginIsolated"), "so that it may use several threads"
    assert chrome.execute_cdp_cmd("Page.getInstallabilityErrors", {}) == {"installabilityErrors": []}
    chrome.find_element("css selector", "#features summary").click()
    chrome.find_element("css selector", "[name=age]").send_keys("6\t")
    assert len(give(chrome, *photos)) == len(photos)
    assert " on this device." in text(chrome, "#facts")
    chrome.find_element("css selector", "#download").click()
    path = downloads / "predictions.csv"
    wait_for(chrome, path.exists)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    path.unlink()
    expected = predicted(model, photos, {"age": 6.0, "soil": None})
    assert [row["file"] for row in rows] == [photo.name for photo in photos]
    for row, (_, right) in zip(rows, expected.iterrows(), strict=True):
        # The colours of a JPEG in CMYK are converted by the browser, in its own way.
        most = 0.02 if row["file"] == "print.jpg" else 1e-4
        made = [float(row[name]) for name in ("prediction", "low", "high")]
        assert made == pytest.approx([right["prediction"], right["low"], right["high"]], abs=most), row["file"]
        assert row["unlike"] == str(right["unlike"]).lower()
    assert find_violations(chrome) == []
    wait_for(chrome, lambda: f"kept on this device: {len(photos)}." in text(chrome, "#kept"))
    visit(chrome, server.address)
    values = [one.text for one in chrome.find_elements("css selector", ".value")]
    assert len(values) == len(photos), "the photos are still there"
    assert [one for one in chrome.get_log("browser") if "favicon" not in one["message"]] == []


def test_the_page_may_ask_nobody_for_anything(
    chrome: Chrome, tmp_path: Path, write_onnx: WriteOnnx, runtime: dict[str, bytes]
) -> None:
    asked = "fetch(arguments[0]).then(() => 'answered', (error) => String(error)).then(arguments[1])"
    (tmp_path / "other").mkdir()
    site = write(tmp_path / "site", write_onnx(tmp_path / "model.onnx"), runtime)
    with serve_folder(site) as server, serve_folder(tmp_path / "other") as other:
        elsewhere = other.address
        visit(chrome, server.address)
        assert chrome.execute_async_script(asked, elsewhere) == "TypeError: Failed to fetch"
        in_worker = f"fetch('{elsewhere}').then(() => postMessage('answered'), (error) => postMessage(String(error)))"
        (site / "page/other.js").write_text(in_worker, encoding="utf-8")
        start = "new Worker('page/other.js').onmessage = ({ data }) => arguments[0](data)"
        assert chrome.execute_async_script(start) == "TypeError: Failed to fetch"
    refused = [one["message"] for one in chrome.get_log("browser")]
    assert any("Content Security Policy" in one for one in refused)


@pytest.mark.parametrize(
    ("language", "on_the_way", "at_rest"),
    [
        ("en-GB", "The files of this page did not come whole.", "The copy of the model on this device is damaged"),
        ("de-DE", "Die Dateien dieser Seite sind nicht vollständig", "Die Kopie des Modells auf diesem Gerät ist"),
    ],
)
def test_a_damaged_model_is_refused_on_its_way_and_at_rest(  # noqa: PLR0913, PLR0917
    chrome: Chrome, tmp_path: Path, write_onnx: WriteOnnx, runtime: dict[str, bytes],
    language: str, on_the_way: str, at_rest: str,
) -> None:  # fmt: skip
    site = write(tmp_path / "site", write_onnx(tmp_path / "model.onnx"), runtime)
    whole = (site / "models/model.onnx").read_bytes()
    with serve_folder(site) as server:
        (site / "models/model.onnx").write_bytes(whole[:-100])
        visit(chrome, server.address, language)
        assert text(chrome, "#problem").startswith(on_the_way)
        assert not text(chrome, "#drop")
        (site / "models/model.onnx").write_bytes(whole)
        visit(chrome, server.address, language)
        assert text(chrome, "#drop")
    damage = """
        const [name] = (await caches.keys()).filter((one) => one.includes(location.origin));
        await (await caches.open(name)).put("models/model.onnx", new Response("only words"));
    """
    chrome.execute_async_script(f"(async () => {{ {damage} }})().then(arguments[0])")
    visit(chrome, server.address, language)
    assert text(chrome, "#problem").startswith(at_rest)
    assert not text(chrome, "#drop")
    chrome.get_log("browser")


def test_a_newer_site_is_offered_and_not_forced(
    chrome: Chrome, tmp_path: Path, write_onnx: WriteOnnx, runtime: dict[str, bytes]
) -> None:
    Image.new("RGB", (32, 32), (100, 0, 0)).save(tmp_path / "photo.png")
    site = write(tmp_path / "site", write_onnx(tmp_path / "model.onnx"), runtime)
    with serve_folder(site) as server:
        visit(chrome, server.address)
        before = text(chrome, "#facts")
        write(site, write_onnx(tmp_path / "model.onnx", scale=0.02), runtime)
        visit(chrome, server.address)
        wait_for(chrome, lambda: text(chrome, "#newer").startswith("A newer version"))
        assert not text(chrome, "#status"), "it comes without a word"
        assert text(chrome, "#facts") == before
        assert give(chrome, tmp_path / "photo.png") == ["1.00 g (0.88 to 1.12)"]
        chrome.find_element("css selector", "#clear").click()
        chrome.switch_to.alert.accept()
        chrome.find_element("css selector", "#load").click()
        wait_for(chrome, lambda: text(chrome, "#facts") not in {"", before})
        assert give(chrome, tmp_path / "photo.png") == ["2.00 g (1.88 to 2.12)"]
        assert not text(chrome, "#newer")
        kept = "caches.keys().then((names) => names.filter((one) => one.includes(location.origin))).then(arguments[0])"
        assert len(chrome.execute_async_script(kept)) == 1, "the older files are gone"


def test_classes_come_with_what_else_it_may_be(
    chrome: Chrome, tmp_path: Path, write_onnx: WriteOnnx, runtime: dict[str, bytes]
) -> None:
    leaf = Image.new("RGB", (32, 32), (60, 60, 50))
    leaf.paste((140, 60, 50), (0, 0, 16, 16))
    leaf.save(tmp_path / "leaf.png")
    with serve_folder(write(tmp_path / "site", write_onnx(tmp_path / "model.onnx", classes=True), runtime)) as server:
        visit(chrome, server.address, "de-DE")
        assert give(chrome, tmp_path / "leaf.png") == ["red"]
        assert text(chrome, ".top").split("\n") == ["red", "98 %", "green", "2 %", "blue", "0 %"]
        chrome.find_element("css selector", ".look").click()
        wait_for(chrome, lambda: text(chrome, ".seen"))
        assert text(chrome, ".seen").startswith("Entscheidend war vor allem der Bereich oben links.")

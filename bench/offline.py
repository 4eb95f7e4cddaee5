"""What the page without a server costs in headless Chromium, and how near its predictions are to Python's.

    python bench/offline.py            # both, some minutes
    python bench/offline.py cost       # first visit, memory, and time of 1 and 100 photos, by format and threads
    python bench/offline.py same       # predictions of MODEL for the photos in PHOTOS, against src/predict.py

`cost` takes a BACKBONE with random weights, which are as fast as trained ones, for pictures of 224 px. The single photo
has 12 megapixels, the hundred have 2. Memory is that of the browser's process for the page (PSS).
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from PIL import Image
from selenium.webdriver import Chrome

from specimen.common.markdown_table import markdown_table
from specimen.data.readers.decode import decode
from specimen.models.model import make_model
from specimen.onnx.export import to_onnx
from specimen.onnx.network import load_onnx
from specimen.onnx.small import to_fp16, to_int8
from specimen.site.folder import site_files, write_site
from specimen.site.formats import WHOLE, read_model
from specimen.site.runtime import read_runtime

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tools"))
import builders
from pages.chromium import open_chromium, wait_for
from pages.static_server import serve_folder

ROOT = Path(__file__).parents[1]
BACKBONE = os.environ.get("BACKBONE", "mobilenet_v3_large")
MODEL = Path(os.environ.get("MODEL", ROOT / "models/model.onnx"))
PHOTOS = Path(os.environ.get("PHOTOS", ROOT / "data/sample/images"))
COUNT = int(os.environ.get("COUNT", "100"))
SIZE = 224


def main() -> None:
    """Measure what the command line names, or both."""
    wanted = sys.argv[1:] or ["cost", "same"]
    with tempfile.TemporaryDirectory() as name:
        for one in wanted:
            {"cost": cost, "same": same}[one](Path(name))


def cost(tmp: Path) -> None:
    """Print a row for each format and number of threads."""
    formats = write_models(tmp / "models")
    photo, photos = tmp / "photo.jpg", tmp / "photos"
    draw(photo, 4032, 3024)
    draw(photos / "0.jpg", 1632, 1224)
    for number in range(1, COUNT):
        (photos / f"{number}.jpg").hardlink_to(photos / "0.jpg")
    rows = []
    for chosen in formats:
        make_site(tmp / "models/model.onnx", tmp / chosen, chosen)
        rows += [[chosen, *cost_of(tmp / chosen, threads, photo, sorted(photos.iterdir()))] for threads in (1, 4)]
    header = ["format", "threads", "first visit MB", "s", "1 photo s", f"{COUNT} photos s", "CPU s", "memory MB"]
    print(f"{BACKBONE}, {SIZE} px\n\n{markdown_table(header, rows, aligned=True)}")


def cost_of(site: Path, threads: int, photo: Path, photos: list[Path]) -> list[str]:
    """Return the cells of a row: threads, megabytes and seconds of a first visit, seconds for photos, memory."""
    with serve_folder(site) as server, open_page(server.address, f"?threads={threads}") as (chrome, first):
        used = chrome.execute_script("return Math.min(arguments[0], navigator.hardwareConcurrency)", threads)
        single = seconds_for(chrome, [photo])
        before = renderer(chrome).cpu_times()
        many = seconds_for(chrome, photos)
        after = renderer(chrome).cpu_times()
        computed = after.user + after.system - before.user - before.system
        memory = renderer(chrome).memory_full_info().pss / 1e6
        print(f"WebGPU: {chrome.execute_async_script(ADAPTER)}", flush=True)
    numbers = [server.sent / 1e6, first, single, many, computed]
    return [str(used), *(f"{number:.1f}" for number in numbers), f"{memory:.0f}"]


ADAPTER = """
    const done = arguments[0];
    const describe = (found) => (found ? found.info.description || "there is one" : "none here");
    if (!navigator.gpu) done(describe(null));
    else navigator.gpu.requestAdapter().then((found) => done(describe(found)));
"""


def same(tmp: Path) -> None:
    """Print how far the predictions of the page are from those of Python, as shares of the widths of the intervals."""
    photos = sorted(PHOTOS.iterdir())[:COUNT]
    make_site(MODEL, tmp / "site", WHOLE)
    with serve_folder(tmp / "site") as server, open_page(server.address, downloads=tmp) as (chrome, _):
        seconds_for(chrome, photos)
        chrome.find_element("css selector", "#download").click()
        wait_for(chrome, (tmp / "predictions.csv").exists)
    with (tmp / "predictions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["prediction"]]
    predictor = load_onnx(MODEL)
    meta = predictor.meta
    read = [decode((PHOTOS / row["file"]).read_bytes(), meta.image_size, meta.resize)[0] for row in rows]
    table = predictor.predict(np.stack(read), pd.DataFrame([dict.fromkeys(meta.features)] * len(rows)))
    made = np.array([float(row["prediction"]) for row in rows])
    apart = np.abs(made - table["prediction"]) / (table["high"] - table["low"])
    print(
        f"{len(rows)} photos: predictions are {apart.mean():.4%} of the width of their interval apart on average, "
        f"{apart.max():.4%} at most"
    )


def write_models(folder: Path) -> list[str]:
    """Write a model in all formats; return their names."""
    (folder / "small").mkdir(parents=True)
    meta = builders.model_meta(backbone=BACKBONE, dataset=builders.dataset_meta(image_size=SIZE))
    exact = to_onnx(make_model(BACKBONE, 1, SIZE), meta)
    images = np.random.default_rng(0).integers(0, 256, (16, SIZE, SIZE, 3), dtype=np.uint8)
    (folder / "model.onnx").write_bytes(exact)
    (folder / "small/model.fp16.onnx").write_bytes(to_fp16(exact, meta))
    (folder / "small/model.int8.onnx").write_bytes(to_int8(exact, meta, [{"images": images}]))
    return [WHOLE, "fp16", "int8"]


def make_site(model: Path, folder: Path, chosen: str) -> None:
    """Write the site that loads a model in one format."""
    runtime = read_runtime(ROOT / "node_modules", ROOT / "package.json")
    write_site(folder, site_files(read_model(model, model.parent / "small"), chosen, runtime))


def draw(path: Path, width: int, height: int) -> None:
    """Draw a JPEG with the detail of a photograph."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    scene = Image.fromarray(rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)).resize((width, height))
    noisy = np.asarray(scene, np.float32) + rng.normal(0, 6, (height, width, 3)).astype(np.float32)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=85)


@contextmanager
def open_page(address: str, query: str = "", downloads: Path | None = None) -> Iterator[tuple[Chrome, float]]:
    """Open the page in a new browser; yield it with the seconds until it takes photos."""
    with open_chromium(downloads=downloads) as chrome:
        begin = time.perf_counter()
        chrome.get(address + query)
        wait_for(chrome, lambda: chrome.execute_script("return !document.getElementById('drop').hidden"))
        yield chrome, time.perf_counter() - begin


def seconds_for(chrome: Chrome, photos: list[Path]) -> float:
    """Return how long the page takes for photos; a single one is then removed."""
    begin = time.perf_counter()
    chrome.find_element("css selector", "#photos").send_keys("\n".join(map(str, photos)))
    done = f"return document.querySelectorAll('.card[aria-busy=false]').length === {len(photos)}"
    while not chrome.execute_script(done):
        time.sleep(0.02)
    seconds = time.perf_counter() - begin
    if len(photos) == 1:
        chrome.execute_script("confirm = () => true; document.getElementById('clear').click()")
    return seconds


def renderer(chrome: Chrome) -> Any:
    """Return the largest process that shows pages."""
    processes = psutil.Process(chrome.service.process.pid).children(recursive=True)
    pages = [one for one in processes if "--type=renderer" in one.cmdline()]
    return max(pages, key=lambda one: one.memory_info().rss)


if __name__ == "__main__":
    main()

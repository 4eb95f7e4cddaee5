"""Chromium without a window: for tests of pages, and for pictures of them. It reaches this machine and no other."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
from unittest import mock

from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.support.ui import WebDriverWait

from specimen.common.errors import SpecimenError

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
INSTALL = "no chromium with chromedriver on this machine (Debian: apt-get install chromium chromium-driver)"
COLOURS = 256
"""Of a picture of a page: nobody sees the difference, and the file is a third of what it would be."""
QUALITY = 85
"""Of a picture with photos, whose thousands of colours make a PNG five times as large."""
LARGEST = 150_000
"""Bytes of a picture in the docs."""

T = TypeVar("T")


@contextmanager
def open_chromium(
    width: int = 1280, height: int = 900, downloads: Path | None = None, profile: Path | None = None
) -> Iterator[webdriver.Chrome]:
    """Start a browser; a context, at whose end it is gone. What it keeps is in `profile`, and without one for nothing.

    Raises `SpecimenError` where there is none.
    """
    if not (BROWSER and DRIVER):
        raise SpecimenError(INSTALL)
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    # Without a sandbox, for it refuses to work for root, which containers are.
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "no-proxy-server"):
        options.add_argument(f"--{argument}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.add_argument(f"--window-size={width},{height}")
    if profile is not None:
        options.add_argument(f"--user-data-dir={profile}")
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    with mock.patch.dict(os.environ, {"NO_PROXY": "127.0.0.1,localhost"}):
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            yield driver
        finally:
            driver.quit()


def wait_for(chrome: webdriver.Chrome, look: Callable[[], T | None], seconds: float = 120, every: float = 0.1) -> T:
    """Return what `look` finds, as soon as it is something. Raises `TimeoutException` with the text of the page."""
    wait = WebDriverWait(chrome, seconds, every, ignored_exceptions=[StaleElementReferenceException])
    try:
        return cast(T, wait.until(lambda _: look()))
    except TimeoutException:
        raise TimeoutException(f"after {seconds:g} s the page says:\n{page_text(chrome)}") from None


def page_text(chrome: webdriver.Chrome) -> str:
    """Return the text that the page shows."""
    return str(chrome.execute_script("return document.body.innerText"))


def set_viewport(chrome: webdriver.Chrome, width: int, height: int) -> None:
    """Let pages have a size in pixels, whatever the window has around them."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    chrome.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})


@contextmanager
def emulated(chrome: webdriver.Chrome, scheme: str, device: dict[str, Any]) -> Iterator[None]:
    """Let the browser be on a device with such a screen, in a light or dark scheme."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        yield
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def save_picture(chrome: webdriver.Chrome, path: Path, bottom: int | None = None) -> None:
    """Save what the window shows, down to row `bottom`; see `write_picture`."""
    shown = Image.open(io.BytesIO(chrome.get_screenshot_as_png())).convert("RGB")
    write_picture(path, shown.crop((0, 0, shown.width, min(bottom or shown.height, shown.height))))


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture of the docs: a PNG of few colours, or a WebP where there are photos on it.

    Raises `SpecimenError` for one that is too large.
    """
    small = io.BytesIO()
    if path.suffix == ".webp":
        picture.save(small, "WEBP", quality=QUALITY, method=6)
    else:
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    if (size := small.tell()) > LARGEST:
        raise SpecimenError(f"{path}: {size} bytes; a picture of the docs has {LARGEST} at most. Show less.")
    path.write_bytes(small.getvalue())

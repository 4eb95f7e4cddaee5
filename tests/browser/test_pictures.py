"""Pictures of pages for the docs: small files, and what they show is as it was on the screen."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pages.chromium import save_picture
from PIL import Image

from specimen.common.errors import SpecimenError


def screen_of(pixels: Any) -> Any:
    """Return what looks like a browser that shows these pixels."""
    shown = io.BytesIO()
    Image.fromarray(pixels).save(shown, "PNG")
    return SimpleNamespace(get_screenshot_as_png=shown.getvalue)


def test_a_picture_has_a_palette_and_ends_where_it_should(tmp_path: Path) -> None:
    page = np.full((60, 80, 3), 255, np.uint8)
    page[10:20, 10:70] = (79, 67, 221)
    save_picture(screen_of(page), tmp_path / "page.png", bottom=40)
    saved = Image.open(tmp_path / "page.png")
    assert (saved.mode, saved.size) == ("P", (80, 40))
    np.testing.assert_array_equal(np.asarray(saved.convert("RGB")), page[:40])


def test_a_picture_with_photos_is_a_webp_that_looks_the_same(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 240).astype(np.uint8)
    photo = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(90)), axis=2)
    save_picture(screen_of(photo), tmp_path / "page.webp")
    saved = Image.open(tmp_path / "page.webp")
    assert (saved.format, saved.size) == ("WEBP", (240, 240))
    assert np.abs(np.asarray(saved.convert("RGB"), np.int16) - photo).mean() < 4


def test_a_picture_too_large_for_the_docs_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    with pytest.raises(SpecimenError, match=r"page\.png: \d+ bytes; a picture of the docs has 150000 at most"):
        save_picture(screen_of(noise), tmp_path / "page.png")
    assert list(tmp_path.iterdir()) == []

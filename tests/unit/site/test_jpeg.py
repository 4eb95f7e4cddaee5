"""JavaScript decodes a JPEG to the very levels that Pillow makes of it, at every scale."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from javascript import run_javascript
from needs import needs_javascript
from PIL import Image

from specimen.data.readers.decode import decode

pytestmark = needs_javascript

SCALES = (1, 2, 4, 8)
DECODE = """
    const { readJpeg } = await import(`${page}/jpeg.js`);
    return given.map(([content, scale]) => {
        const image = readJpeg(new Uint8Array(Buffer.from(content, "base64")))?.decode(scale);
        return image ? [image.width, image.height, Buffer.from(image.data).toString("base64")] : null;
    });
"""
TO_SQUARE = """
    const { jpegToSquare } = await import(`${page}/decode.js`);
    const { readJpeg } = await import(`${page}/jpeg.js`);
    const { takeOrientation } = await import(`${page}/metadata.js`);
    return given.map(([content, size, resize]) => {
        const bytes = new Uint8Array(Buffer.from(content, "base64"));
        const { orientation } = takeOrientation(bytes, "JPEG");
        return Buffer.from(jpegToSquare(readJpeg(bytes), { size, resize }, orientation).data).toString("base64");
    });
"""


def photo(width: int, height: int, grain: int = 9) -> Image.Image:
    """Return colours that change within so many pixels, and now and then from one to the next."""
    rng = np.random.default_rng(width + height)
    spots = rng.integers(0, 256, (max(2, height // grain), max(2, width // grain), 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(spots).resize((width, height), Image.Resampling.BICUBIC)).copy()
    image[:: 2 * grain] = 255 - image[:: 2 * grain]
    return Image.fromarray(image)


def jpeg(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def decoded(cases: list[tuple[bytes, int]]) -> list[npt.NDArray[np.uint8] | None]:
    """Return what JavaScript decodes of files at scales, None for what it leaves to the browser."""
    found = run_javascript(DECODE, [[base64.b64encode(content).decode(), scale] for content, scale in cases])
    return [one and np.frombuffer(base64.b64decode(one[2]), np.uint8).reshape(one[1], one[0], 3) for one in found]


def by_pillow(content: bytes, scale: int) -> npt.NDArray[np.uint8]:
    image = Image.open(io.BytesIO(content))
    sides = image.size
    image.draft("RGB", (max(1, sides[0] // scale), max(1, sides[1] // scale)))
    pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[:2] == (-(-sides[1] // scale), -(-sides[0] // scale))
    return pixels


def assert_same(cases: list[tuple[bytes, int]]) -> None:
    for made, (content, scale) in zip(decoded(cases), cases, strict=True):
        np.testing.assert_array_equal(made, by_pillow(content, scale))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_every_sampling_is_decoded_to_the_same_levels(subsampling: str) -> None:
    files = [
        jpeg(photo(*sides), subsampling=subsampling, quality=quality, progressive=progressive)
        for sides in ((160, 120), (161, 131), (17, 9), (250, 33))
        for quality, progressive in ((40, False), (92, True))
    ]
    assert_same([(content, scale) for content in files for scale in SCALES])


def test_the_smallest_photos_are_decoded_too() -> None:
    assert_same([(jpeg(photo(*sides, grain=2), subsampling=2), 1) for sides in ((1, 1), (3, 5), (8, 8), (4, 1))])


@pytest.mark.parametrize("progressive", [False, True])
def test_grey_photos_restarts_and_coarse_tables_are_read(progressive: bool) -> None:
    image = photo(120, 70)
    files = [
        jpeg(image.convert("L"), progressive=progressive),
        jpeg(image, restart_marker_blocks=3, progressive=progressive),
        jpeg(image, restart_marker_rows=1, optimize=True, progressive=progressive),
        jpeg(image, quality=1, progressive=progressive),
        jpeg(image, quality=100, progressive=progressive),
        jpeg(image, keep_rgb=True, subsampling=0, progressive=progressive),
    ]
    assert_same([(content, scale) for content in files for scale in (1, 2)])


def test_a_photo_becomes_the_very_square_of_python() -> None:
    exif = Image.Exif()
    cases = []
    for orientation, sides in ((1, (700, 450)), (6, (333, 700)), (3, (500, 480))):
        exif[0x0112] = orientation
        content = jpeg(photo(*sides), exif=exif)
        cases += [(content, size, resize) for size, resize in ((32, "pad"), (96, "crop"), (150, "stretch"))]
    given = [[base64.b64encode(content).decode(), size, resize] for content, size, resize in cases]
    for made, (content, size, resize) in zip(run_javascript(TO_SQUARE, given), cases, strict=True):
        right = decode(content, size, resize)[0]  # type: ignore[arg-type]
        square = np.frombuffer(base64.b64decode(made), np.uint8).reshape(right.shape)
        np.testing.assert_array_equal(square, right)


def test_what_it_cannot_read_is_left_to_the_browser() -> None:
    whole = jpeg(photo(160, 120))
    cut = whole[: len(whole) // 2] + b"\xff\xd9"
    wrong = whole.replace(b"\xff\xc4\x00\x1f\x00\x00\x01", b"\xff\xc4\x00\x1f\x00\x00\x00", 1)  # a code less
    assert wrong != whole
    files = [jpeg(photo(160, 120).convert("CMYK")), cut, wrong, b"\xff\xd8\xff", whole[:30]]
    assert [one is None for one in decoded([(content, 1) for content in files])] == [True] * len(files)

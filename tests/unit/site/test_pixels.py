"""JavaScript makes of decoded pixels the square that Pillow makes, level by level."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from javascript import run_javascript
from needs import needs_javascript
from PIL import Image

from specimen.data.readers.decode import decode

pytestmark = needs_javascript

TO_SQUARES = """
    const { toSquare } = await import(`${page}/decode.js`);
    const { formatOf, takeOrientation } = await import(`${page}/metadata.js`);
    return given.map(({ content, pixels, width, height, size, resize }) => {
        const bytes = new Uint8Array(Buffer.from(content, "base64"));
        const data = Buffer.from(pixels, "base64");
        const rowsOf = (top, end) => data.subarray(4 * top * width, 4 * end * width);
        const read = (top, height) => ({ width, height, data: rowsOf(top, top + height) });
        const format = formatOf(bytes);
        const { orientation } = takeOrientation(bytes, format);
        const picture = toSquare([width, height], read, { size, resize, format, orientation });
        return Buffer.from(picture.data).toString("base64");
    });
"""


@dataclass(frozen=True)
class Case:
    """A file, and how a model sees it."""

    content: bytes
    size: int = 32
    resize: Any = "pad"


def squares(cases: Iterable[Case]) -> list[npt.NDArray[np.int16]]:
    """Return what JavaScript makes of the pixels that Pillow decodes, as a browser would: all of them, not turned."""
    given = []
    for case in cases:
        stored = Image.open(io.BytesIO(case.content)).convert("RGBA")
        given.append(
            {
                "content": base64.b64encode(case.content).decode(),
                "pixels": base64.b64encode(stored.tobytes()).decode(),
                "width": stored.width,
                "height": stored.height,
                "size": case.size,
                "resize": case.resize,
            }
        )
    made = [np.frombuffer(base64.b64decode(one), np.uint8) for one in run_javascript(TO_SQUARES, given)]
    return [one.reshape(case.size, case.size, 3).astype(np.int16) for one, case in zip(made, cases, strict=True)]


def differences(cases: list[Case]) -> list[int]:
    """Return the largest difference of a level between JavaScript and Pillow, by case."""
    expected = [decode(case.content, case.size, case.resize)[0] for case in cases]
    return [int(np.abs(made - right).max()) for made, right in zip(squares(cases), expected, strict=True)]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(width: int, height: int, channels: int = 3) -> Image.Image:
    """Return a picture in which each level of each pixel counts."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, channels), dtype=np.uint8))


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
def test_every_size_is_resized_to_the_levels_of_pillow(resize: str) -> None:
    sides = [(180, 120), (120, 181), (32, 32), (33, 31), (7, 5), (1, 1), (1, 5000), (5000, 1), (1001, 333), (640, 480)]
    found = differences([Case(encoded(noise(*one)), size, resize) for one in sides for size in (32, 97)])
    # Where it is faster, Pillow scales down before across, and so rounds at another place.
    assert max(found) <= 1
    assert found.count(0) > 15


def test_every_mode_gives_the_same_levels() -> None:
    colours = noise(180, 120)
    modes = [colours.convert(mode) for mode in ("L", "1", "P", "RGB")] + [noise(180, 120, 4), noise(180, 120, 2)]
    palette = colours.quantize(16)
    cases = [Case(encoded(one)) for one in modes] + [Case(encoded(palette, transparency=3))]
    assert set(differences(cases)) == {0}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turned_photo_is_turned_as_pillow_turns_it(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    small = noise(41, 23)
    cases = [Case(encoded(small, kind, exif=turned(one), **options)) for one in range(10)]
    assert set(differences(cases)) == {0}
    assert len({made.tobytes() for made in squares(cases)}) == 8, "0 and 9 are not orientations"


def test_the_orientation_in_xmp_counts_where_exif_has_none() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    cases = [Case(encoded(noise(40, 24), kind, xmp=xmp)) for kind in ("JPEG", "WEBP")]
    assert max(differences(cases)) <= 1
    upright = [Case(encoded(noise(40, 24), kind)) for kind in ("JPEG", "WEBP")]
    assert all((one != other).any() for one, other in zip(squares(cases), squares(upright), strict=True))


def test_a_large_jpeg_is_nearly_what_pillow_decodes_to_an_eighth() -> None:
    spots = noise(6, 4).resize((1200, 800), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(2).normal(0, 12, (800, 1200, 3))
    photo = Image.fromarray((np.asarray(spots) + grain).clip(0, 255).astype(np.uint8))
    cases = [Case(encoded(photo, "JPEG", quality=90), size) for size in (96, 224, 512)]
    for made, case in zip(squares(cases), cases, strict=True):
        difference = made - decode(case.content, case.size, "pad")[0]
        assert np.abs(difference).max() <= 8, "libjpeg smooths colours less where it decodes to a part of the size"
        assert np.abs(difference).mean() < 0.5
        assert abs(difference.mean()) < 0.1


def test_damaged_metadata_do_not_matter() -> None:
    content = encoded(noise(41, 23), "JPEG", exif=turned(6))
    at = content.index(b"Exif\0\0") + 10
    cases = [Case(content[:at] + bytes([255] * 4) + content[at + 4 :])]
    with pytest.warns(UserWarning, match="EXIF"):
        assert differences(cases) == [0]


def test_the_browser_gets_the_file_without_its_orientation() -> None:
    program = """
        const { formatOf, takeOrientation } = await import(`${page}/metadata.js`);
        return given.map((one) => {
            const bytes = new Uint8Array(Buffer.from(one, "base64"));
            const { orientation, parts } = takeOrientation(bytes, formatOf(bytes));
            return [orientation, Buffer.concat(parts).toString("base64")];
        });
    """
    kinds = ("JPEG", "PNG", "WEBP")
    files = [encoded(noise(41, 23), kind, exif=turned(6)) for kind in kinds]
    answers = run_javascript(program, [base64.b64encode(one).decode() for one in files])
    assert [orientation for orientation, _ in answers] == [6, 6, 6]
    for kind, (_, content) in zip(kinds, answers, strict=True):
        exif = Image.open(io.BytesIO(base64.b64decode(content))).getexif()
        assert exif.get(0x0112, 1) == 1, kind


@pytest.mark.parametrize("kind", ["BMP", "JPEG", "PNG", "WEBP"])
def test_a_truncated_photo_is_noticed(kind: str) -> None:
    program = """
        const { formatOf, isWhole } = await import(`${page}/metadata.js`);
        return given.map((one) => {
            const bytes = new Uint8Array(Buffer.from(one, "base64"));
            return isWhole(bytes, formatOf(bytes));
        });
    """
    content = encoded(Image.new("RGB", (401, 300), "red"), kind)
    cut = content[:-20]
    if kind == "JPEG":  # with the end of a thumbnail in it
        cut = cut[:2] + b"\xff\xe1\x00\x0aExif\0\0\xff\xd9" + cut[2:]
    files = [base64.b64encode(one).decode() for one in (content, cut, content + b"more")]
    assert run_javascript(program, files) == [True, False, True]

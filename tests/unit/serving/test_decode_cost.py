"""What an image costs is known before it is decoded."""

import io
import math

import builders
import pytest
from PIL import Image

from specimen.serving import decode_cost as module
from specimen.serving.decode_cost import NOTHING, decode_cost


def image(kind: str, sides: tuple[int, int], **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", sides).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "memory", "nanoseconds"),
    [
        (image("PNG", (80, 60)), 4800 * 20, 4800 * 30),
        (image("WEBP", (80, 60)), 4800 * 20, 4800 * 30),
        (image("JPEG", (80, 60)), 300 * 5, 4800 * 3),
        (image("JPEG", (80, 60), progressive=True), 300 * 5 + 4800 * 8, 4800 * 30),
    ],
)
def test_the_cost_grows_with_the_pixels_and_the_scans(content: bytes, memory: int, nanoseconds: int) -> None:
    cost = decode_cost(content, 20, "pad", 10_000)
    assert (cost.memory, cost.seconds) == (memory, pytest.approx(nanoseconds / 1e9))


@pytest.mark.parametrize(
    "content",
    [image("PNG", (400, 300)), image("WEBP", (400, 300)), image("JPEG", (400, 300)), builders.jpeg_of_scans(101),
     b"words", b""],
)  # fmt: skip
def test_what_is_refused_at_its_head_costs_nothing(content: bytes) -> None:
    assert decode_cost(content, 20, "pad", 10_000) == NOTHING


def test_a_tile_larger_than_its_image_counts() -> None:
    content = builders.tiff({256: 16, 257: 16, 258: 8, 259: 5, 262: 1, 322: 64, 323: 32, 324: 200, 325: 100})
    assert decode_cost(content + bytes(200), 20, "pad", 10_000).memory == 64 * 32 * 20


def test_heic_is_decoded_where_it_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "can_read_heif", lambda: True)
    assert decode_cost(b"\0\0\0\x18ftypheic", 20, "pad", 10_000).memory == math.inf
    monkeypatch.setattr(module, "can_read_heif", lambda: False)
    assert decode_cost(b"\0\0\0\x18ftypheic", 20, "pad", 10_000) == NOTHING

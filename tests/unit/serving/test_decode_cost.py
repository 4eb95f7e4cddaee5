"""What an image costs is known before it is decoded."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import builders
import pytest
from PIL import Image

from specimen.serving import decode_cost
from specimen.serving.decode_cost import SMALL, DecodeMemory, TooManyScansError


def image(kind: str, sides: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", sides).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "cost"),
    [
        (image("PNG", (40, 30)), 40 * 30 * 20),
        (image("WEBP", (40, 30)), 40 * 30 * 28),
        (image("JPEG", (40, 30)), 40 * 30 * 10),
        (image("PNG", (400, 300)), 0),  # refused for its pixels
        (b"words", 0),
        (b"", 0),
    ],
)
def test_the_cost_grows_with_the_pixels(content: bytes, cost: int) -> None:
    assert decode_cost.decode_cost(content, 10_000) == cost


def test_a_large_jpeg_may_have_fewer_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    content = builders.jpeg_of_scans(30)
    assert decode_cost.decode_cost(content, 1000) == 256 * 10
    monkeypatch.setattr(decode_cost, "PIXELS_TIMES_SCANS", 256 * 25)
    with pytest.raises(TooManyScansError, match="more than 25 scans"):
        decode_cost.decode_cost(content, 1000)
    assert decode_cost.decode_cost(builders.jpeg_of_scans(20), 1000) == 256 * 10


def test_images_wait_for_memory_and_a_larger_one_is_alone() -> None:
    memory, lock, holding = DecodeMemory(100 * SMALL), threading.Lock(), list[int]()

    def use(amount: int) -> list[int]:
        with memory.reserved(amount * SMALL + 1):
            with lock:
                holding.append(amount)
            time.sleep(0)  # lets another thread in
            with lock:
                seen = list(holding)
                holding.remove(amount)
        return seen

    with ThreadPoolExecutor(8) as pool:
        for seen in pool.map(use, [40, 30, 60, 500, 10, 90] * 50):
            assert sum(seen) < 100 or seen == [500]

"""The scans of a JPEG are counted from its markers, not from bytes that look like one."""

import io

import builders
import numpy as np
import pytest
from PIL import Image

from specimen.data.readers.jpeg_scans import count_scans, has_too_many_scans

SCAN = b"\xff\xda"


def jpeg(**options: object) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(("content", "scans"), [
    (jpeg(), 1),
    (jpeg(restart_marker_blocks=1), 1),
    (jpeg(progressive=True), 10),
    (jpeg(exif=b"Exif\0\0" + SCAN * 500), 1),
    (jpeg(comment=SCAN * 500), 1),
    (jpeg() + SCAN * 500, 1),
    (jpeg()[:200], 0),
    (builders.jpeg_of_scans(60), 60),
    (builders.jpeg_of_scans(8000), 101),
    (b"\xff\xd8" + (SCAN + b"\0\2") * 500, 101),
    (b"\xff\xd8\xff", 0),
    (b"\x89PNG" + SCAN * 500, 0),
    (b"", 0),
])  # fmt: skip
def test_scans_are_counted(content: bytes, scans: int) -> None:
    assert count_scans(content) == scans


def test_few_real_scans_are_not_too_many_whatever_looks_like_one() -> None:
    assert has_too_many_scans(builders.jpeg_of_scans(101))
    assert not has_too_many_scans(builders.jpeg_of_scans(100))
    assert not has_too_many_scans(jpeg(comment=SCAN * 500))

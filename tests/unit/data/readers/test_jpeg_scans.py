"""The scans of a JPEG are counted from its markers, not from bytes that look like one."""

import io

import builders
import numpy as np
import pytest
from PIL import Image

from specimen.data.readers.jpeg_scans import count_scans

SCAN = b"\xff\xda"


def jpeg(**options: object) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", **options)
    return file.getvalue()


def repeated(content: bytes) -> bytes:
    """Repeat the last scan 500 times."""
    last = content[content.rindex(SCAN) : -2]
    return content[:-2] + last * 500 + content[-2:]


def in_three_scans() -> bytes:
    """Return a plain JPEG whose first scan says that it has one component of three."""
    content = bytearray(jpeg())
    content[content.index(SCAN) + 4] = 1
    return bytes(content)


@pytest.mark.parametrize(("content", "scans"), [
    (jpeg(), 1),
    (jpeg(restart_marker_blocks=1), 1),
    (jpeg(progressive=True), 10),
    (jpeg(exif=b"Exif\0\0" + SCAN * 500), 1),
    (jpeg(comment=SCAN * 500), 1),
    (jpeg() + SCAN * 500, 1),
    (repeated(jpeg()), 1),
    (repeated(jpeg(quality=80, progressive=True)), 101),
    (repeated(in_three_scans()), 101),
    (jpeg().replace(b"\xff\xc0", b"\xff\xc9"), 1),
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

"""The scans of a JPEG, counted without decoding it: each costs a pass over the whole picture, however few its bytes."""

from __future__ import annotations

import re

MAX_SCANS = 100
"""A plain JPEG has 1, a progressive one about 10, and libtiff too stops at 100."""

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""A marker; `FF 00` and the restart markers `D0` to `D7` are part of a scan's data (ITU-T T.81, B.1.1)."""
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_SEQUENTIAL_FRAMES = frozenset({0xC0, 0xC1, 0xC9})
"""Frames that are not progressive: a scan with all components is the whole picture."""
_WITHOUT_LENGTH = frozenset({0x01, 0xD8})
"""Markers (TEM, SOI) that no length follows."""


def count_scans(content: bytes) -> int:
    """Return how many scans of a JPEG are decoded, or `MAX_SCANS` + 1 where there are more; 0 for what is not a JPEG.

    A plain JPEG has all in its first scan, and libjpeg reads no other. Only real markers count, not bytes that look
    like one in a thumbnail, or in the video of a moving photo.
    """
    if not content.startswith(b"\xff\xd8"):
        return 0
    scans = 0
    components = 0  # of a sequential frame
    place = 2
    while scans <= MAX_SCANS and (found := _MARKER.search(content, place)):
        marker = found[1][0]
        place = found.end()
        segment = content[place : place + 8]
        if marker == _END_OF_IMAGE:
            break
        if marker in _SEQUENTIAL_FRAMES and len(segment) == 8:
            components = segment[7]
        if marker == _START_OF_SCAN:
            scans += 1
            if len(segment) > 2 and 0 < components <= segment[2]:
                break
        if marker not in _WITHOUT_LENGTH:
            place += max(2, int.from_bytes(segment[:2]))
    return scans

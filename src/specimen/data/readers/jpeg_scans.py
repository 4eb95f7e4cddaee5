"""The scans of a JPEG, counted without decoding it: each costs a pass over the whole picture, however few its bytes."""

from __future__ import annotations

import re

MAX_SCANS = 100
"""A plain JPEG has 1, a progressive one about 10, and libtiff too stops at 100."""

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""A marker; `FF 00` and the restart markers `D0` to `D7` are part of a scan's data (ITU-T T.81, B.1.1)."""
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_WITHOUT_LENGTH = frozenset({0x01, 0xD8})
"""Markers (TEM, SOI) that no length follows."""


def has_too_many_scans(content: bytes, most: int = MAX_SCANS) -> bool:
    """Return whether a JPEG has more than `most` scans."""
    # Nearly all photos are decided by the count of what looks like a scan, at a hundredth of the cost of decoding.
    return content.count(b"\xff\xda") > most and count_scans(content, most) > most


def count_scans(content: bytes, most: int = MAX_SCANS) -> int:
    """Return how many scans a JPEG has, or `most` + 1 where there are more; 0 for what is not a JPEG.

    Only real markers count, not bytes that look like one in a thumbnail, or in the video of a moving photo.
    """
    if not content.startswith(b"\xff\xd8"):
        return 0
    scans = 0
    place = 2
    while scans <= most and (found := _MARKER.search(content, place)):
        marker = found[1][0]
        place = found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker == _START_OF_SCAN:
            scans += 1
        if marker not in _WITHOUT_LENGTH:
            place += max(2, int.from_bytes(content[place : place + 2]))
    return scans

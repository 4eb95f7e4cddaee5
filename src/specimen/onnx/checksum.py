"""A checksum in the metadata of an ONNX file: neither ONNX nor onnxruntime would notice a block of zeros in weights."""

from __future__ import annotations

import hashlib

CHECKSUM = "specimen.blake2b"
"""Key of the metadata."""
DIGITS = 32
EMPTY = "0" * DIGITS
"""The checksum is computed of the file with this in its place."""
_BEFORE_VALUE = CHECKSUM.encode() + bytes([0x12, DIGITS])
"""The key, then the tag of protobuf's second field, and its length. In the JSON next to it 0x12 would be escaped."""


def write_checksum(content: bytes) -> bytes:
    """Return the bytes of an ONNX file whose metadata hold `EMPTY` as `CHECKSUM`, with the checksum filled in."""
    start = content.rindex(_BEFORE_VALUE) + len(_BEFORE_VALUE)
    return content[:start] + _digest(content, start).encode() + content[start + DIGITS :]


def checksum_matches(content: bytes) -> bool | None:
    """Tell whether an ONNX file is as it was written; None: it has no checksum."""
    found = content.rfind(_BEFORE_VALUE)
    if found < 0:
        return None
    start = found + len(_BEFORE_VALUE)
    return content[start : start + DIGITS] == _digest(content, start).encode()


def _digest(content: bytes, start: int) -> str:
    view = memoryview(content)
    digest = hashlib.blake2b(view[:start], digest_size=DIGITS // 2)
    digest.update(EMPTY.encode())
    digest.update(view[start + DIGITS :])
    return digest.hexdigest()

"""A checkpoint: the state of an interrupted run, kept until the run is finished.

It lies beside the outputs of the stage, because DVC removes those before the stage runs. It counts only for the very
configuration that wrote it: the fingerprint covers params, data, code and what computes.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zlib
from pathlib import Path
from typing import Any

import torch

from specimen.common.files import replace_atomically

SEAL_SIZE = 16


class Checkpoint:
    """One file that holds the last finished epoch, behind a check of its content and of the configuration."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint

    def load(self) -> dict[str, Any] | None:
        """Return the state of an interrupted run of this configuration, if there is one that is whole."""
        try:
            content = memoryview(self.path.read_bytes())
        except OSError:
            return None
        seal, saved = content[:SEAL_SIZE], content[SEAL_SIZE:]
        if seal != self._seal(saved):
            return None
        state: dict[str, Any] = torch.load(io.BytesIO(saved), map_location="cpu", weights_only=True)
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Replace what is there; a kill in the middle leaves the earlier one."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        with replace_atomically(self.path) as aside, aside.open("wb") as file:
            file.write(self._seal(buffer.getbuffer()))
            file.write(buffer.getbuffer())

    def remove(self) -> None:
        """Clear it away at the end of a run."""
        self.path.unlink(missing_ok=True)

    def _seal(self, content: memoryview) -> bytes:
        check = zlib.crc32(content).to_bytes(4, "big")  # of 190 MB each epoch: four times as fast as a hash
        return hashlib.blake2b(check, key=self.fingerprint.encode(), digest_size=SEAL_SIZE).digest()


def fingerprint(*parts: str | bytes) -> str:
    """Return a hash of what decides the result: the given parts, this package's code and the version of torch."""
    digest = hashlib.blake2b(digest_size=16)
    code = sorted(
        Path(module.__file__)
        for name, module in sys.modules.items()
        if name.split(".")[0] == "specimen" and module.__file__
    )
    for part in (*parts, torch.__version__, *(path.read_bytes() for path in code)):
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()

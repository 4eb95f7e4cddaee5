"""A checkpoint: the state of an interrupted run, kept until the run is finished.

It lies beside the outputs of the stage, because DVC removes those before the stage runs. It counts only for the very
configuration that wrote it: the fingerprint covers params, data, code and what computes.
"""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import torch

from specimen.files import written_aside


class Checkpoint:
    """One file that holds the last finished epoch."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint

    def load(self) -> dict[str, Any] | None:
        """Return the state of an interrupted run of this configuration, if there is one that is whole."""
        try:
            found = torch.load(self.path, map_location="cpu", weights_only=True)
            state: dict[str, Any] = found["state"]
            return state if found["fingerprint"] == self.fingerprint else None
        # torch raises whatever it stumbles over in a damaged file: KeyError, UnicodeDecodeError, ...
        except Exception:
            return None

    def save(self, state: dict[str, Any]) -> None:
        """Replace what is there; a kill in the middle leaves the earlier one."""
        buffer = io.BytesIO()
        torch.save({"fingerprint": self.fingerprint, "state": state}, buffer)
        with written_aside(self.path) as aside:
            aside.write_bytes(buffer.getbuffer())

    def remove(self) -> None:
        """Clear it away at the end of a run."""
        self.path.unlink(missing_ok=True)


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

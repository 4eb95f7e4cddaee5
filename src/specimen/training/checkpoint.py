"""A checkpoint: the state of an interrupted run, kept until the run is finished.

It is next to the outputs of the stage and not one of them, because DVC removes those before the stage runs. It counts
only for the configuration that wrote it: the fingerprint covers params, data, code and what computes.
"""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path

import torch

from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.data.dataset.shards import MANIFEST
from specimen.models.meta import ModelMeta
from specimen.models.torch_files import read_torch
from specimen.training.compute import Compute
from specimen.training.distributed import ProcessGroup
from specimen.training.training_state import StateDict


class Checkpoint:
    """A file with the state after the last finished epoch, and the fingerprint of the run that it belongs to."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        self.fingerprint = fingerprint

    def load(self) -> StateDict | None:
        """Return the state of an interrupted run of this configuration, if there is one and the file is whole."""
        try:
            content = read_torch(self.path)
            state: StateDict = content["state"]
            return state if content["fingerprint"] == self.fingerprint else None
        # Of a damaged file zipfile and torch raise whatever they stumble over, ten kinds of exceptions at least.
        except Exception:
            return None

    def save(self, state: StateDict) -> None:
        """Replace what is there; a kill in the middle leaves the earlier one."""
        buffer = io.BytesIO()  # of a full disk torch itself would not say so
        torch.save({"fingerprint": self.fingerprint, "state": state}, buffer)
        with replace_atomically(self.path) as aside:
            aside.write_bytes(buffer.getbuffer())

    def remove(self) -> None:
        """Remove it at the end of a run."""
        self.path.unlink(missing_ok=True)


def require_agreement(group: ProcessGroup, checkpoint: Checkpoint, epochs: int) -> None:
    """Raise `SpecimenError` where a process, on another machine, begins with other data or epochs than the first."""
    (first, epochs_of_first), *others = group.gather((checkpoint.fingerprint, epochs))
    if any(fingerprint != first for fingerprint, _ in others):
        raise SpecimenError(
            "train: the processes do not see the same data, params, code, device and torch. Work in a folder that all "
            "machines share, or bring each to the same commit: git pull && dvc pull"
        )
    if any(count != epochs_of_first for _, count in others):
        raise SpecimenError(
            f"train: some processes would go on after epoch {epochs_of_first}, others not: {checkpoint.path} is not on "
            "every machine. Copy it there, delete it, or work in a folder that the machines share."
        )


def run_fingerprint(prepared: Path, weights: str, meta: ModelMeta, compute: Compute, script: Path) -> str:
    """Return what must be equal for a checkpoint to count.

    `prepared` is the folder of the store, `weights` what `train.weights` says, `script` the file of the stage. The
    pictures are too many to read; `shards.csv` has a hash of each. Nothing depends on the machine, so that another one
    of the same kind can go on.
    """
    start = Path(weights).read_bytes() if Path(weights).is_file() else b""
    where = f"{compute.device.type} {compute.group.size}"
    tables = [(prepared / name).read_bytes() for name in ("samples.csv", MANIFEST) if (prepared / name).exists()]
    return fingerprint(meta.model_dump_json(), where, script.read_bytes(), start, *tables)


def fingerprint(*parts: str | bytes) -> str:
    """Return a hash of what decides the result: the given parts, this package's code and the version of torch."""
    code = sorted(
        Path(module.__file__)
        for name, module in sys.modules.items()
        if name.split(".")[0] == "specimen" and module.__file__
    )
    digest = hashlib.blake2b(digest_size=16)
    for part in (*parts, torch.__version__, *(path.read_bytes() for path in code)):
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()

"""Files of torch, read only where they are whole."""

from __future__ import annotations

import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class DamagedFileError(Exception):
    """A file whose checksums do not match; the message names the part."""


def read_torch(path: Path) -> Any:
    """Return what `torch.save` has written: tensors, on the CPU, and plain values.

    Torch writes checksums, but does not compare them. Raises `DamagedFileError` where they do not match, and whatever
    torch and zipfile stumble over in a file of another kind.
    """
    if zipfile.is_zipfile(path):  # torch up to 1.5 wrote files of its own format
        with zipfile.ZipFile(path) as archive:
            if (part := archive.testzip()) is not None:
                raise DamagedFileError(f"the checksum of {part} in it does not match")
    return torch.load(path, map_location="cpu", weights_only=True)


def with_versions(state: dict[str, Tensor], module: nn.Module) -> OrderedDict[str, Tensor]:
    """Return a state dict with the versions of the layers that it is for, which a copy of a state dict loses.

    Some layers, such as those of mnasnet, refuse weights without a version.
    """
    versioned = OrderedDict(state)
    versions = getattr(state, "_metadata", None) or getattr(module.state_dict(), "_metadata", None)
    versioned._metadata = versions  # type: ignore[attr-defined] # where torch keeps them
    return versioned


def not_finite(state: dict[str, Tensor]) -> list[str]:
    """Return the names of the tensors that hold a value which is not a finite number."""
    return [key for key, value in state.items() if value.is_floating_point() and not bool(torch.isfinite(value).all())]

"""What computes in the browser: onnxruntime-web, as npm has installed it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from specimen.common.errors import SpecimenError

PACKAGE = "onnxruntime-web"
SCRIPTS = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs")
BINARY = "ort-wasm-simd-threaded.wasm"
PACKED = f"{BINARY}.packed"
"""Compressed here to a quarter of 14 MB, because few servers do so. Not called `.gz`: some servers would call that
an encoding, and the browser would unpack the file before its hash is checked."""
INSTALL = "`npm ci` installs it; npm comes with Node.js, 20 or newer: https://nodejs.org/, or apt-get install npm"


def read_runtime(modules: Path, manifest: Path) -> dict[str, bytes]:
    """Return the files of the runtime by their names.

    Raises `SpecimenError` where `modules` (node_modules) has none, or not the version that `manifest` (package.json)
    asks for.
    """
    package = modules / PACKAGE
    try:
        wanted = json.loads(manifest.read_text(encoding="utf-8"))["dependencies"][PACKAGE]
        version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        files = {name: (package / "dist" / name).read_bytes() for name in SCRIPTS}
        packed = gzip.compress((package / "dist" / BINARY).read_bytes(), 9, mtime=0)
    except FileNotFoundError as error:
        raise SpecimenError(f"{error.filename}: no such file. {PACKAGE} is not installed: {INSTALL}.") from None
    if version != wanted:
        raise SpecimenError(f"{package}: version {version}, but {manifest} asks for {wanted}. {INSTALL}.")
    return {**files, PACKED: packed}

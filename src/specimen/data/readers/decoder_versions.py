"""Which libraries decode: another version may give another picture of the same file."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from PIL import features

from specimen.data.readers.images import HEIF_SUFFIXES


def decoder_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of what decodes these files; that of the extra `heic` only where it has something to do."""
    jpeg = features.version("libjpeg_turbo") or features.version("jpg")
    libraries = {"pillow": version("pillow"), "libjpeg": str(jpeg)}
    if any(name.lower().endswith(HEIF_SUFFIXES) for name in names):
        libraries["pillow_heif"] = version("pillow_heif")
    return libraries

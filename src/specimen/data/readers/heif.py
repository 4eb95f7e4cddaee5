"""HEIC, the format of iPhone photos, where the extra `heic` is installed.

A photo that cannot be read for want of the extra is no worse than others: the same data must not give other samples on
another machine. So `require_heif` stops a run in which such photos count.
"""

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec

from specimen.common.errors import SpecimenError, missing_extra
from specimen.data.readers.images import HEIF_SUFFIXES

_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
"""What such a file says of itself after `ftyp`."""


def is_heif(content: bytes) -> bool:
    """Tell whether the bytes of a file begin like HEIC, whatever it is called."""
    return content[4:8] == b"ftyp" and content[8:12] in _BRANDS


def can_read_heif() -> bool:
    """Tell whether the extra is installed."""
    return find_spec("pillow_heif") is not None


@cache
def register_heif() -> tuple[str, ...]:
    """Teach Pillow to read HEIC; return the name of the format there, nothing without the extra."""
    if not can_read_heif():
        return ()
    from pillow_heif import register_heif_opener  # noqa: PLC0415 - an extra, and nearly nobody needs it

    register_heif_opener()
    return ("HEIF",)


def heif_fault() -> str:
    """Return why a HEIC photo that Pillow does not know cannot be read."""
    return "damaged HEIC" if can_read_heif() else f"HEIC: {missing_extra('reading it', 'heic')}"


def require_heif(names: Iterable[str]) -> None:
    """Raise `SpecimenError` where there are HEIC photos, but the extra is not installed."""
    found = [name for name in names if name.lower().endswith(HEIF_SUFFIXES)]
    if found and not can_read_heif():
        raise SpecimenError(
            f"data.images: {len(found):,} photos are HEIC, such as {found[0]}. {missing_extra('Reading them', 'heic')}"
        )

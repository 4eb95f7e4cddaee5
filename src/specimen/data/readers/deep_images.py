"""Images of more than 8 bits -> 8 bits, by the same scale for all images of a set: brightness may be the signal.

No image is stretched by its own values. MinSampleValue and MaxSampleValue of a TIFF are left alone for that reason: by
the specification TIFF 6.0 they are for statistics, and many programs write the largest value of this one image.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
"""Tags of a TIFF, from the specification TIFF 6.0."""
WHITE_LEVEL = 50717
"""Tag of a DNG: the value at which the sensor is saturated."""
WHITE_IS_ZERO, SIGNED = 0, 2
WHITE_OF_16_BITS = 65535


class WhiteLevelError(Exception):
    """It is not known which value is white, or it cannot be taken into account; the message says what to do."""


def is_deep(image: Image.Image) -> bool:
    """Tell whether an image that is open, but not read, has more than 8 bits in each sample."""
    return _is_grey(image) or _is_16_bit_colour(image)


def to_8_bits(image: Image.Image, white_level: float | None = None) -> Image.Image:
    """Return a deep image with 0 as black and `white_level`, or else what the file says, as 255.

    Raises `WhiteLevelError` where neither says it, and for 16 bits of colour with another white than 65535, because
    Pillow reads only the upper 8 of these bits.
    """
    white = white_level or _white_of_file(image)
    if not _is_grey(image):
        if white not in (None, WHITE_OF_16_BITS):
            raise WhiteLevelError(
                f"16-bit colour whose white is {white:g} cannot be scaled; save it with 8 bits, or one channel"
            )
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=np.inf)
    if white is None and image.mode == "F" and values.max(initial=0) <= 1:
        white = 1.0  # what most programs mean by floats
    if white is None:
        raise WhiteLevelError(
            f"values up to {values.max(initial=0):g}, and the file does not say which is white; set "
            "prepare.white_level to the value that is white in all photos, such as 1, 4095 or 65535"
        )
    shares = np.clip(values / white, 0, 1)
    if _tag(image, PHOTOMETRIC) == WHITE_IS_ZERO:  # Pillow turns these around for 8 bits alone
        shares = 1 - shares
    return Image.fromarray((shares * 255).round().astype(np.uint8))


def _white_of_file(image: Image.Image) -> float | None:
    """Return the value that is white by what the file says of itself; None: it does not say."""
    stated = _tag(image, WHITE_LEVEL)
    if stated:
        return float(stated)
    if image.mode == "F":
        return None
    if image.mode != "I":  # 16 bits, unless a TIFF says less
        return float(2 ** int(_tag(image, BITS_PER_SAMPLE) or 16) - 1)
    bits = int(_tag(image, BITS_PER_SAMPLE) or 32)
    signed = _tag(image, SAMPLE_FORMAT) == SIGNED
    # 32 bits are taken for anything: counts, sums, measures.
    return float(2 ** (bits - signed) - 1) if bits <= 16 else None


def _tag(image: Image.Image, tag: int) -> float | None:
    """Return the (first) value of a tag of a TIFF; None where there is none."""
    value = getattr(image, "tag_v2", {}).get(tag)
    return (value[0] if value else None) if isinstance(value, tuple) else value


def _is_grey(image: Image.Image) -> bool:
    return image.mode.startswith("I;16") or image.mode in ("I", "F")


def _is_16_bit_colour(image: Image.Image) -> bool:
    """Tell whether Pillow is going to halve the bits: it then says so in the mode that it reads."""
    for tile in getattr(image, "tile", ()):
        arguments = tile.args
        raw_mode = arguments[0] if isinstance(arguments, tuple) else arguments
        return not _is_grey(image) and ";16" in str(raw_mode)
    return False

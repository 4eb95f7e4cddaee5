"""Bytes of an image file -> one square RGB picture: the same way for training, evaluation and prediction."""

import io
import math
import re
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from specimen.common.memory import no_memory_message, require_memory
from specimen.config.base import Resize
from specimen.data.readers.deep_images import WhiteLevelError, is_deep, to_8_bits
from specimen.data.readers.heif import heif_fault, is_heif, register_heif
from specimen.data.readers.jpeg_scans import MAX_SCANS, count_scans

FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
"""And HEIC with its extra. No others, whatever a file is called: Pillow would hand an EPS to Ghostscript."""
MAX_PIXELS = 100_000_000
"""A larger image is taken for a decompression bomb: 100 megapixels are 300 MB once decoded."""
BYTES_PER_PIXEL = 10
"""What decoding takes at most: 4 of Pillow's RGB, and 6 of the coefficients of a progressive JPEG."""
SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap the sides."""
TILE_WIDTH, TILE_LENGTH = 322, 323
"""Tags of a TIFF that is stored in tiles."""

Picture = npt.NDArray[np.uint8]
"""RGB, size x size x 3."""
Read = TypeVar("Read")


class DecodeError(Exception):
    """The bytes are not a usable image; the message says why."""


class NotAnImageError(DecodeError):
    """The bytes are of none of the formats."""


class TooManyPixelsError(DecodeError):
    """The image would unpack to more than is accepted."""


class TooManyScansError(DecodeError):
    """The JPEG has more scans than are accepted."""


def ignore_pillow_warnings() -> None:
    """Ignore Pillow's warnings of damaged metadata, and its own limits of size: the pixels, and `MAX_PIXELS`, decide.

    Both belong to the whole process and cannot be set for one thread. So the programs that decode call this once,
    before they start threads; whoever only imports this module keeps them as they are.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    Image.MAX_IMAGE_PIXELS = None


def decode(
    content: bytes, size: int, resize: Resize, white_level: float | None = None, max_pixels: int = MAX_PIXELS
) -> tuple[Picture, tuple[int, int]]:
    """Decode one image file to a picture of `size` x `size` pixels; also return its own upright (width, height).

    `white_level` is the value that is white in images of more than 8 bits, see `Prepare.white_level`. Raises
    `DecodeError` for anything that is not a whole, readable image of at most `max_pixels`, and `MemoryError` where the
    memory is too small: that says nothing about the image.
    """
    image, sides = decode_image(content, size, resize, white_level, max_pixels)
    return np.asarray(image, dtype=np.uint8), sides


def decode_image(
    content: bytes, size: int, resize: Resize, white_level: float | None = None, max_pixels: int = MAX_PIXELS
) -> tuple[Image.Image, tuple[int, int]]:
    """Decode to an image of Pillow, in mode RGB; see `decode`."""

    def read(image: Image.Image) -> tuple[Image.Image, tuple[int, int]]:
        deep = is_deep(image)  # before it is read, as `getexif` may do
        orientation, sides = _upright(image)
        draft(image, size, resize)
        if orientation != 1:
            ImageOps.exif_transpose(image, in_place=True)  # of a large image, a copy is hundreds of megabytes
        upright = to_8_bits(image, white_level) if deep else image
        return _square(_to_rgb(upright), _scaled_sides(sides, size, resize), size), sides

    return _read(content, read, max_pixels)


def draft(image: Image.Image, size: int, resize: Resize) -> None:
    """Let a JPEG decode straight to 1/2, 1/4 or 1/8 of its size, several times faster; leave others alone."""
    if image.format in ("JPEG", "MPO"):
        orientation, sides = _upright(image)
        scaled = _scaled_sides(sides, size, resize)
        image.draft("RGB", scaled[::-1] if orientation in SIDEWAYS else scaled)


def _upright(image: Image.Image) -> tuple[int, tuple[int, int]]:
    """Return the orientation that the EXIF data say, and the (width, height) of the upright image."""
    # Pillow itself turns a TIFF, and gives its upright size.
    orientation = 1 if image.format == "TIFF" else image.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation, image.size[::-1] if orientation in SIDEWAYS else image.size


def decode_mask(content: bytes, sides: tuple[int, int], size: int, resize: Resize) -> npt.NDArray[np.uint8]:
    """Decode the mask of a photo with these upright (width, height) to size x size, 255 on the object, else 0.

    It is scaled to the sides of its photo, and then cut as the photo is. What is at least half as bright as the
    brightest pixel counts as the object, so 0 and 1 do as well as black and white. Raises as `decode` does.
    """

    def read(image: Image.Image) -> npt.NDArray[np.uint8]:
        upright = ImageOps.exif_transpose(image)
        if upright.size == sides[::-1] != sides:
            raise DecodeError(f"{upright.width} x {upright.height} pixels, turned against its upright photo")
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "black"), upright)
        # Marks are relative to the brightest pixel, so it does not matter which value is white.
        values = np.nan_to_num(np.asarray(upright if is_deep(upright) else _to_rgb(upright).convert("L")))
        marked = (values > 0) & (2 * values.astype(np.float64) >= values.max())
        square = _square(Image.fromarray(marked.astype(np.uint8) * 255), _scaled_sides(sides, size, resize), size)
        return np.where(np.asarray(square) >= 128, np.uint8(255), np.uint8(0))

    return _read(content, read, MAX_PIXELS)


def _read(content: bytes, read: Callable[[Image.Image], Read], max_pixels: int) -> Read:
    """Open an image file and read it. Raises `DecodeError` and `MemoryError`, as `decode` does.

    A decoder that runs out of memory may say that the file is damaged, as libjpeg does. So where one seems damaged,
    there must be the memory for it, and it must seem so twice.
    """
    try:
        return _try_to_read(content, read, max_pixels)
    except _DamagedError as error:
        if not error.sides:
            raise
        require_memory(*_memory_for(error.sides))
    try:
        return _try_to_read(content, read, max_pixels)
    except _DamagedError as error:
        require_memory(*_memory_for(error.sides))
        raise


class _DamagedError(DecodeError):
    """An image that could not be read; `sides` are its width and height, once it was opened."""

    def __init__(self, error: Exception, sides: tuple[int, ...]) -> None:
        # Without addresses in memory, which differ on each run.
        message = re.sub(r"<[^<>]* at 0x[0-9a-fA-F]+>", "the file", str(error))
        super().__init__(f"{type(error).__name__}: {message}")
        self.sides = sides


def _try_to_read(content: bytes, read: Callable[[Image.Image], Read], max_pixels: int) -> Read:
    """Open and read, and turn whatever goes wrong into one of our errors."""
    sides = sides_of_webp(content)
    try:
        formats = (*FORMATS, *register_heif()) if is_heif(content) else FORMATS
        with Image.open(io.BytesIO(content), formats=formats) as image:
            sides = image.size
            _check_size(image, max_pixels)
            _check_scans(content)
            return read(image)
    except DecodeError:
        raise
    except UnidentifiedImageError as error:
        fault = heif_fault() if is_heif(content) else f"none of the formats {', '.join(FORMATS)}"
        raise NotAnImageError(fault) from error
    except WhiteLevelError as error:
        raise DecodeError(str(error)) from error
    # Pillow has a limit of its own, unless the program called `ignore_pillow_warnings`.
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError(f"more than {max_pixels:,} pixels") from error
    # Pillow's decoders raise whatever their format stumbles over: OSError, SyntaxError, ValueError, struct.error, ...
    except Exception as error:
        if isinstance(error, MemoryError) or "out of memory" in str(error):
            raise MemoryError(no_memory_message(*_memory_for(sides))) from error
        raise _DamagedError(error, sides) from error


def sides_of_webp(content: bytes) -> tuple[int, ...]:
    """Return width and height of a WebP, () for other files: to open one takes the memory of its pixels.

    Source: the WebP container specification, and RFC 6386 and 9649 for its two kinds of data.
    """
    match content[8:16] if len(content) >= 30 else b"":
        case b"WEBPVP8X":
            return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
        case b"WEBPVP8L":
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"WEBPVP8 ":
            sides = int.from_bytes(content[26:30], "little")
            return sides & 0x3FFF, sides >> 16 & 0x3FFF
    return ()


def _memory_for(sides: tuple[int, ...]) -> tuple[int, str]:
    """Return how many bytes it takes to decode an image of these sides, and what it is called in a message."""
    if not sides:
        return 0, "an image"
    return BYTES_PER_PIXEL * math.prod(sides), f"an image of {sides[0]} x {sides[1]} pixels"


def unpacked_pixels(image: Image.Image) -> int:
    """Return the pixels of an open image, or of a tile of it where that is larger: what the decoder has in memory."""
    tags = getattr(image, "tag_v2", {})
    return max(math.prod(image.size), int(tags.get(TILE_WIDTH, 0)) * int(tags.get(TILE_LENGTH, 0)))


def _check_size(image: Image.Image, max_pixels: int) -> None:
    """Raise `TooManyPixelsError` where the image, or a tile of it, would be too large once unpacked."""
    if math.prod(image.size) > max_pixels:
        raise TooManyPixelsError(f"{image.width} x {image.height} pixels, more than {max_pixels:,}")
    # For lack of memory libtiff and Pillow fail likewise, but here it is the file that asks for too much.
    if (pixels := unpacked_pixels(image)) > max_pixels:
        raise TooManyPixelsError(f"tiles of {pixels:,} pixels, more than {max_pixels:,}")


def _check_scans(content: bytes) -> None:
    """Raise `TooManyScansError` for a JPEG of a few bytes that keeps a core busy for minutes."""
    if count_scans(content) > MAX_SCANS:
        raise TooManyScansError(f"a JPEG of more than {MAX_SCANS} scans; save it again, not as progressive")


def _scaled_sides(sides: tuple[int, int], size: int, resize: Resize) -> tuple[int, int]:
    """Return the (width, height) to which the whole image is scaled before it is padded or cropped."""
    if resize == "stretch":
        return size, size
    scale = size / (max(sides) if resize == "pad" else min(sides))
    return max(1, round(sides[0] * scale)), max(1, round(sides[1] * scale))


def _square(image: Image.Image, scaled: tuple[int, int], size: int) -> Image.Image:
    """Scale an image (RGB or grey), then pad it with black or, where it is larger than the square, keep its centre."""
    inner = (min(scaled[0], size), min(scaled[1], size))
    # Only what stays is scaled: a strip of 1 x 50,000 pixels is never enlarged as a whole to be cropped.
    width = image.width * inner[0] / scaled[0]
    height = image.height * inner[1] / scaled[1]
    left = (image.width - width) / 2
    top = (image.height - height) / 2
    box = (left, top, left + width, top + height)
    image = image.resize(inner, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
    if inner != (size, size):
        square = Image.new(image.mode, (size, size))
        square.paste(image, ((size - inner[0]) // 2, (size - inner[1]) // 2))
        image = square
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode of 8 bits to RGB, transparency onto white."""
    if image.has_transparency_data:
        image = _convert(image, "RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return _convert(image, "RGB")


def _convert(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)  # which would copy it

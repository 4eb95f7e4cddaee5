"""Bytes of an image file -> one square RGB picture: the same way for training, evaluation and prediction."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from specimen.config.base import Resize
from specimen.data.readers.heif import heif_fault, is_heif, register_heif

FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
"""And HEIC with its extra. No others, whatever a file is called: Pillow would hand an EPS to Ghostscript."""
MAX_PIXELS = 100_000_000
"""A larger image is taken for a decompression bomb: 100 megapixels are 300 MB once decoded."""

Picture = npt.NDArray[np.uint8]
"""RGB, size x size x 3."""


class DecodeError(Exception):
    """The bytes are not a usable image; the message says why."""


class NotAnImageError(DecodeError):
    """The bytes are of none of the formats."""


class TooManyPixelsError(DecodeError):
    """The image would unpack to more than is accepted."""


def ignore_pillow_warnings() -> None:
    """Ignore Pillow's warnings of damaged metadata and of large images: the pixels, and `MAX_PIXELS`, decide here.

    Filters of warnings belong to the whole process and cannot be set for one thread. So the programs that decode call
    this once, before they start threads; whoever only imports this module keeps the filters as they are.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(content: bytes, size: int, resize: Resize, max_pixels: int = MAX_PIXELS) -> tuple[Picture, tuple[int, int]]:
    """Decode one image file to a picture of `size` x `size` pixels; also return its own upright (width, height).

    Raises `DecodeError` for anything that is not a whole, readable image of at most `max_pixels`.
    """
    image, sides = decode_image(content, size, resize, max_pixels)
    return np.asarray(image, dtype=np.uint8), sides


def decode_image(
    content: bytes, size: int, resize: Resize, max_pixels: int = MAX_PIXELS
) -> tuple[Image.Image, tuple[int, int]]:
    """Decode to an image of Pillow, in mode RGB; see `decode`."""
    with _opened(content, max_pixels) as image:
        # Pillow itself turns a TIFF, and gives its upright size.
        orientation = 1 if image.format == "TIFF" else image.getexif().get(ExifTags.Base.Orientation, 1)
        turned = orientation in (5, 6, 7, 8)  # these swap the sides
        sides = image.size[::-1] if turned else image.size
        scaled = _scaled_sides(sides, size, resize)
        # A JPEG decodes straight to 1/2, 1/4 or 1/8 of its size, several times faster.
        image.draft("RGB", scaled[::-1] if turned else scaled)
        upright = ImageOps.exif_transpose(image) if orientation != 1 else image
        return _square(_to_rgb(upright), scaled, size), sides


def decode_mask(content: bytes, sides: tuple[int, int], size: int, resize: Resize) -> npt.NDArray[np.uint8]:
    """Decode the mask of a photo with these upright (width, height) to size x size, 255 on the object, else 0.

    It is scaled to the sides of its photo, and then cut as the photo is. What is at least half as bright as the
    brightest pixel counts as the object, so 0 and 1 do as well as black and white. Raises `DecodeError`.
    """
    with _opened(content) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.size == sides[::-1] != sides:
            raise DecodeError(f"{upright.width} x {upright.height} pixels, turned against its upright photo")
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "black"), upright)
        values = np.asarray(_to_rgb(upright).convert("L"))
        marked = (values > 0) & (2 * values.astype(np.int64) >= values.max())
        square = _square(Image.fromarray(marked.astype(np.uint8) * 255), _scaled_sides(sides, size, resize), size)
        return np.where(np.asarray(square) >= 128, np.uint8(255), np.uint8(0))


@contextmanager
def _opened(content: bytes, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """Open an image file, and turn whatever goes wrong with it into a `DecodeError`."""
    try:
        formats = (*FORMATS, *register_heif()) if is_heif(content) else FORMATS
        with Image.open(io.BytesIO(content), formats=formats) as image:
            if image.width * image.height > max_pixels:
                raise TooManyPixelsError(f"{image.width} x {image.height} pixels, more than {max_pixels:,}")
            yield image
    except DecodeError:
        raise
    except UnidentifiedImageError as error:
        fault = heif_fault() if is_heif(content) else f"none of the formats {', '.join(FORMATS)}"
        raise NotAnImageError(fault) from error
    # Pillow's decoders raise whatever their format stumbles over: OSError, SyntaxError, ValueError, struct.error, ...
    except Exception as error:
        # Without addresses in memory, which differ on each run.
        message = re.sub(r"<[^<>]* at 0x[0-9a-fA-F]+>", "the file", str(error))
        raise DecodeError(f"{type(error).__name__}: {message}") from error


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
    """Convert any mode to RGB: 16 bits to 8, transparency onto white."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        # 32 bits may hold any range; 16 bits are what they say.
        top = 255.0 if image.mode in ("I", "F") and values.max(initial=0) <= 255 else 65535.0
        image = Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")  # which would copy it

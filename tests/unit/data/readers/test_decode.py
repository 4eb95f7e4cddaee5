"""Image files of every kind become the same square RGB picture, or a reason why not."""

import io
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import builders
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

import specimen
from specimen.data.readers.decode import (
    MAX_PIXELS,
    DecodeError,
    TooManyPixelsError,
    TooManyScansError,
    decode,
    ignore_pillow_warnings,
    sides_of_webp,
)

SOURCE = Path(specimen.__file__).parents[1]
WIDTH, HEIGHT, SIZE = 180, 120, 32


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """A smooth picture, none of whose eight turns is like another."""
    spots = np.random.default_rng(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(spots).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def padded(image: Image.Image) -> npt.NDArray[np.int16]:
    """Return what `decode` should give: decode all, then scale and pad."""
    scaled = ImageOps.contain(image.convert("RGB"), (SIZE, SIZE), Image.Resampling.BILINEAR)
    square = Image.new("RGB", (SIZE, SIZE))
    square.paste(scaled, ((SIZE - scaled.width) // 2, (SIZE - scaled.height) // 2))
    return np.asarray(square, dtype=np.int16)


def difference(content: bytes, expected: Image.Image) -> float:
    """Return the largest difference between the picture of `content` and the expected one, in grey levels."""
    return float(np.abs(decode(content, SIZE, "pad")[0] - padded(expected)).max())


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = png_chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + rows + png_chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "most"), [("PNG", 3), ("BMP", 3), ("TIFF", 3), ("WEBP", 8), ("JPEG", 8)])
def test_formats(photo: Image.Image, kind: str, most: float) -> None:
    assert difference(encode(photo, kind), photo) <= most


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(photo: Image.Image, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(photo, kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert difference(content, upright) <= 4
    assert decode(content, SIZE, "pad")[1] == upright.size


def test_a_large_jpeg_is_nearly_what_full_decoding_gives(photo: Image.Image) -> None:
    large = photo.resize((1800, 1200), Image.Resampling.BICUBIC)
    assert difference(encode(large, "JPEG", quality=90), large) <= 6


@pytest.mark.parametrize(("mode", "most"), [("L", 3), ("1", 12), ("P", 3), ("LA", 3), ("RGBA", 3)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_modes(photo: Image.Image, kind: str, mode: str, most: float) -> None:
    image = photo.convert(mode)
    assert difference(encode(image, kind), image) <= most


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_become_8(photo: Image.Image, kind: str) -> None:
    grey = photo.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert difference(encode(deep, kind), grey) <= 3


def test_dark_16_bits_stay_dark() -> None:
    deep = Image.fromarray(np.full((40, 40), 255, np.uint16))
    assert decode(encode(deep, "PNG"), SIZE, "pad")[0].max() <= 1


@pytest.mark.parametrize(("kind", "orientation"), [("PNG", 1), ("PNG", 6), ("TIFF", 1)])
def test_12_bits_in_16_are_scaled_by_the_white_level(photo: Image.Image, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    deep = Image.fromarray((np.asarray(photo.convert("L")) * (4095 / 255)).astype(np.uint16))
    content = encode(deep, kind, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(encode(photo.convert("L"), "PNG", exif=exif))))
    difference = np.abs(decode(content, SIZE, "pad", 4095)[0] - padded(expected))
    assert difference.max() <= 3
    assert decode(content, SIZE, "pad")[0].max() <= 16  # which the rule low_contrast warns of


def grey(values: npt.NDArray[np.generic], kind: str = "TIFF", **tags: object) -> int:
    """Return the grey level that images of one value become."""
    levels = np.unique(decode(encode(Image.fromarray(values), kind, **tags), SIZE, "stretch")[0])
    assert len(levels) == 1
    return int(levels[0])


def test_what_a_tiff_says_of_its_values_counts() -> None:
    half = np.full((9, 9), 2048, np.uint16)
    assert grey(half) == 8
    assert grey(half, tiffinfo={50717: 4095}) == 128  # WhiteLevel of a DNG
    assert grey(half.astype(np.int32), tiffinfo={50717: 4095}) == 128
    packed = builders.tiff({256: 2, 257: 1, 258: 12, 259: 1, 262: 1, 273: 110, 278: 1, 279: 3})
    assert (decode(packed + b"\x80\x08\x00", SIZE, "stretch")[0] == 128).all()  # two samples of 12 bits, 0x800


def test_the_largest_value_that_a_tiff_has_does_not_stretch_it() -> None:
    assert grey(np.full((9, 9), 2048, np.uint16), tiffinfo={281: 2048}) == 8


def test_a_negative_of_16_bits_is_turned_around() -> None:
    content = bytearray(encode(Image.fromarray(np.full((9, 9), 65535, np.uint16)), "TIFF"))
    at = content.index(struct.pack("<HHIH", 262, 3, 1, 1))  # black is zero
    content[at + 8] = 0
    assert (decode(bytes(content), SIZE, "stretch")[0] == 0).all()


def test_floats_up_to_1_have_1_as_white() -> None:
    assert grey(np.full((9, 9), 0.5, np.float32)) == 128
    with_holes = np.full((40, 40), 1, np.float32)
    with_holes[0, 0] = np.nan
    assert decode(encode(Image.fromarray(with_holes), "TIFF"), SIZE, "pad")[0][16, 16].tolist() == [255, 255, 255]


@pytest.mark.parametrize("values", [np.full((9, 9), 255, np.float32), np.full((9, 9), 3, np.int32)])
def test_which_of_other_numbers_is_white_is_asked(values: npt.NDArray[np.generic]) -> None:
    content = encode(Image.fromarray(values), "TIFF")
    with pytest.raises(DecodeError, match=rf"^values up to {values.max():g}, .* set prepare\.white_level to .* 4095"):
        decode(content, SIZE, "pad")
    assert (decode(content, SIZE, "stretch", float(values.max()))[0] == 255).all()


def test_16_bits_of_colour_have_no_other_white() -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
    rows = png_chunk(b"IDAT", zlib.compress(b"\0" + bytes([128, 0] * 6)))
    content = b"\x89PNG\r\n\x1a\n" + header + rows + png_chunk(b"IEND", b"")
    assert (decode(content, SIZE, "stretch")[0] == 128).all()
    assert (decode(content, SIZE, "stretch", 65535)[0] == 128).all()
    with pytest.raises(DecodeError, match="16-bit colour whose white is 4095 cannot be scaled"):
        decode(content, SIZE, "stretch", 4095)


def test_images_of_8_bits_have_no_white_level(photo: Image.Image) -> None:
    content = encode(photo, "PNG")
    assert np.array_equal(decode(content, SIZE, "pad", 4095)[0], decode(content, SIZE, "pad")[0])


def test_transparent_pixels_are_white() -> None:
    clear = Image.new("RGBA", (40, 40), (10, 20, 30, 0))
    assert (decode(encode(clear, "PNG"), SIZE, "pad")[0] == 255).all()


def test_transparent_colour_of_a_palette_is_white() -> None:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    assert (decode(encode(image, "PNG", transparency=1), SIZE, "pad")[0] == 255).all()


def test_cmyk_jpeg(photo: Image.Image) -> None:
    # Pillow writes these inverted, with Adobe's marker, as Photoshop does.
    assert difference(encode(photo.convert("CMYK"), "JPEG", quality=95), photo) <= 12


def test_first_frame_of_several() -> None:
    red, blue = Image.new("RGB", (40, 40), "red"), Image.new("RGB", (40, 40), "blue")
    content = encode(red, "TIFF", save_all=True, append_images=[blue])
    assert decode(content, SIZE, "pad")[0][16, 16].tolist() == [255, 0, 0]


def test_pad_keeps_all_and_adds_black() -> None:
    picture, _ = decode(encode(Image.new("RGB", (64, 32), "white"), "PNG"), SIZE, "pad")
    assert (picture[8:24] == 255).all()
    assert (picture[:8] == 0).all()
    assert (picture[24:] == 0).all()


def test_crop_keeps_the_centre() -> None:
    image = Image.new("RGB", (96, 32), "red")
    image.paste("white", (32, 0, 64, 32))
    assert (decode(encode(image, "PNG"), SIZE, "crop")[0] == 255).all()


def test_stretch_keeps_all() -> None:
    image = Image.new("RGB", (128, 32), "red")
    image.paste("white", (0, 0, 64, 32))
    picture, _ = decode(encode(image, "PNG"), SIZE, "stretch")
    assert picture[:, 0].tolist() == [[255, 255, 255]] * SIZE
    assert picture[:, -1].tolist() == [[255, 0, 0]] * SIZE


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("sides", [(1, 5000), (5000, 1), (1, 1)])
def test_extreme_proportions(sides: tuple[int, int], resize: str) -> None:
    picture, found = decode(encode(Image.new("RGB", sides, "white"), "PNG"), SIZE, resize)
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.max() == 255
    assert found == sides


def test_a_strip_is_not_enlarged_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = []
    resize = Image.Image.resize

    def watched(image: Image.Image, size: tuple[int, int], *args: object, **options: object) -> Image.Image:
        pixels.append(size[0] * size[1])
        return resize(image, size, *args, **options)

    content = encode(Image.new("RGB", (1, 60_000)), "PNG")
    monkeypatch.setattr(Image.Image, "resize", watched)
    decode(content, SIZE, "crop")
    assert max(pixels) == SIZE * SIZE


@pytest.mark.parametrize("sides", [(10_001, 10_000), (60_000, 60_000)])
def test_bomb_is_refused_before_its_pixels_are_decoded(sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda image: pytest.fail("decoded"))
    with pytest.raises(DecodeError, match="pixels"):
        decode(png(*sides), SIZE, "pad")
    assert sides[0] * sides[1] > MAX_PIXELS


def test_the_limit_of_pixels_is_ours_not_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # put back at the end
    for _ in range(2):
        with pytest.raises(TooManyPixelsError, match=r"more than 100,000,000( pixels)?$"):
            decode(png(20_000, 10_000), SIZE, "pad")
        ignore_pillow_warnings()
    with pytest.raises(DecodeError) as error:  # a higher limit is not cut short by Pillow's
        decode(png(20_000, 10_000), SIZE, "pad", max_pixels=300_000_000)
    assert not isinstance(error.value, TooManyPixelsError)


def test_a_tile_that_is_too_large_is_the_fault_of_the_file() -> None:
    tags = {256: 16, 257: 16, 258: 8, 259: 5, 262: 1, 322: 2**31, 323: 16, 324: 200, 325: 100}
    with pytest.raises(TooManyPixelsError, match="tiles of 34,359,738,368 pixels, more than 100,000,000"):
        decode(builders.tiff(tags) + bytes(200), SIZE, "pad")


def test_a_jpeg_of_many_scans_is_refused_before_it_keeps_a_core_busy() -> None:
    with pytest.raises(TooManyScansError, match="a JPEG of more than 100 scans"):
        decode(builders.jpeg_of_scans(101), SIZE, "pad")
    assert decode(builders.jpeg_of_scans(100), SIZE, "pad")[1] == (16, 16)


WITHOUT_MEMORY = """
import resource, sys
from pathlib import Path
from specimen.data.readers.decode import decode
content = Path(sys.argv[1]).read_bytes()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]),) * 2)
try:
    print(decode(content, 32, "pad")[1])
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"progressive": True}), ("PNG", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {})],
)
def test_too_little_memory_is_not_the_fault_of_the_image(tmp_path: Path, kind: str, options: dict[str, object]) -> None:
    path = tmp_path / "image"
    path.write_bytes(encode(Image.new("RGB", (3000, 3000), "red"), kind, **options))
    command = [sys.executable, "-c", WITHOUT_MEMORY, str(path)]
    for allowed, said in ((10_000_000, "MemoryError: "), (300_000_000, "(3000, 3000)")):
        done = subprocess.run([*command, str(allowed)], cwd=SOURCE, capture_output=True, text=True, check=True)
        assert done.stdout.startswith(said)
    truncated = path.read_bytes()[:-30] if kind != "TIFF" else path.read_bytes()[:300]
    path.write_bytes(truncated)
    done = subprocess.run([*command, "300000000"], cwd=SOURCE, capture_output=True, text=True, check=True)
    assert "Error: " in done.stdout
    assert "MemoryError" not in done.stdout


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}])
def test_the_sides_of_a_webp_are_known_before_it_is_opened(options: dict[str, object]) -> None:
    content = encode(Image.new("RGB", (3001, 77)), "WEBP", **options)
    assert sides_of_webp(content) == (3001, 77)
    assert sides_of_webp(content[:20]) == ()
    assert sides_of_webp(encode(Image.new("RGB", (30, 77)), "PNG")) == ()


@pytest.mark.parametrize(("kind", "head"), [(b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0"), (b"zTXt", b"k\0\0")])
def test_bomb_in_metadata_is_not_unpacked(kind: bytes, head: bytes) -> None:
    bomb = png_chunk(kind, head + zlib.compress(bytes(20_000_000)))
    with pytest.raises(DecodeError, match="too large"):
        decode(png(10, 10, bomb), SIZE, "pad")


@pytest.mark.parametrize("content", [b"", b"text", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"GIF89a"])
def test_other_formats_are_refused(content: bytes) -> None:
    with pytest.raises(DecodeError, match="none of the formats BMP, JPEG"):
        decode(content, SIZE, "pad")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_reasons_are_the_same_on_each_run(photo: Image.Image, kind: str) -> None:
    content = encode(photo, kind)

    def reason(length: int) -> str:
        with pytest.raises(DecodeError) as caught:
            decode(content[:length], SIZE, "pad")
        return str(caught.value)

    for length in (0, 3, 30, 200, len(content) // 2):
        assert " at 0x" not in reason(length)
        assert reason(length) == reason(length)
        assert reason(length)


def with_damaged_metadata(photo: Image.Image) -> bytes:
    return encode(photo, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09\1\x12\0\x03")


@pytest.mark.filterwarnings("ignore")
def test_damaged_metadata_does_not_matter(photo: Image.Image) -> None:
    assert decode(with_damaged_metadata(photo), SIZE, "pad")[1] == (WIDTH, HEIGHT)


def test_whoever_only_imports_the_module_keeps_the_warnings_of_pillow(photo: Image.Image) -> None:
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):
        decode(with_damaged_metadata(photo), SIZE, "pad")
    code = (
        "import re, warnings, specimen.data.readers.decode\n"
        "modules = [module for _, _, _, module, _ in warnings.filters if module]\n"
        "print(any(re.match(module, 'PIL.Image') for module in modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_program_that_ignores_the_warnings_does_so_in_all_its_threads(photo: Image.Image) -> None:
    content = with_damaged_metadata(photo)
    ignore_pillow_warnings()  # without it every warning is an error here
    with ThreadPoolExecutor(4) as pool:
        decoded = list(pool.map(lambda _: decode(content, SIZE, "pad")[1], range(40)))
    assert decoded == [(WIDTH, HEIGHT)] * 40
    with pytest.warns(UserWarning, match="of something else"):
        warnings.warn("of something else", stacklevel=1)

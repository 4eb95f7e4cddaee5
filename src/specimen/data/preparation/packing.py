"""From image files to the shards of the store, in one pass over the files."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from PIL import Image
from tqdm import tqdm

from specimen.common.errors import SpecimenError
from specimen.common.hashing import content_md5, short_hash
from specimen.common.memory import trim_freed_memory
from specimen.common.prefetch import prefetch_map
from specimen.common.ray_map import shared_map
from specimen.common.sizes import format_bytes
from specimen.config.prepare import Prepare
from specimen.data.dataset.shards import npy_header
from specimen.data.preparation.cutting import cut
from specimen.data.preparation.image_hashes import DecodeResult, difference_hash, make_thumbnail, mean_colour, range_of
from specimen.data.preparation.image_light import measure_light
from specimen.data.preparation.known_files import KnownFile, known_files
from specimen.data.preparation.last_store import NOTHING, LastStore, Photo
from specimen.data.readers.decode import DecodeError, decode_image
from specimen.data.readers.heif import is_heif
from specimen.data.readers.images import HEIF_SUFFIXES, ImageNotFoundError, Images, suffix

CHUNK = 16
"""Images that a worker decodes at a time: fewer hand-overs between threads."""
CHUNK_BYTES = 2**21
"""Or fewer, where pictures are large: they are in memory until their shard is full."""


class ReadPhoto(NamedTuple):
    """A photo that was read, and not decoded yet."""

    name: str
    group: str
    md5: str = ""
    content: bytes = b""
    """Of the file; empty where the picture is `known`."""
    known: Photo | None = None
    """Its picture in the last store."""
    fault: str | None = None
    """Why it cannot be read."""


class Decoded(NamedTuple):
    """A photo on its way into a shard."""

    group: str
    result: DecodeResult
    picture: bytes

    @property
    def pixels(self) -> str:
        """Hash of the picture."""
        return self.result.pixels


def pack(images: Images, rows: pd.DataFrame, folder: Path, prepare: Prepare, last: LastStore = NOTHING) -> pd.DataFrame:
    """Put the photos of `rows` (image, group) in order into shards in `folder`, size x size x 3 pixels each.

    Those that the `last` store has are taken from there, the others are decoded.

    Returns what was found, with the index of `rows`: `decode_error` (None if fine), `image_width` and `image_height`
    (upright), `value_range` (from the darkest to the brightest, of 255), `thumbnail` (grey, as bytes), `image_md5` (of
    the file), `perceptual_hash` (uint64), `pixels` (the same text for the same picture), the fields of `Light`,
    `mean_red`, `mean_green` and `mean_blue`, `taken` (from the last store), `shard` and `position`. A photo that
    several rows name is packed once; one that cannot be read is black.

    Raises `SpecimenError` where the disk is too small, and `MemoryError` where the memory is.
    """
    listed = rows.drop_duplicates("image")
    names, groups = listed["image"].tolist(), listed["group"].tolist()
    shape = (prepare.image_size, prepare.image_size, 3)
    _check_space(folder.parent, len(names) * math.prod(shape))
    folder.mkdir()
    files = known_files(images, names) if last else {}
    step = min(CHUNK, max(1, CHUNK_BYTES // math.prod(shape)))

    def read(first: int) -> list[ReadPhoto]:
        photos = zip(names[first : first + step], groups[first : first + step], strict=True)
        return [_read(images, name, group, last, files.get(name)) for name, group in photos]

    def decoded() -> Iterator[Decoded]:
        # Pillow lets go of the interpreter while it decodes, so threads are enough.
        with tqdm(desc="pictures", total=len(names), unit=" images", disable=None) as bar:
            for chunk in shared_map(read, partial(_decode_chunk, prepare), range(0, len(names), step)):
                yield from chunk
                bar.update(len(chunk))

    def write(shard: list[Decoded]) -> list[tuple[Any, ...]]:
        name = write_shard(folder, shape, [one.picture for one in shard], [one.pixels for one in shard], last)
        trim_freed_memory()
        return [(*one.result, name, position) for position, one in enumerate(shard)]

    found = [row for shard in prefetch_map(write, cut(decoded())) for row in shard]
    table = pd.DataFrame(found, index=pd.Index(names), columns=[*DecodeResult._fields, "shard", "position"])
    table["perceptual_hash"] = difference_hash(table["thumbnail"])
    return table.loc[rows["image"]].set_axis(rows.index)


def write_shard(
    folder: Path, shape: tuple[int, ...], pictures: Sequence[bytes], pixels: Sequence[str], last: LastStore = NOTHING
) -> str:
    """Write pictures of a shape as a .npy file; return its name, a hash of those of the pictures."""
    name = short_hash("".join(pixels).encode())
    path = folder / f"{name}.npy"
    if not path.exists():  # two shards may have the same pictures
        last.write(path, b"".join([npy_header(len(pictures), shape), *pictures]))
    return name


def _read(images: Images, name: str, group: str, last: LastStore, file: KnownFile | None) -> ReadPhoto:
    """Find the picture of a photo in the last store, or read it."""
    try:
        if file is not None and (known := _look_up(last, name, file.md5, _first_bytes(file.path))):
            return ReadPhoto(name, group, file.md5, known=known)
        content = images.read(name)
    except (ImageNotFoundError, OSError) as error:
        return ReadPhoto(name, group, fault=str(error))
    except MemoryError as error:
        raise MemoryError(f"{name}: {error}") from error
    md5 = content_md5(content)
    known = _look_up(last, name, md5, content)
    return ReadPhoto(name, group, md5, b"" if known is not None else content, known)


def _look_up(last: LastStore, name: str, md5: str, content: bytes) -> Photo | None:
    """Return the picture that the last store has of a file, of which the first bytes will do."""
    # The version of what decodes HEIC is noted where files are called so, see `decoder_versions`.
    return None if is_heif(content) and suffix(name) not in HEIF_SUFFIXES else last.photo(md5)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(12)


def _decode_chunk(prepare: Prepare, photos: Sequence[ReadPhoto]) -> list[Decoded]:
    return [Decoded(photo.group, *_decode(photo, prepare)) for photo in photos]


def _decode(photo: ReadPhoto, prepare: Prepare) -> tuple[DecodeResult, bytes]:
    """Return what was found, and the picture as bytes: black where it cannot be read, and then like no other."""
    size = prepare.image_size
    try:
        if photo.fault is not None:
            raise DecodeError(photo.fault)
        seen = photo.known or _see(photo.content, prepare)
    except (DecodeError, OSError) as error:
        return DecodeResult(str(error), pixels=short_hash(photo.name.encode())), bytes(size**2 * 3)
    except MemoryError as error:
        raise MemoryError(f"{photo.name}: {error}") from error
    image = Image.frombuffer("RGB", (size, size), seen.picture)
    light = measure_light(image, (seen.width, seen.height), padded=prepare.resize == "pad")
    facts = (
        range_of(seen.picture),
        make_thumbnail(image),
        photo.md5,
        seen.pixels,
        *light,
        *mean_colour(seen.picture, size),
    )
    return DecodeResult(None, seen.width, seen.height, *facts, taken=photo.known is not None), seen.picture


def _see(content: bytes, prepare: Prepare) -> Photo:
    image, (width, height) = decode_image(content, prepare.image_size, prepare.resize, prepare.white_level)
    picture = image.tobytes()
    return Photo(width, height, short_hash(picture), picture)


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SpecimenError(
            f"{folder}: the store needs {format_bytes(needed)}, {format_bytes(free)} are free. Free some "
            "space, or lower prepare.image_size."
        )

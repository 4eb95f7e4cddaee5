"""Masks of the photos: where the object is, packed like the pictures and cut to squares in the same way.

A mask is a PNG of the name of its photo, white on the object. It covers the photo as that is shown, upright; one of
another size is scaled to the photo.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.common.hashing import content_md5, short_hash
from specimen.common.prefetch import prefetch_map
from specimen.config.prepare import Prepare
from specimen.data.dataset.shards import MASK_COLUMNS
from specimen.data.preparation.last_store import NOTHING, LastStore
from specimen.data.preparation.packing import write_shard
from specimen.data.readers.decode import DecodeError, decode_mask
from specimen.data.readers.images import ImageNotFoundError, Images

SHOWN = 5
"""Faulty masks that a message names."""


def pack_masks(
    masks: Images,
    manifest: pd.DataFrame,
    kept: pd.Series[str],
    folder: Path,
    prepare: Prepare,
    last: LastStore = NOTHING,
) -> pd.DataFrame:
    """Write masks, size x size of 0 or 255, into shards in `folder`; return the manifest with `MASK_COLUMNS`.

    Raises `SpecimenError` that counts the masks of `kept` photos that are missing or cannot be read, and names the
    first of them; `MemoryError` where the memory is too small. Those of other photos are then empty.
    """
    known = frozenset(masks.names)
    shape = (prepare.image_size, prepare.image_size)
    folder.mkdir()

    def pack_shard(photos: pd.DataFrame) -> list[_Mask]:
        found = [_decode(masks, known, photo, prepare, last) for photo in photos.itertuples()]
        name = write_shard(folder, shape, [mask.picture for mask in found], [mask.pixels for mask in found], last)
        return [mask._replace(picture=b"", shard=name) for mask in found]

    # Each starts at position 0; two of them may have the same pictures, and so the same name.
    shards = [part for _, part in manifest.groupby((manifest["position"] == 0).cumsum())]
    packed = [mask for found in prefetch_map(pack_shard, shards) for mask in found]
    wanted = frozenset(kept)
    pairs = zip(manifest["image"], packed, strict=True)
    faults = [mask.fault for image, mask in pairs if mask.fault and image in wanted]
    if faults:
        more = f"\n  ... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise SpecimenError(
            f"data.masks: {len(faults)} of {len(wanted)} photos have no usable mask. Fix these files, or set "
            "data.masks: null:\n  " + "\n  ".join(faults[:SHOWN]) + more
        )
    columns = [[mask.mask_md5 for mask in packed], [mask.pixels for mask in packed], [mask.shard for mask in packed]]
    return manifest.assign(**dict(zip(MASK_COLUMNS, columns, strict=True)))


class _Mask(NamedTuple):
    """What was found of one mask."""

    fault: str | None
    mask_md5: str
    pixels: str
    picture: bytes
    shard: str = ""


def _decode(masks: Images, known: frozenset[str], photo: Any, prepare: Prepare, last: LastStore) -> _Mask:
    """Return the mask of a row of the manifest, empty where it cannot be read."""
    name = PurePosixPath(photo.image).with_suffix(".png").as_posix()
    size = prepare.image_size
    try:
        if name not in known:
            raise ImageNotFoundError("no such file")
        content = masks.read(name)
        md5, sides = content_md5(content), (photo.image_width, photo.image_height)
        mask = last.mask(md5, *sides) or decode_mask(content, sides, size, prepare.resize).tobytes()
    except (DecodeError, ImageNotFoundError) as error:
        empty = bytes(size * size)
        return _Mask(f"{name}: {error}", "", short_hash(empty), empty)
    except MemoryError as error:
        raise MemoryError(f"{name}: {error}") from error
    return _Mask(None, md5, short_hash(mask), mask)

"""Masks of the photos: where the object is, packed like the pictures and cut to squares in the same way.

A mask is a PNG of the name of its photo, white on the object. It covers the photo as that is shown, upright; one of
another size is scaled to the photo.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.common.prefetch import prefetch_map
from specimen.config.base import Resize
from specimen.data.readers.decode import DecodeError, decode_mask
from specimen.data.readers.images import ImageNotFoundError, Images

SHOWN = 5
"""Faulty masks that a message names."""


def pack_masks(masks: Images, photos: pd.DataFrame, path: Path, size: int, resize: Resize) -> None:
    """Write the masks of `photos` (image, image_width, image_height: upright) to N x size x size uint8, 0 or 255.

    Raises `SpecimenError` that counts the masks that are missing or cannot be read, and names the first of them;
    `MemoryError` where the memory is too small.
    """
    known = frozenset(masks.names)
    packed = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(photos), size, size))

    def pack_one(position: int) -> str | None:
        """Write the mask of one photo, or return what is wrong with it."""
        photo = photos.iloc[position]
        name = PurePosixPath(photo["image"]).with_suffix(".png").as_posix()
        if name not in known:
            return f"{name}: no such file"
        try:
            sides = (int(photo["image_width"]), int(photo["image_height"]))
            packed[position] = decode_mask(masks.read(name), sides, size, resize)
        except (DecodeError, ImageNotFoundError) as error:
            return f"{name}: {error}"
        except MemoryError as error:
            raise MemoryError(f"{name}: {error}") from error
        return None

    faults = [fault for fault in prefetch_map(pack_one, range(len(photos))) if fault is not None]
    packed.flush()
    if faults:
        more = f"\n  ... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise SpecimenError(
            f"data.masks: {len(faults)} of {len(photos)} photos have no usable mask. Fix these files, or set "
            "data.masks: null:\n  " + "\n  ".join(faults[:SHOWN]) + more
        )

"""Masks of the photos: where the object is, packed beside the pictures and cut to squares in the same way.

A mask is a PNG of the name of its photo, white on the object. It lies over the photo as that is shown, upright; one of
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
from specimen.data.readers.images import ImageNotFoundError, Images, open_images

SHOWN = 5
"""Faulty masks that a message names."""


def open_masks(root: Path, inside: str, photos: Images, images: str) -> Images:
    """Open the masks at `inside` below `root`, and take them out of the photos where these lie around them.

    `images` is where the photos were found. Raises `SpecimenError` if there are no masks, or no photos beside them.
    """
    masks = open_images(root, inside, "data.masks")
    folder, around = PurePosixPath(inside), PurePosixPath(images)
    if folder.is_relative_to(around):
        within = folder.relative_to(around)
        photos.names = [name for name in photos.names if not PurePosixPath(name).is_relative_to(within)]
    if not photos.names:
        raise SpecimenError(f"data.masks: '{inside}' in '{root}' leaves no photos in data.images '{images}'.")
    return masks


def pack_masks(masks: Images, photos: pd.DataFrame, path: Path, size: int, resize: Resize) -> None:
    """Write the masks of `photos` (file, image_width, image_height: upright) to N x size x size uint8, 0 or 255.

    Raises `SpecimenError` that counts the masks that are missing or cannot be read, and names the first of them.
    """
    known = frozenset(masks.names)
    packed = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(photos), size, size))
    faults: list[str] = []

    def work(place: int) -> str | None:
        photo = photos.iloc[place]
        name = PurePosixPath(photo["file"]).with_suffix(".png").as_posix()
        try:
            if name not in known:
                raise ImageNotFoundError("no such file")
            sides = int(photo["image_width"]), int(photo["image_height"])
            packed[place] = decode_mask(masks.read(name), sides, size, resize)
        except (DecodeError, ImageNotFoundError) as error:
            return f"{name}: {error}"
        return None

    for fault in prefetch_map(work, range(len(photos))):
        faults += [fault] if fault else []
    packed.flush()
    if faults:
        more = f"\n  ... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise SpecimenError(
            f"data.masks: {len(faults)} of {len(photos)} photos have no usable mask. Mend these files, or set "
            "data.masks: null:\n  " + "\n  ".join(faults[:SHOWN]) + more
        )

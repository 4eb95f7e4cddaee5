"""The rules that come after decoding: each is a pure function from the packed table to the values that it objects to.

They read the columns of the label table, and those that `pack` has found in the pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.config.prepare import Rules
from specimen.data.preparation.table_rules import repeats

ALIKE = 1.5
"""Mean difference of two thumbnails, in grey levels of 255, up to which they show one photo: measured, one saved again
at half its size and JPEG quality 40 to 75 differs by 0.1 to 1.4, photos of two fruits on the same plate by 2 and more.
"""


def unreadable_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The image cannot be decoded. Needs the column `decode_error`."""
    return table["decode_error"].dropna()


def small_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """A side of the image is too short. Needs the columns `image_width` and `image_height`."""
    small = table[["image_width", "image_height"]].min(axis=1) < rules.small_image.min_side
    return name_sides(table)[small]


def name_sides(table: pd.DataFrame) -> pd.Series[Any]:
    """Return the sides of each photo as a text: `640 x 480`."""
    return table["image_width"].astype(str) + " x " + table["image_height"].astype(str)


def low_contrast(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The picture uses hardly any of the range from black to white. Needs the column `value_range`."""
    values = table["value_range"][table["value_range"] < rules.low_contrast.min_range]
    return values.map("from its darkest to its brightest value {} of 255".format)


def duplicate_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The same pixels in several files: all but the first; if labels differ, all. Needs the column `pixels`."""
    return repeats(table, by="pixels", told_apart_by=["target"])


def near_duplicate(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """A picture that looks like one in another group, the later of the two: both its hash and its thumbnail are near.

    Needs the columns `perceptual_hash` (uint64) and `thumbnail` (bytes). The hash alone is fooled by dark, smooth
    pictures, where a bit is a matter of noise.
    """
    hashes = table["perceptual_hash"].to_numpy(np.uint64)
    thumbnails = np.array([np.frombuffer(grey, np.uint8) for grey in table["thumbnail"]], dtype=np.int16)
    groups = pd.factorize(table["group"])[0]
    names = table["image_name"].to_numpy()
    earlier_names: dict[Any, str] = {}
    for row in range(1, len(table)):
        alike = find_alike(hashes, thumbnails, row, rules.near_duplicate.distance)
        others = alike[groups[alike] != groups[row]]
        if len(others):
            earlier_names[table.index[row]] = f"like {names[others[0]]}"
    return pd.Series(earlier_names, dtype=object)


def find_alike(
    hashes: npt.NDArray[np.uint64], thumbnails: npt.NDArray[np.int16], row: int, distance: int
) -> npt.NDArray[np.int64]:
    """Return the rows before `row` whose hash is at most `distance` bits away, and whose thumbnail is near.

    `thumbnails` are N x pixels, signed so that they can be subtracted.
    """
    near: npt.NDArray[np.int64] = np.flatnonzero(np.bitwise_count(hashes[:row] ^ hashes[row]) <= distance)
    if not len(near):
        return near
    is_alike: npt.NDArray[np.bool_] = np.abs(thumbnails[near] - thumbnails[row]).mean(axis=1) <= ALIKE
    return near[is_alike]


def small_class(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """A class with too few samples."""
    sizes = table.groupby("target")["target"].transform("size")
    small = sizes < rules.small_class.min_samples
    return table["target"][small].map(str) + ": " + sizes[small].map(str) + " samples"

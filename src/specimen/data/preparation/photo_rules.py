"""The rules on faults of a photo: blurred, dark, overexposed, of an odd shape or size.

They are those that CleanVision looks for (github.com/cleanlab/cleanvision), besides copies. Light is that of the
picture in the store, without borders; shape and size are those of the file. None of them proves that a photo is of no
use, so they warn unless params say otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from specimen.config.prepare import Rules
from specimen.data.preparation.picture_rules import name_sides


def blurred_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The photo is much less sharp than the median of all. Needs the column `image_sharpness`."""
    relative = table["image_sharpness"] / max(float(table["image_sharpness"].median()), np.finfo(np.float64).tiny)
    blurred = relative[(relative < rules.blurred_image.least) & (table["image_sharpness"].median() > 0)]
    return blurred.map("sharpness {:.2f} of the median".format)


def dark_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The photo is dark nearly everywhere. Needs the column `image_brightest`."""
    bright = table["image_brightest"]
    return bright[bright < rules.dark_image.brightest].map("99 % of it darker than {:.2f} of 1".format)


def overexposed_image(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The photo is bright nearly everywhere. Needs the column `image_darkest`."""
    dark = table["image_darkest"]
    return dark[dark > rules.overexposed_image.darkest].map("95 % of it brighter than {:.2f} of 1".format)


def odd_shape(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """One side is much longer than the other. Needs the columns `image_width` and `image_height`."""
    sides = table[["image_width", "image_height"]]
    return name_sides(table)[sides.min(axis=1) < rules.odd_shape.ratio * sides.max(axis=1)]


def odd_size(table: pd.DataFrame, rules: Rules) -> pd.Series[Any]:
    """The photo is much larger or smaller than the median of all. Needs `image_width` and `image_height`."""
    area = table["image_width"].astype(np.float64) * table["image_height"].astype(np.float64)
    times = np.sqrt(area / area.median())
    limit = rules.odd_size.times
    return name_sides(table)[(times > limit) | (times < 1 / limit)]

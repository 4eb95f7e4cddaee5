"""Faults of real collections: a photo that is cut off, turned, grey, lost or mixed up, and a weight below zero."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import ExifTags, Image

PHOTOS = 2  # of each plant
QUALITY = 90  # of the JPEG files


def mask_of(photo: Path) -> Path:
    """Return the path of the mask of a photo."""
    return photo.parents[1] / "masks" / f"{photo.stem}.png"


def spoil(images: Path, labels: pd.DataFrame, rng: np.random.Generator) -> None:
    """Spoil a few photos and one weight, in place, the way real collections are spoiled."""
    one_of_each_plant = labels["filename"].to_numpy()[::PHOTOS]
    grey, turned, cut, mixed_up, source, *others = (images / name for name in rng.permutation(one_of_each_plant))
    Image.open(grey).convert("L").save(grey, quality=QUALITY)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored a quarter turn to the left, to be shown turned back
    Image.open(turned).transpose(Image.Transpose.ROTATE_90).save(turned, quality=QUALITY, exif=exif)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    for one, other in ((source, mixed_up), (mask_of(source), mask_of(mixed_up))):
        shutil.copyfile(one, other)
    for lost in others[: max(1, len(labels) // 160)]:
        lost.unlink()
        mask_of(lost).unlink()
    plant = rng.choice(labels.index[labels["fresh_weight_total"].notna()]) // PHOTOS
    labels.loc[labels.index // PHOTOS == plant, "fresh_weight_total"] *= -1

"""The packed store: every picture decoded once, in files that training reads batches from.

images/       shards of pictures, uint8, n x size x size x 3; none without pictures
masks/        likewise n x size x size, 255 on the object and 0 elsewhere; only with data.masks
shards.csv    which picture is where, of every photo that could be decoded: see `shards`
samples.csv   row, image, image_md5 (of the file; not without pictures), group, split, target, features
meta.json     what was found: task, target, class names, counts, statistics of the train split
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.data.dataset.meta import DatasetMeta
from specimen.data.dataset.shards import IMAGES, MANIFEST, MASKS, Shards, open_shards, read_manifest

Pictures = npt.NDArray[np.uint8] | Shards
"""uint8, N x size x size x 3; size 0: there are none. Masks are N x size x size."""


@dataclass(frozen=True)
class Store:
    """A prepared data set, opened for reading."""

    images: Pictures
    """Row i is the picture of row i of `samples`; `masks` likewise."""
    samples: pd.DataFrame
    meta: DatasetMeta
    masks: Pictures | None = None

    @classmethod
    def load(cls, folder: Path) -> Store:
        """Open a store; the pictures stay on disk until they are read. Raises `SpecimenError` if it is not complete."""
        try:
            meta = DatasetMeta.read(
                json.loads((folder / "meta.json").read_text(encoding="utf-8")),
                str(folder),
                "`dvc repro prepare` makes it.",
            )
            # A class named "NA" or "null" is a name, so only an empty cell is missing.
            text = dict.fromkeys(("image", "image_md5", "group", "split"), str) | (
                {"target": str} if meta.class_names else {}
            )
            samples = pd.read_csv(folder / "samples.csv", dtype=text, keep_default_na=False, na_values=[""])
            if "split" not in samples:
                raise ValueError("samples.csv has no column 'split'")
            images, masks = _open_pictures(folder, samples, meta.image_size)
        except SpecimenError:
            raise
        # Parsers of damaged files raise whatever they stumble over.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise SpecimenError(f"{folder}: not a complete store ({reason}). `dvc repro prepare` makes it.") from error
        return cls(images, samples, meta, masks)

    def rows(self, split: str) -> npt.NDArray[np.int64]:
        """Return the row numbers of one split."""
        return np.flatnonzero(self.samples["split"] == split)


def _open_pictures(folder: Path, samples: pd.DataFrame, size: int) -> tuple[Pictures, Pictures | None]:
    """Return the pictures of the samples, and their masks if there are any."""
    if not size:
        return np.empty((len(samples), 0, 0, 3), np.uint8), None
    manifest = read_manifest(folder / MANIFEST)
    entries = pd.Index(manifest["image"]).get_indexer(samples["image"]).astype(np.int64)
    if (entries < 0).any():
        raise ValueError(f"{MANIFEST} has no picture of {samples['image'].iloc[int(entries.argmin())]}")
    place = manifest["position"]
    images = open_shards(folder / IMAGES, manifest["shard"], place, entries, (size, size, 3))
    if "mask_shard" not in manifest:
        return images, None
    return images, open_shards(folder / MASKS, manifest["mask_shard"], place, entries, (size, size))


SPLITS = ("train", "val", "test")

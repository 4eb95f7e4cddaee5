"""The packed store: every picture decoded once, in one flat file that training maps into memory.

images.npy    uint8, N x size x size x 3; row i is the picture of row i of samples.csv; size 0: no pictures
masks.npy     uint8, N x size x size, 255 on the object and 0 elsewhere; only with data.masks
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


@dataclass(frozen=True)
class Store:
    """A prepared data set, opened for reading."""

    images: npt.NDArray[np.uint8]
    samples: pd.DataFrame
    meta: DatasetMeta
    masks: npt.NDArray[np.uint8] | None = None

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
            images = np.lib.format.open_memmap(folder / "images.npy", mode="r")
            masks_path = folder / "masks.npy"
            masks = np.lib.format.open_memmap(masks_path, mode="r") if masks_path.exists() else None
            shape = (len(samples), meta.image_size, meta.image_size, 3)
        except SpecimenError:
            raise
        # Parsers of damaged files raise whatever they stumble over.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise SpecimenError(f"{folder}: not a complete store ({reason}). `dvc repro prepare` makes it.") from error
        if images.shape != shape or images.dtype != np.uint8 or "split" not in samples:
            raise SpecimenError(
                f"{folder}: images.npy has {images.dtype} {images.shape}, but samples.csv and meta.json ask for uint8 "
                f"{shape}, in splits. `dvc repro prepare` makes it again."
            )
        if masks is not None and (masks.shape != shape[:3] or masks.dtype != np.uint8):
            raise SpecimenError(
                f"{folder}: masks.npy has {masks.dtype} {masks.shape}, but images.npy needs uint8 {shape[:3]}. "
                "`dvc repro prepare` makes it again."
            )
        return cls(images, samples, meta, masks)

    def rows(self, split: str) -> npt.NDArray[np.int64]:
        """Return the row numbers of one split."""
        return np.flatnonzero(self.samples["split"] == split)


SPLITS = ("train", "val", "test")

"""Pictures of a revision's samples, read one by one from its shards, wherever DVC keeps those."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.data.dataset.shards import IMAGES, MANIFEST, read_manifest
from specimen.versioning.errors import NotAvailableError, NotFoundError
from specimen.versioning.revisions import Revision

PREPARED = "data/prepared"
SHARDS = f"{PREPARED}/{MANIFEST}"

Pictures = npt.NDArray[np.uint8]
"""RGB, N x size x size x 3."""


@dataclass(frozen=True)
class StoredPictures:
    """The pictures of a revision; which shard each is in, is read once."""

    revision: Revision

    def read(self, images: Sequence[str]) -> list[Pictures]:
        """Return the pictures of photos by their names; the others, which may be gigabytes in a bucket, are not read.

        Raises `NotAvailableError` where the store is not available, has no such picture, or is of another version.
        """
        missing = [image for image in images if image not in self._places.index]
        if missing:
            raise NotAvailableError(f"{SHARDS} of {self.revision.label} has no picture of {missing[0]}")
        return [_read(self.revision, *self._places.loc[image]) for image in images]

    @cached_property
    def _places(self) -> pd.DataFrame:
        """Shard and position by the name of the photo."""
        try:
            content = self.revision.read(SHARDS)
        except NotFoundError as error:
            raise NotFoundError(f"{error}: the data have no pictures, or are of another version of Specimen") from None
        try:
            return read_manifest(io.BytesIO(content)).drop_duplicates("image").set_index("image")[["shard", "position"]]
        # Parsers of damaged files raise whatever they stumble over.
        except Exception as error:
            raise NotAvailableError(f"{SHARDS} of {self.revision.label} cannot be read: {error}") from error


def _read(revision: Revision, shard: str, position: int) -> Pictures:
    name = f"{PREPARED}/{IMAGES}/{shard}.npy"
    with revision.open(name) as file:
        try:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError("another version of .npy")
            (count, *sides), _, dtype = np.lib.format.read_array_header_1_0(file)
            if len(sides) != 3 or dtype != np.uint8 or not 0 <= position < count:
                raise ValueError(f"it has {count} of {dtype}")
        except ValueError as error:
            raise NotAvailableError(f"{name} of {revision.label} is not a shard: {error}") from error
        length = int(np.prod(sides))
        file.seek(int(position) * length, 1)
        content = file.read(length)
    if len(content) != length:
        raise NotAvailableError(f"{name} of {revision.label} ends early")
    return np.frombuffer(content, np.uint8).reshape(sides)

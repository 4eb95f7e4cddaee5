"""Pictures of a revision's samples, read one by one from its packed store, wherever DVC keeps that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from specimen.versioning.errors import NotAvailableError
from specimen.versioning.revisions import Revision

IMAGES = "data/prepared/images.npy"

Pictures = npt.NDArray[np.uint8]
"""RGB, N x size x size x 3."""


def read_pictures(revision: Revision, rows: Sequence[int]) -> Pictures:
    """Return these rows of the store; the others, which may be gigabytes in a bucket, are not read.

    Raises `NotAvailableError` where the store is not available, or is not one.
    """
    with revision.open(IMAGES) as file:
        shape, start = _header(file, revision)
        pictures = np.empty((len(rows), *shape[1:]), np.uint8)
        for picture, row in zip(pictures, rows, strict=True):
            if not 0 <= row < shape[0]:
                raise NotAvailableError(f"{IMAGES} of {revision.label} has {shape[0]} pictures, and no row {row}")
            file.seek(start + int(row) * picture.size)
            content = file.read(picture.size)
            if len(content) != picture.size:
                raise NotAvailableError(f"{IMAGES} of {revision.label} ends early")
            picture[:] = np.frombuffer(content, np.uint8).reshape(picture.shape)
    return pictures


def _header(file: BinaryIO, revision: Revision) -> tuple[tuple[int, ...], int]:
    """Return the shape of the store, and where its first picture begins."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_column, dtype = read(file)
    except ValueError as error:
        raise NotAvailableError(f"{IMAGES} of {revision.label} is not a store: {error}") from error
    if len(shape) != 4 or by_column or dtype != np.uint8:
        raise NotAvailableError(f"{IMAGES} of {revision.label} is not a store of pictures")
    if not shape[1]:
        raise NotAvailableError(f"the data of {revision.label} have no pictures")
    return shape, file.tell()

"""Hashes, the same on every machine: a number for a name, and the MD5 of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def hash_position(groups: pd.Series[Any], seed: str) -> npt.NDArray[np.float64]:
    """Return for each group a number in [0, 1), uniform over groups, the same on every machine and in every version."""
    unique = {group: _position(group, seed) for group in groups.unique()}
    return np.array([unique[group] for group in groups], dtype=np.float64)


def in_hash_order(samples: pd.DataFrame, seed: str) -> pd.DataFrame:
    """Return samples in the order of the hashes of their images' names, which stays when others come or go."""
    return samples.iloc[np.argsort(hash_position(samples["image"], seed), kind="stable")]


def _position(group: str, seed: str) -> float:
    digest = hashlib.blake2b(f"{seed}\0{group}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    # 53 bits are what a float holds exactly; with more, the largest would round up to 1.
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def short_hash(content: bytes) -> str:
    """Return 16 hexadecimal digits that two contents share only if they are equal, for all that chance can do."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def content_md5(content: bytes) -> str:
    """Return the MD5 of the content of a file in hexadecimal digits, as `md5sum` and DVC give it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def file_md5(path: Path) -> str:
    """Return the MD5 of a file in hexadecimal digits, by which DVC names its content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

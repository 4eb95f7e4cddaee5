"""How photos look, small: which are nearly the same, and which is the most like each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from specimen.common.prefetch import prefetch_map
from specimen.data.preparation.image_hashes import difference_hash, make_thumbnail
from specimen.data.preparation.picture_rules import find_alike
from specimen.data.readers.decode import DecodeError, decode
from specimen.data.readers.images import ImageNotFoundError, Images

SIDE = 32
COLOUR_SIDE = 8
MOST = 4000
"""Photos that are looked at."""
BLOCK = 50
"""Photos in a row that are looked at or left out together: those of one object are next to each other."""
NEAR_BITS = 1
ROWS = 512
"""Photos that are compared with all others at a time."""


@dataclass(frozen=True)
class Looks:
    """Small copies of photos, in the order of their names."""

    names: list[str]
    thumbnails: npt.NDArray[np.int16]
    hashes: npt.NDArray[np.uint64]
    colours: npt.NDArray[np.float32]
    """N x 192: each photo at 8 x 8 pixels."""
    sides: npt.NDArray[np.int64]
    """N x 2: width and height."""
    unreadable: int


def look_at(images: Images, names: Sequence[str]) -> Looks:
    """Decode photos, at most `MOST` of them, those that cannot be read left out."""
    chosen = _spread(names)

    def read(name: str) -> tuple[npt.NDArray[np.uint8], tuple[int, int]] | None:
        try:
            return decode(images.read(name), SIDE, "stretch")
        except (DecodeError, ImageNotFoundError):
            return None

    seen = [(name, found) for name, found in zip(chosen, prefetch_map(read, chosen), strict=True) if found is not None]
    pictures = [picture for _, (picture, _) in seen]
    grey = [make_thumbnail(Image.fromarray(picture)) for picture in pictures]
    step = SIDE // COLOUR_SIDE
    small = [picture.reshape(COLOUR_SIDE, step, COLOUR_SIDE, step, 3).mean(axis=(1, 3)) for picture in pictures]
    return Looks(
        [name for name, _ in seen],
        np.array([np.frombuffer(copy, np.uint8) for copy in grey], np.int16).reshape(len(seen), -1),
        difference_hash(pd.Series(grey, dtype=object)) if grey else np.empty(0, np.uint64),
        np.array(small, np.float32).reshape(len(seen), -1),
        np.array([sides for _, (_, sides) in seen], np.int64).reshape(-1, 2),
        len(chosen) - len(seen),
    )


def _spread(names: Sequence[str]) -> list[str]:
    """Return all names, or of too many blocks that are spread evenly."""
    if len(names) <= MOST:
        return list(names)
    blocks = [names[start : start + BLOCK] for start in range(0, len(names), BLOCK)]
    kept = np.linspace(0, len(blocks) - 1, MOST // BLOCK).round().astype(int)
    return [name for block in kept for name in blocks[block]]


def near_pairs(looks: Looks) -> list[tuple[int, int]]:
    """Return the pairs of photos that are nearly the same, as the rule near_duplicate finds them."""
    pairs: list[tuple[int, int]] = []
    for row in range(1, len(looks.names)):
        pairs += [(int(other), row) for other in find_alike(looks.hashes, looks.thumbnails, row, NEAR_BITS)]
    return pairs


def nearest(looks: Looks) -> npt.NDArray[np.int64]:
    """Return for each photo the other one that is the most like it."""
    colours = looks.colours
    squares = (colours**2).sum(axis=1)
    found = np.empty(len(colours), np.int64)
    for start in range(0, len(colours), ROWS):
        part = colours[start : start + ROWS]
        distances = squares - 2 * part @ colours.T
        distances[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        found[start : start + ROWS] = distances.argmin(axis=1)
    return found


@dataclass(frozen=True)
class Together:
    """How often photos that belong together are in one group."""

    neighbours: float
    """Share of the photos whose nearest other one is in their group."""
    chance: float
    """The same for any other photo."""
    twins: int
    twins_apart: int
    """Pairs of nearly the same photo in two groups."""


class Kinship:
    """Which photos seem to belong together, asked for several groupings."""

    def __init__(self, looks: Looks) -> None:
        self.names = looks.names
        self._nearest = nearest(looks) if len(looks.names) > 1 else np.empty(0, np.int64)
        self._twins = near_pairs(looks)

    def judge(self, groups: pd.Series[Any]) -> Together:
        """Judge groups, given by the names of photos; a photo without a group is one of its own."""
        given = groups.reindex(self.names)
        alone = pd.Series([f"\0{name}" for name in self.names], index=given.index, dtype=object)
        codes = pd.factorize(given.where(given.notna(), alone))[0]
        if len(codes) < 2:
            return Together(0.0, 0.0, 0, 0)
        sizes = np.bincount(codes).astype(np.float64)
        chance = float((sizes * (sizes - 1)).sum() / (len(codes) * (len(codes) - 1)))
        apart = sum(codes[one] != codes[other] for one, other in self._twins)
        neighbours = float((codes == codes[self._nearest]).mean())
        return Together(neighbours, chance, len(self._twins), int(apart))


def say(together: Together) -> str:
    """Return what speaks for a grouping."""
    text = f"the photo most like each is of its group in {together.neighbours:.0%} (by chance {together.chance:.1%})"
    if not together.twins:
        return text
    return f"{text}; {together.twins - together.twins_apart} of {together.twins} near twins are in one group"

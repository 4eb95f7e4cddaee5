"""The columns that together name one object, with the photos that speak for them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from specimen.common.cells import to_key
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.numbers import read_numbers
from specimen.data.proposal.looks import Kinship, say
from specimen.data.proposal.reasons import Reason
from specimen.data.proposal.words import NO_OBJECTS, OBJECTS, PLACES, words

FEWEST_GROUPS = 6
MOST_IN_ONE = 60
"""Rows of an object on average, from which on a column rather says what kind of object it is."""
FEWEST_FILLED = 0.8
LIFT = 2.0
"""How much more often than by chance the photo most like another must be of its group, without a name that says it."""
BALANCED = 0.8
"""Share of the values that must have the same number of rows, to be objects that were each treated alike."""
IN_NAMES = 0.95
DENSE = 3
"""Whole numbers up to so many times their count are counters, and not measurements."""
SHOWN = 3
"""Other candidates that are named."""
SHORT = 4
"""Letters of a name that may come again in another place."""


@dataclass(frozen=True)
class Rows:
    """The rows of a sheet whose photo is there."""

    sheet: pd.DataFrame
    images: pd.Series
    """The photo of each row."""
    target: pd.Series
    kinship: Kinship | None
    """None: a table without photos."""

    def judge(self, columns: list[str], others: Collection[str] = ()) -> str:
        """Return what speaks for columns as the group, and what the photos say of `others`."""
        groups = _joined(self.sheet, columns)
        texts = [f"{groups.nunique():,} objects of {len(groups) / max(1, groups.nunique()):.1f} rows on average"]
        if self.kinship is not None:
            together = self.kinship.judge(_by_image(groups, self.images))
            texts.append(say(together))
        return "; ".join([*texts, *_say_labels(groups, self.target), *self._say_others(columns, others)])

    def _say_others(self, columns: list[str], others: Collection[str]) -> list[str]:
        """Return the columns by which the photos would be parted likewise, those with the largest lift first."""
        if self.kinship is None:
            return []
        lifts: dict[str, tuple[float, str]] = {}
        for name in others:
            if name in columns or not _repeats(self.sheet[name]):
                continue
            found = self.kinship.judge(_by_image(to_key(self.sheet[name]), self.images))
            lift = found.neighbours / found.chance if found.chance else 0.0
            if lift >= LIFT:
                lifts[name] = lift, f"{name} {found.neighbours:.0%} ({found.chance:.1%})"
        best = sorted(lifts.values(), reverse=True)[:SHOWN]
        return [f"other columns: {', '.join(text for _, text in best)}"] if best else []


def choose_group(rows: Rows, apart: Collection[str], wanted: list[str] | None) -> Reason:
    """Return the columns that name one object; none where each row seems to be one. Raises `SpecimenError`."""
    unknown = [name for name in wanted or () if name not in rows.sheet]
    if unknown:
        raise SpecimenError(
            f"--group: no column '{unknown[0]}'. {accepted_hint(unknown[0], rows.sheet.columns, 'columns')}"
        )
    if wanted:
        return Reason("data.group", wanted, f"said by you: {rows.judge(wanted)}")
    free = [name for name in rows.sheet.columns if name not in apart]
    named = [name for name in free if _names_objects(name) and _repeats(rows.sheet[name])]
    if named:
        chosen = _with_places(rows, _coarsest(rows.sheet, named), free)
        return Reason("data.group", chosen, f"by its name: {rows.judge(chosen, free)}")
    likely = {name: why for name in free if (why := _speaks_for(rows, name))}
    if likely:
        name = next(iter(likely))
        chosen = _with_places(rows, name, free)
        return Reason("data.group", chosen, f"{likely[name]}; {rows.judge(chosen, free)}", doubt=True)
    because = "no column repeats as the name of an object does: each row counts for itself"
    return Reason("data.group", None, because, doubt=True)


def _names_objects(name: str) -> bool:
    spoken = set(words(name))
    return bool(spoken & OBJECTS) and not spoken & (NO_OBJECTS | PLACES)


def _repeats(cells: pd.Series) -> bool:
    """Tell whether a column has several objects, and several rows of many of them."""
    keys = to_key(cells)
    distinct = keys.nunique()
    return bool(keys.notna().mean() >= FEWEST_FILLED and FEWEST_GROUPS <= distinct <= 0.95 * keys.notna().sum())


def _coarsest(sheet: pd.DataFrame, names: list[str]) -> str:
    """Return the column whose objects hold those of the others, as a plant holds its leaves; else the first."""
    for name in names:
        holds = [other for other in names if other != name and _is_inside(sheet[other], sheet[name])]
        if len(holds) == len(names) - 1:
            return name
    return names[0]


def _is_inside(fine: pd.Series, coarse: pd.Series) -> bool:
    pairs = pd.DataFrame({"fine": to_key(fine), "coarse": to_key(coarse)}).dropna()
    return bool((pairs.groupby("fine")["coarse"].nunique() == 1).all())


def _with_places(rows: Rows, name: str, free: list[str]) -> list[str]:
    """Add the columns of the places in which objects are numbered, where numbers may come again; in the sheet's order.

    Also those that part nothing today: the next photos may have another robot in the same experiment.
    """
    if not _is_counter(rows.sheet[name]):
        return [name]
    chosen = [name]
    for place in (other for other in free if set(words(other)) & PLACES and not set(words(other)) & NO_OBJECTS):
        before, after = (_joined(rows.sheet, columns) for columns in (chosen, [*chosen, place]))
        if after.notna().sum() < before.notna().sum() or _tears_labels(after, rows.target):
            continue
        chosen.append(place)
    return [column for column in rows.sheet.columns if column in chosen]


def _is_counter(cells: pd.Series) -> bool:
    """Tell whether names are so short that they may come again in another place: 1, 2, 3 or A1."""
    keys = to_key(cells).dropna()
    return bool((keys.str.len() <= SHORT).mean() > 0.9)


def _speaks_for(rows: Rows, name: str) -> str:
    """Return what speaks for a column whose name does not say that it names objects; nothing if nothing does."""
    cells = rows.sheet[name]
    keys = to_key(cells)
    if set(words(name)) & (NO_OBJECTS | PLACES) or not _repeats(cells) or not _may_be_names(cells):
        return ""
    if _is_in_names(keys, rows.images):
        return "its values are in the names of the photos"
    sizes = keys.value_counts()
    if sizes.max() > 1 and (sizes == sizes.mode()[0]).mean() >= BALANCED and sizes.mode()[0] > 1:
        return f"most of its values have {sizes.mode()[0]} rows"
    if rows.kinship is None:
        return ""
    together = rows.kinship.judge(_by_image(keys, rows.images))
    return "its photos are alike" if together.chance and together.neighbours >= LIFT * together.chance else ""


def _may_be_names(cells: pd.Series) -> bool:
    """Tell whether cells may name objects: texts or counters, and not measurements or kinds of objects."""
    distinct = to_key(cells).nunique()
    numbers = read_numbers(cells).values.dropna()
    if len(numbers) > len(cells) / 2:
        is_whole = bool((numbers % 1 == 0).all())
        if not is_whole or numbers.max() - numbers.min() > DENSE * distinct:
            return False
    return len(cells) <= MOST_IN_ONE * distinct


def _is_in_names(keys: pd.Series, images: pd.Series) -> bool:
    """Tell whether the name of nearly each photo has its value: 1 is in `whole_001.jpg`."""
    pairs = pd.DataFrame({"key": keys, "image": images}).dropna()
    if pairs.empty:
        return False

    def holds(key: str, image: str) -> bool:
        parts = re.findall(r"\d+|[^\W\d_]+", image.lower())
        return key.lower() in image.lower() if not key.isdigit() else key in {part.lstrip("0") or "0" for part in parts}

    held = [holds(str(key), str(image)) for key, image in zip(pairs["key"], pairs["image"], strict=True)]
    return sum(held) >= IN_NAMES * len(held)


def _by_image(groups: pd.Series, images: pd.Series) -> pd.Series:
    named = pd.Series(groups.to_numpy(), index=images.to_numpy())
    return named[~named.index.duplicated()]


def _joined(sheet: pd.DataFrame, columns: list[str]) -> pd.Series:
    parts = [to_key(sheet[name]) for name in columns]
    joined = pd.concat(parts, axis=1)
    text = joined.astype("string").fillna("").agg("\0".join, axis=1)
    return text.where(joined.notna().all(axis=1)).astype(object)


def _label_twins(groups: pd.Series, target: pd.Series) -> tuple[int, int]:
    """Return how many labels several rows share to the last digit, and how many of these are in several groups.

    Only labels that hardly repeat by chance: those of few rows, among many different ones.
    """
    numbers = read_numbers(target).values
    both = pd.DataFrame({"group": groups, "label": numbers}).dropna()
    if both["label"].nunique() < len(both) / MOST_IN_ONE:
        return 0, 0
    sizes = both.groupby("label")["group"].agg(["size", "nunique"])
    shared = sizes[sizes["size"] > 1]
    return len(shared), int((shared["nunique"] > 1).sum())


def _tears_labels(groups: pd.Series, target: pd.Series) -> bool:
    """Tell whether a grouping puts rows that share their label apart more often than chance explains."""
    shared, torn = _label_twins(groups, target)
    return shared >= FEWEST_GROUPS and torn > shared / 2


def _say_labels(groups: pd.Series, target: pd.Series) -> list[str]:
    shared, torn = _label_twins(groups, target)
    return [f"{shared - torn:,} of {shared:,} labels that rows share are in one group"] if shared else []

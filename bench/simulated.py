"""Simulated test splits: the predictions of models whose quality is known, for bench/truth.py and bench/trainings.py.

In all structures of errors the models find the same objects hard, and photos of one object are alike; only the models
of `UNLIKE_NUMBERS` and `UNLIKE_CLASSES` make errors of different kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from specimen.evaluation.class_measures import measure_classes
from specimen.evaluation.number_measures import measure_numbers
from specimen.evaluation.swapped_models import SwappedModels

Random = np.random.Generator
NUMBERS = ("rmse", "mae")
CLASSES = ("accuracy", "macro_f1", "log_loss")
NAMES = tuple("abcd")


def random_of(*cell: str | int) -> Random:
    """Return the random numbers of a cell, which no other cell has."""
    return np.random.default_rng(list(repr(cell).encode()))


def normal(random: Random, group: Any) -> Any:
    """Return errors of standard deviation 1, of whose variance half is common to the photos of a group."""
    common = random.normal(size=group.max() + 1)[group]
    return (common + random.normal(size=len(group))) / np.sqrt(2)


def lognormal(spread: float) -> Callable[[Random, Any], Any]:
    """Return what draws how hard each group is."""
    return lambda random, group: np.exp(spread * random.normal(size=group.max() + 1))[group]


def heavy(random: Random, group: Any) -> Any:
    """Return factors that make normal errors those of Student's t with 3 degrees of freedom."""
    return 1 / np.sqrt(random.chisquare(3, size=len(group)) / 3)


HARDNESS: dict[str, Callable[[Random, Any], Any]] = {
    "equal": lambda random, group: np.ones(len(group)),
    "log-normal 0.6": lognormal(0.6),
    "log-normal 1.0": lognormal(1.0),
    "grows with target": lambda random, group: 0.05 + 0.15 * np.exp(0.8 * random.normal(size=group.max() + 1))[group],
    "heavy tails": heavy,
    "outliers": lambda random, group: np.where(random.random(len(group)) < 0.05, 8.0, 1.0),
    "1 to 40 photos": lognormal(0.6),
    "one giant group": lognormal(0.6),
}

EQUALLY_HARD = dict.fromkeys(("1 to 40 photos", "one giant group"), "log-normal 0.6")
"""Structures that differ only in the number of photos: a metric of many groups is that of the other one."""


SKEWED_TARGET = "skewed target"
"""A structure for R2 alone: equally hard objects, of which a few large ones make up the variance."""


class Drawn(NamedTuple):
    """One simulated test split."""

    group: Any
    """Of each photo."""
    tables: Sequence[pd.DataFrame]
    """The predictions of this revision and of the base, or of several trainings of each in turn."""


def draw_groups(structure: str, count: int, random: Random) -> Any:
    """Return the group of each photo."""
    photos = np.full(count, 2)
    if structure == "1 to 40 photos":
        photos = np.round(40 ** random.random(count)).astype(int)
    if structure == "one giant group":
        photos[0] = 2 * (count - 1)
    return np.repeat(np.arange(count), photos)


def draw_target(structure: str, hard: Any, group: Any, random: Random) -> Any:
    """Return the true number of each photo; its errors grow with it in one structure."""
    if structure == "grows with target":
        return hard
    luck = random.normal(size=group.max() + 1)[group]
    return np.exp(0.8 * luck) if structure == SKEWED_TARGET else 10 + 2 * luck


def draw_numbers(structure: str, count: int, random: Random, gain: float, alike: float) -> Drawn:
    """Return two models that predict numbers; the errors of one are `1 - gain` times those of an equal one."""
    group = draw_groups(structure, count, random)
    hard = HARDNESS.get(structure, HARDNESS["equal"])(random, group)
    target = draw_target(structure, hard, group, random)
    shared = normal(random, group)
    base, head = (hard * (np.sqrt(alike) * shared + np.sqrt(1 - alike) * normal(random, group)) for _ in range(2))
    return Drawn(group, [numbers(target, errors) for errors in ((1 - gain) * head, base)])


def numbers(target: Any, errors: Any) -> pd.DataFrame:
    """Return a table of predictions."""
    return pd.DataFrame({"target": target, "prediction": target + errors})


def draw_classes(structure: str, count: int, random: Random, gain: float, alike: float) -> Drawn:
    """Return two models that predict one of four classes; what is hard for numbers makes logits uncertain."""
    group = draw_groups(structure, count, random)
    hard = np.minimum(HARDNESS[structure](random, group), 4)[:, None]
    target = group % len(NAMES)

    def noise() -> Any:
        return np.stack([normal(random, group) for _ in NAMES], axis=1)

    shared = noise()
    logits = (
        signal * np.eye(len(NAMES))[target] + hard * (np.sqrt(alike) * shared + np.sqrt(1 - alike) * noise())
        for signal in (1.5 * (1 + 4 * gain), 1.5)
    )
    return Drawn(group, [classes(target, model) for model in logits])


def classes(target: Any, logits: Any) -> pd.DataFrame:
    """Return a table of predictions."""
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    columns = {f"p: {name}": chances[:, index] for index, name in enumerate(NAMES)}
    names = np.array(NAMES)
    return pd.DataFrame({"target": names[target], "prediction": names[logits.argmax(axis=1)], **columns})


def measured(drawn: Sequence[Drawn]) -> Iterator[list[SwappedModels]]:
    """Yield the pairs of models of each test split; all are measured at once, which takes a tenth of the time."""
    table = pd.concat([one for split in drawn for one in split.tables], ignore_index=True)
    measure = measure_classes(table, NAMES) if len(table.columns) > 2 else measure_numbers(table)
    ends = np.cumsum([len(split.group) * len(split.tables) for split in drawn])
    for split, rows in zip(drawn, np.split(measure.table, ends[:-1]), strict=True):
        pairs = np.split(rows, len(split.tables) // 2)
        yield [SwappedModels(replace(measure, table=pair, of_weights={}), split.group) for pair in pairs]


UNLIKE_NUMBERS: dict[str, Callable[[Random, Any], tuple[Any, Any]]] = {
    "t with 5 degrees": lambda random, group: (1.0, 1 / np.sqrt(random.chisquare(5, size=len(group)) / 5)),
    "t with 3 degrees": lambda random, group: (1.0, 1 / np.sqrt(random.chisquare(3, size=len(group)) / 3)),
    "outliers in one": lambda random, group: (1.0, HARDNESS["outliers"](random, group)),
    "one grows with target": lambda random, group: (1.0, HARDNESS["grows with target"](random, group)),
    "other groups hard": lambda random, group: (lognormal(0.6)(random, group), lognormal(0.6)(random, group)),
    "two in five without": lambda random, group: ((random.random(group.max() + 1) < 0.6)[group],) * 2,
}
"""How large the errors of both models are in each photo."""
BIASED = "one is biased"
ROUNDED = "rounded to halves"
LARGE_GROUPS = "large groups are hard"
UNLIKE_CLASSES = ("other classes", "overconfident", "errs in whole groups", "rare classes", LARGE_GROUPS)


def draw_unlike_numbers(kind: str, count: int, random: Random, factor: float, alike: float) -> Drawn:
    """Return two models with other kinds of errors; those of the first are multiplied by `factor`."""
    group = draw_groups("1 to 40 photos" if kind == LARGE_GROUPS else kind, count, random)
    shared = normal(random, group)
    base, head = (np.sqrt(alike) * shared + np.sqrt(1 - alike) * normal(random, group) for _ in range(2))
    if kind in UNLIKE_NUMBERS:
        of_base, of_head = UNLIKE_NUMBERS[kind](random, group)
        base, head = base * of_base, head * of_head
    if kind == LARGE_GROUPS:
        base, head = (errors * np.bincount(group)[group] ** 0.4 for errors in (base, head))
    head = factor * (1 + 0.7 * head if kind == BIASED else head)
    if kind == ROUNDED:
        base, head = np.round(2 * base) / 2, np.round(2 * head) / 2
    return Drawn(group, [numbers(10.0, errors) for errors in (head, base)])


def draw_unlike_classes(kind: str, count: int, random: Random, signal: float, alike: float) -> Drawn:
    """Return two models with other kinds of errors; `signal` is how well the first knows the classes."""
    group = draw_groups("1 to 40 photos" if kind == LARGE_GROUPS else kind, count, random)
    of_group = (
        random.choice(4, size=count, p=[0.7, 0.2, 0.07, 0.03]) if kind == "rare classes" else np.arange(count) % 4
    )
    target = of_group[group]
    hard = np.minimum(np.bincount(group)[group] ** 0.4, 4)[:, None] if kind == LARGE_GROUPS else 1.0

    def noise() -> Any:
        return np.stack([normal(random, group) for _ in NAMES], axis=1)

    shared, of_base = noise(), noise()
    of_head = random.normal(size=(count, len(NAMES)))[group] if kind == "errs in whole groups" else noise()
    base, head = (hard * (np.sqrt(alike) * shared + np.sqrt(1 - alike) * own) for own in (of_base, of_head))
    if kind == "other classes":
        head = head * np.where(target % 3, 0.5, 2.2)[:, None]
    right = np.eye(len(NAMES))[target]
    head = (signal * right + head) * (3 if kind == "overconfident" else 1)
    return Drawn(group, [classes(target, head), classes(target, 1.5 * right + base)])

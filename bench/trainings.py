"""How often the answer to "the change, or the dice?" is right, on simulated trainings whose quality is known.

    python bench/trainings.py                # an hour
    python bench/trainings.py --cases 200

Two recipes are trained 2, 3 or 5 times each. Printed is how often equally good ones are called different, by these
trainings (at most 7 % in a cell of 1,000 are wanted) and by the verdict on one training of each; and how often errors
that are a quarter smaller are found, or called the opposite. Structures of errors are those of bench/simulated.py.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from simulated import (
    CLASSES,
    HARDNESS,
    NAMES,
    NUMBERS,
    Drawn,
    Random,
    classes,
    draw_groups,
    measured,
    normal,
    numbers,
    random_of,
)
from truth import GAIN, by_exchange

from specimen.evaluation.swapped_models import SwappedModels
from specimen.reporting.recipe_test import compare_trainings

COUNTS = (29, 100)
TRAININGS = (2, 3, 5)
SIGNAL = 1.5


class Seed(NamedTuple):
    """What another seed does."""

    own: float
    """Which share of the errors is a training's own; half of them are common to both recipes, the rest to one."""
    spread: float
    """By how much all errors of a training are larger or smaller: the standard deviation of the logarithm."""


SEEDS = {"other errors": Seed(0.3, 0.0), "other quality": Seed(0.02, 0.1)}


class Cell(NamedTuple):
    """What is simulated."""

    structure: str
    groups: int
    seed: str
    trainings: int
    classes: bool


def draw(cell: Cell, random: Random, gain: float) -> Drawn:
    """Return trainings of two recipes; the errors of one are `1 - gain` times those of an equally good one."""
    group = draw_groups(cell.structure, cell.groups, random)
    hard = HARDNESS[cell.structure](random, group)
    seed = SEEDS[cell.seed]

    def noise() -> Any:
        return np.stack([normal(random, group) for _ in NAMES], axis=1) if cell.classes else normal(random, group)

    def train(recipe: Any, quality: float) -> pd.DataFrame:
        mixed = np.sqrt(0.5) * shared + np.sqrt(0.5 - seed.own) * recipe + np.sqrt(seed.own) * noise()
        mixed = mixed * np.exp(seed.spread * random.normal())
        if not cell.classes:
            return numbers(10.0, (1 - quality) * hard * mixed)
        target = group % len(NAMES)
        signal = SIGNAL * (1 + 4 * quality) * np.eye(len(NAMES))[target]
        return classes(target, signal + np.minimum(hard, 4)[:, None] * mixed)

    shared, of_base, of_head = noise(), noise(), noise()
    pairs = ((train(of_head, gain), train(of_base, 0.0)) for _ in range(cell.trainings))
    return Drawn(group, list(itertools.chain.from_iterable(pairs)))


def by_trainings(models: Sequence[SwappedModels], metric: str) -> int:
    """Return 1 for a better recipe, -1 for a worse one, 0 for neither."""
    word = compare_trainings(models, (len(models), len(models)), metric).word
    return {"better": 1, "worse": -1}.get(word, 0)


def main(cases: int) -> None:
    """Print a line for each cell."""
    print("structure            groups seeds         trainings metric     equal: called different  one training of each"
          "  gain: found  opposite")  # fmt: skip
    false: list[float] = []
    for values in itertools.product(HARDNESS, COUNTS, SEEDS, TRAININGS, (False, True)):
        cell = Cell(*values)
        random = random_of(*values)
        equal, better = (list(measured([draw(cell, random, gain) for _ in range(cases)])) for gain in (0.0, GAIN))
        for metric in CLASSES if cell.classes else NUMBERS:
            different = np.mean([by_trainings(models, metric) != 0 for models in equal])
            one = np.mean([by_exchange(models[0], metric, case) != 0 for case, models in enumerate(equal)])
            found = np.array([by_trainings(models, metric) for models in better])
            false.append(float(different))
            print(f"{cell.structure:<20} {cell.groups:>6} {cell.seed:<13} {cell.trainings:>9} {metric:<10}"
                  f" {100 * different:>22.1f} %"
                  f" {100 * one:>19.1f} % {100 * np.mean(found > 0):>10.1f} %"
                  f" {100 * np.mean(found < 0):>7.1f} %", flush=True)  # fmt: skip
    print(f"equal recipes called different: {100 * np.mean(false):.1f} % on average, {100 * max(false):.1f} % at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="simulated test splits in a cell; default 1000")
    start = time.perf_counter()
    main(parser.parse_args().cases)
    print(f"{time.perf_counter() - start:.0f} s")

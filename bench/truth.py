"""How often the verdict, the intervals and the power are right, on simulated models whose quality is known.

    python bench/truth.py                     # all, half an hour on two cores
    python bench/truth.py verdicts            # or some of: verdicts, kinds, intervals, power, ledger
    python bench/truth.py verdicts --cases 200 --metrics accuracy macro_f1

verdicts: equal models called better or worse (at most 7 % in a cell of 1,000, 5.5 % on average are wanted), and a true
gain found, by the exchange test and by a t-test on the jackknife.
kinds: the same for models that are equally good by a metric, but make other kinds of errors; for numbers also by the
exchange test on the difference over its standard error (studentised).
intervals: how often the 95 % intervals of metrics hold the truth.
power: how often a change is found, against what the report says of it, averaged over test splits.
ledger: how often one of many changes that change nothing is called better, against what the report says of it.

In all structures of errors the two models find the same objects hard, and photos of one object are alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student

from specimen.evaluation.class_measures import measure_classes
from specimen.evaluation.exchange_test import exchange_interval
from specimen.evaluation.jackknife import jackknife
from specimen.evaluation.metric_intervals import metric_intervals
from specimen.evaluation.number_measures import measure_numbers
from specimen.evaluation.swapped_models import SwappedModels
from specimen.evaluation.weighted import Measure
from specimen.models.metric_registry import METRICS
from specimen.reporting.ledger import chance_of_false_better
from specimen.reporting.power import MEAN_ERRORS, chance_to_find, pair_sums, power_of_errors

Random = np.random.Generator
NUMBERS = ("rmse", "mae")
NUMBERS_WITH_INTERVAL = (*NUMBERS, "r2")
CLASSES = ("accuracy", "macro_f1", "log_loss")
COUNTS = (20, 29, 100)
GAIN = 0.25
RESAMPLES = 1000
NAMES = tuple("abcd")


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
    head: pd.DataFrame
    base: pd.DataFrame


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
    return Drawn(group, *(numbers(target, errors) for errors in ((1 - gain) * head, base)))


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
    return Drawn(group, *(classes(target, model) for model in logits))


def classes(target: Any, logits: Any) -> pd.DataFrame:
    """Return a table of predictions."""
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    columns = {f"p: {name}": chances[:, index] for index, name in enumerate(NAMES)}
    names = np.array(NAMES)
    return pd.DataFrame({"target": names[target], "prediction": names[logits.argmax(axis=1)], **columns})


def measured(drawn: Sequence[Drawn]) -> Iterator[SwappedModels]:
    """Yield the two models of each test split; all are measured at once, which takes a tenth of the time."""
    table = pd.concat([side for split in drawn for side in (split.head, split.base)], ignore_index=True)
    measure: Measure = measure_classes(table, NAMES) if len(table.columns) > 2 else measure_numbers(table)
    ends = np.cumsum([2 * len(split.group) for split in drawn])
    for split, rows in zip(drawn, np.split(measure.table, ends[:-1]), strict=True):
        yield SwappedModels(replace(measure, table=rows, of_weights={}), split.group)


KINDS = ((draw_numbers, NUMBERS), (draw_classes, CLASSES))


def by_exchange(models: SwappedModels, metric: str, seed: int) -> int:
    """Return 1 for better, -1 for worse, 0 for neither."""
    low, high = exchange_interval(models.difference(metric), models.shares, resamples=RESAMPLES, seed=seed)
    return METRICS[metric].direction * (int(low > 0) - int(high < 0))


def by_jackknife(models: SwappedModels, metric: str) -> int:
    """Return the same by Student's t on the difference, with the standard error of the jackknife."""

    def difference(weights: Any) -> Any:
        nothing = np.zeros_like(weights)
        head = models.measure(np.hstack([weights, nothing]))[metric]
        return (head - models.measure(np.hstack([nothing, weights]))[metric])[:, None]

    (spread,) = jackknife(difference, models.codes)
    found = spread.error > 0 and abs(spread.estimate) > student.ppf(0.975, len(models.shares) - 1) * spread.error
    return METRICS[metric].direction * int(np.sign(spread.estimate)) * int(found)


def verdicts(cases: int, only: Collection[str]) -> None:
    """Print the false verdicts on equal models, and how often a gain is found, cell by cell."""
    print("structure            groups metric     equal: called different  by t   gain: found  by t   opposite")
    cells = []
    for structure in HARDNESS:
        for count in COUNTS:
            for draw, metrics in KINDS:
                random = np.random.default_rng([len(structure), count])
                alike = random.choice([0.3, 0.6, 0.9], size=cases)
                wanted = [metric for metric in metrics if metric in only]
                if not wanted:
                    continue
                found = [
                    count_found([draw(structure, count, random, gain, each) for each in alike], wanted)
                    for gain in (0.0, GAIN)
                ]
                for metric in wanted:
                    (equal, equal_t), (gain, gain_t) = (of_gain[metric] for of_gain in found)
                    cells.append([np.mean(equal != 0), np.mean(equal_t != 0), np.mean(gain > 0), np.mean(gain_t > 0)])
                    shares = 100 * np.array([*cells[-1], np.mean(gain < 0)])
                    print(f"{structure:<20} {count:>6} {metric:<10} {shares[0]:>21.1f} % {shares[1]:>5.1f} %"
                          f" {shares[2]:>10.1f} % {shares[3]:>5.1f} % {shares[4]:>7.1f} %", flush=True)  # fmt: skip
    mean, most = 100 * np.mean(cells, axis=0), 100 * np.max(cells, axis=0)
    print(f"equal models called different: {mean[0]:.1f} % on average, {most[0]:.1f} % at most; by t {mean[1]:.1f} and "
          f"{most[1]:.1f} %; a gain found: {mean[2]:.1f} %, by t {mean[3]:.1f} %")  # fmt: skip


def count_found(drawn: Sequence[Drawn], metrics: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Return by metric what the exchange test and the jackknife say of each test split."""
    found: dict[str, list[tuple[int, int]]] = {metric: [] for metric in metrics}
    for case, models in enumerate(measured(drawn)):
        for metric in metrics:
            found[metric].append((by_exchange(models, metric, case), by_jackknife(models, metric)))
    return {metric: tuple(np.array(pairs).T) for metric, pairs in found.items()}


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
    return Drawn(group, *(numbers(np.full(len(group), 10.0), errors) for errors in (head, base)))


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
    return Drawn(group, classes(target, head), classes(target, 1.5 * right + base))


def kinds(cases: int, only: Collection[str]) -> None:
    """Print how often models with other kinds of errors are called different though a metric is the same."""
    print(
        f"{'':<21}   groups metric     equal: called different   by t   studentised   gain: found   by t   studentised"
    )
    unlike = (*UNLIKE_NUMBERS, BIASED, ROUNDED, LARGE_GROUPS)
    for draw, kinds_of, metrics in (
        (draw_unlike_numbers, unlike, NUMBERS),
        (draw_unlike_classes, UNLIKE_CLASSES, CLASSES),
    ):
        for kind in kinds_of:
            for metric in [metric for metric in metrics if metric in only]:
                equal = equally_good(draw, kind, metric)
                better = equal * (1 - GAIN) if metric in NUMBERS else 2 * equal
                for count in COUNTS:
                    random = np.random.default_rng(count)
                    alike = random.choice([0.3, 0.6, 0.9], size=cases)
                    found = [
                        [
                            (
                                by_exchange(models, metric, case),
                                by_jackknife(models, metric),
                                by_studentised(models, metric, case),
                            )
                            for case, models in enumerate(
                                measured([draw(kind, count, random, at, each) for each in alike])
                            )
                        ]
                        for at in (equal, better)
                    ]
                    false, true = np.mean(np.array(found[0]) != 0, axis=0), np.mean(np.array(found[1]) > 0, axis=0)
                    shares = [f"{100 * share:.1f} %" for share in (*false, *true)]
                    if metric not in NUMBERS:
                        shares[2] = shares[5] = "-"
                    print(f"{kind:<21} {count:>8} {metric:<10} {shares[0]:>23} {shares[1]:>8} {shares[2]:>11}"
                          f" {shares[3]:>14} {shares[4]:>8} {shares[5]:>11}", flush=True)  # fmt: skip


def equally_good(draw: Callable[..., Drawn], kind: str, metric: str) -> float:
    """Return for which last-but-one argument of `draw` both models have the same value of a metric."""

    def both(at: float, groups: int) -> tuple[float, float]:
        (models,) = measured([draw(kind, groups, np.random.default_rng(1), at, 0.6)])
        base, head = (side[metric] for side in models.both())
        return base, head

    if metric in NUMBERS:
        base, head = both(1.0, 50_000)
        return base / head
    low, high = 0.5, 4.5
    for _ in range(10):
        middle = (low + high) / 2
        base, head = both(middle, 10_000)
        low, high = (low, middle) if (head > base) != (metric == "log_loss") else (middle, high)
    return (low + high) / 2


def by_studentised(models: SwappedModels, metric: str, seed: int) -> int:
    """Return the same by the exchange test on the difference over its standard error, for an error of numbers.

    A. Janssen, "Studentized permutation tests for non-i.i.d. hypotheses", Statistics & Probability Letters 36, 1997.
    """
    if metric not in NUMBERS:
        return 0
    base, head = models.errors(MEAN_ERRORS[metric][0])
    sizes = np.bincount(models.codes)
    kept = np.random.default_rng(seed).integers(2, size=(RESAMPLES, len(sizes)))
    kept[0, :] = 1
    sides = kept * head + (1 - kept) * base, kept * base + (1 - kept) * head
    difference, influence = np.zeros(RESAMPLES), np.zeros(kept.shape)
    for sign, errors in zip((1, -1), sides, strict=True):
        mean = errors.sum(axis=1, keepdims=True) / sizes.sum()
        root = np.sqrt(mean) if metric == "rmse" else mean
        slope = 1 / (2 * root) if metric == "rmse" else 1.0
        difference = difference + sign * root[:, 0]
        influence = influence + sign * slope * (errors - mean * sizes)
    size = np.abs(difference) / np.sqrt(np.sum(np.square(influence), axis=1))
    return -int(np.sign(difference[0])) * int(np.mean(size >= size[0] * (1 - 1e-9)) <= 0.05)


def intervals(cases: int, only: Collection[str]) -> None:
    """Print how often the intervals of metrics hold the truth."""
    print("structure            groups metric     holds the truth")
    for structure in (*HARDNESS, SKEWED_TARGET):
        for draw, metrics in ((draw_numbers, NUMBERS_WITH_INTERVAL), (draw_classes, CLASSES)):
            wanted = [metric for metric in metrics if metric in only and (structure in HARDNESS or metric == "r2")]
            if not wanted:
                continue
            random = np.random.default_rng(0)
            same = EQUALLY_HARD.get(structure, structure)
            (many,) = measured([draw(same, 100_000, random, 0.0, 0.5)])
            truth, _ = many.both()
            for count in COUNTS[1:]:
                inside: dict[str, list[bool]] = {metric: [] for metric in wanted}
                for models in measured([draw(structure, count, random, 0.0, 0.5) for _ in range(cases)]):
                    half = replace(models.measure, table=models.measure.table[: len(models.codes)])
                    for metric, bounds in metric_intervals(half, models.codes, wanted).items():
                        inside[metric].append(bounds.low <= truth[metric] <= bounds.high)
                for metric in wanted:
                    share, known = 100 * float(np.mean(inside[metric] or [False])), 100 * len(inside[metric]) / cases
                    print(
                        f"{structure:<20} {count:>6} {metric:<10} {share:>15.1f} %  of the {known:.0f} % that have one",
                        flush=True,
                    )


def power(cases: int, only: Collection[str]) -> None:
    """Print how often a smaller error is found, and what is said of it."""
    print(
        "structure            groups metric     gain 15 %: found   said   gain 30 %: found   said   what 8 in 10: found"
    )
    for structure in HARDNESS:
        for count in COUNTS[1:]:
            for metric in [metric for metric in NUMBERS if metric in only]:
                random = np.random.default_rng(0)
                cells = [said_and_found(structure, count, metric, gain, random, cases) for gain in (0.15, 0.3)]
                numbers = "".join(f" {found:>17.0f} % {said:>4.0f} %" for found, said, _ in cells)
                print(f"{structure:<20} {count:>6} {metric:<10}{numbers} {cells[0][2]:>19.0f} %", flush=True)


def said_and_found(
    structure: str, count: int, metric: str, gain: float, random: Random, cases: int
) -> tuple[float, float, float]:
    """Return in percent how often a gain is found, what is said of it, and how often the named change is found."""
    mean, grows = MEAN_ERRORS[metric]
    found, said, named = [], [], []
    for case in range(cases):
        (models,) = measured([draw_numbers(structure, count, random, gain, 0.5)])
        found.append(by_exchange(models, metric, case) > 0)
        base, head = models.errors(mean)
        sums = pair_sums(base, head * base.sum() / head.sum())
        said.append(chance_to_find(sums, grows, gain))
        power = power_of_errors(sums, grows)
        change = power.change if power else 0.99
        (models,) = measured([draw_numbers(structure, count, random, change, 0.5)])
        named.append(by_exchange(models, metric, case) > 0)
    return 100 * float(np.mean(found)), 100 * float(np.mean(said)), 100 * float(np.mean(named))


def ledger(cases: int, only: Collection[str]) -> None:
    """Print in which share of histories of changes that change nothing one is called better, and what is said of it."""
    print("structure            groups changes   called better   said   with report.spend")
    for structure in ("equal", "log-normal 0.6", "log-normal 1.0"):
        for changes in (13, 50):
            random = np.random.default_rng(0)
            found = np.zeros(2)
            for case in range(cases):
                hard = HARDNESS[structure](random, np.arange(29))
                base, *others = np.abs(hard * random.normal(size=(changes + 1, 29)))
                for place, spend in enumerate((1, changes)):
                    found[place] += any(falsely_better(other - base, 0.05 / spend, case) for other in others)
            plain, spent = 100 * found / cases
            said = 100 * chance_of_false_better(changes)
            print(f"{structure:<20} {29:>6} {changes:>7} {plain:>13.0f} % {said:>5.0f} % {spent:>12.0f} %", flush=True)


def falsely_better(changes: Any, alpha: float, seed: int) -> bool:
    """Return whether changes of the mean absolute error by group are called better."""
    count = len(changes)
    shares = np.full(count, 1 / count)
    _, high = exchange_interval(
        lambda kept: (2 * kept - 1) @ changes / count,
        shares,
        level=1 - alpha,
        resamples=int(5 / alpha) + 300,
        seed=seed,
    )
    return high < 0


if __name__ == "__main__":
    parts = {"verdicts": verdicts, "kinds": kinds, "intervals": intervals, "power": power, "ledger": ledger}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}; default: all")
    parser.add_argument("--cases", type=int, default=1000, help="simulated test splits in a cell; default 1000")
    parser.add_argument("--metrics", nargs="+", default=[*NUMBERS_WITH_INTERVAL, *CLASSES], help="default: all")
    arguments = parser.parse_args()
    for name in arguments.parts or parts:
        start = time.perf_counter()
        parts[name](arguments.cases, arguments.metrics)
        print(f"{name}: {time.perf_counter() - start:.0f} s\n")

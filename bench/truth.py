"""How often the verdict, the intervals and the power are right, on simulated models whose quality is known.

    python bench/truth.py                     # all, an hour
    python bench/truth.py verdicts            # or some of: verdicts, kinds, intervals, power, ledger
    python bench/truth.py verdicts --cases 200 --metrics accuracy macro_f1

verdicts: equal models called better or worse (at most 7 % in a cell of 1,000, 5.5 % on average are wanted), and a true
gain found, by the exchange test and by a t-test on the jackknife.
kinds: the same for models that are equally good by a metric, but make other kinds of errors; for numbers also by the
exchange test on the difference over its standard error (studentised), and corrected for skewness (by Hall).
intervals: how often the 95 % intervals of metrics hold the truth.
power: how often a change is found, against what the report says of it, averaged over test splits.
ledger: how often one of many changes that change nothing is called better, against what the report says of it.

The models are those of bench/simulated.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import t as student
from simulated import (
    BIASED,
    CLASSES,
    EQUALLY_HARD,
    HARDNESS,
    LARGE_GROUPS,
    NUMBERS,
    ROUNDED,
    SKEWED_TARGET,
    UNLIKE_CLASSES,
    UNLIKE_NUMBERS,
    Drawn,
    Random,
    draw_classes,
    draw_numbers,
    draw_unlike_classes,
    draw_unlike_numbers,
    measured,
    random_of,
)

from specimen.evaluation.exchange_test import exchange_interval
from specimen.evaluation.jackknife import MOST_SKEWNESS, UNSEEN_SKEWNESS, jackknife
from specimen.evaluation.metric_intervals import metric_intervals
from specimen.evaluation.swapped_models import SwappedModels
from specimen.models.metric_registry import METRICS
from specimen.reporting.drawn_splits import chance_to_find, draw_either_way
from specimen.reporting.ledger import chance_of_false_better
from specimen.reporting.pair_sums import pair_sums
from specimen.reporting.power import MEAN_ERRORS, power_of_errors

NUMBERS_WITH_INTERVAL = (*NUMBERS, "r2")
COUNTS = (20, 29, 100)
GAIN = 0.25
RESAMPLES = 1000
OF_CASES_SAID = 8
"""In one of so many test splits it is asked what is said: it takes more time, and less is left to chance."""


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
                random = random_of("verdicts", structure, count, *metrics)
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
    for case, (models,) in enumerate(measured(drawn)):
        for metric in metrics:
            found[metric].append((by_exchange(models, metric, case), by_jackknife(models, metric)))
    return {metric: tuple(np.array(pairs).T) for metric, pairs in found.items()}


def kinds(cases: int, only: Collection[str]) -> None:
    """Print how often models with other kinds of errors are called different though a metric is the same."""
    print(
        f"{'':<21}   groups metric     equal: called different   by t   studentised   by Hall   gain: found   by t"
        "   studentised   by Hall"
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
                    random = random_of("kinds", kind, metric, count)
                    alike = random.choice([0.3, 0.6, 0.9], size=cases)
                    found = [
                        [
                            (
                                by_exchange(models, metric, case),
                                by_jackknife(models, metric),
                                *by_studentised(models, metric, case),
                            )
                            for case, (models,) in enumerate(
                                measured([draw(kind, count, random, at, each) for each in alike])
                            )
                        ]
                        for at in (equal, better)
                    ]
                    false, true = np.mean(np.array(found[0]) != 0, axis=0), np.mean(np.array(found[1]) > 0, axis=0)
                    shares = [f"{100 * share:.1f} %" for share in (*false, *true)]
                    if metric not in NUMBERS:
                        shares[2:4] = shares[6:8] = ["-"] * 2
                    widths = (23, 8, 13, 9, 13, 8, 13, 9)
                    row = " ".join(f"{share:>{width}}" for share, width in zip(shares, widths, strict=True))
                    print(f"{kind:<21} {count:>8} {metric:<10} {row}", flush=True)


def equally_good(draw: Callable[..., Drawn], kind: str, metric: str) -> float:
    """Return for which last-but-one argument of `draw` both models have the same value of a metric."""

    def both(at: float, groups: int) -> tuple[float, float]:
        ((models,),) = measured([draw(kind, groups, np.random.default_rng(1), at, 0.6)])
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


def by_studentised(models: SwappedModels, metric: str, seed: int) -> tuple[int, int]:
    """Return the same by two other exchange tests for errors of numbers, 0 for classes.

    One is on the difference over its standard error (A. Janssen, "Studentized permutation tests for non-i.i.d.
    hypotheses", Statistics & Probability Letters 36, 1997). The other one also corrects that for skewness by the cubic
    of P. Hall, "On the removal of skewness by transformation", Journal of the Royal Statistical Society B 54, 1992.
    """
    if metric not in NUMBERS:
        return 0, 0
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
        influence = influence + sign * slope * (errors - mean * sizes) / sizes.sum()
    error = np.sqrt(np.sum(influence**2, axis=1))
    ratio, skewness = difference / error, UNSEEN_SKEWNESS * np.sum(influence**3, axis=1) / error**3
    skewness = np.clip(skewness, -MOST_SKEWNESS, MOST_SKEWNESS)
    corrected = ratio + skewness * ratio**2 / 3 + skewness**2 * ratio**3 / 27 + skewness / 6
    plain, by_hall = (np.mean(np.abs(values) >= abs(values[0]) * (1 - 1e-9)) <= 0.05 for values in (ratio, corrected))
    sign = -int(np.sign(difference[0]))
    return sign * int(plain), sign * int(by_hall)


def intervals(cases: int, only: Collection[str]) -> None:
    """Print how often the intervals of metrics hold the truth."""
    print("structure            groups metric     holds the truth")
    for structure in (*HARDNESS, SKEWED_TARGET):
        for draw, metrics in ((draw_numbers, NUMBERS_WITH_INTERVAL), (draw_classes, CLASSES)):
            wanted = [metric for metric in metrics if metric in only and (structure in HARDNESS or metric == "r2")]
            if not wanted:
                continue
            random = random_of("intervals", structure, *metrics)
            same = EQUALLY_HARD.get(structure, structure)
            ((many,),) = measured([draw(same, 100_000, random, 0.0, 0.5)])
            truth, _ = many.both()
            for count in COUNTS[1:]:
                inside: dict[str, list[bool]] = {metric: [] for metric in wanted}
                for (models,) in measured([draw(structure, count, random, 0.0, 0.5) for _ in range(cases)]):
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
                random = random_of("power", structure, count, metric)
                cells = [said_and_found(structure, count, metric, gain, random, cases) for gain in (0.15, 0.3)]
                numbers = "".join(f" {found:>17.0f} % {said:>4.0f} %" for found, said, _ in cells)
                print(f"{structure:<20} {count:>6} {metric:<10}{numbers} {cells[0][2]:>19.0f} %", flush=True)


def said_and_found(
    structure: str, count: int, metric: str, gain: float, random: Random, cases: int
) -> tuple[float, float, float]:
    """Return in percent how often a gain is found, what is said of it, and how often the named change is found."""

    def draw(gain: float) -> Any:
        ((models,),) = measured([draw_numbers(structure, count, random, gain, 0.5)])
        return models

    mean, grows = MEAN_ERRORS[metric]
    found = [by_exchange(draw(gain), metric, case) > 0 for case in range(cases)]
    said, named = [], []
    for case in range(max(1, cases // OF_CASES_SAID)):
        models = draw(gain)
        base, head = models.errors(mean)
        head = head * base.sum() / head.sum()
        drawn = draw_either_way(base, head)
        said.append(chance_to_find(drawn, grows, gain))
        power = power_of_errors(pair_sums(base, head), drawn, grows)
        named.append(by_exchange(draw(power.change if power else 0.99), metric, case) > 0)
    return 100 * float(np.mean(found)), 100 * float(np.mean(said)), 100 * float(np.mean(named))


def ledger(cases: int, only: Collection[str]) -> None:
    """Print in which share of histories of changes that change nothing one is called better, and what is said of it."""
    print("structure            groups changes   called better   said   with report.spend")
    for structure in ("equal", "log-normal 0.6", "log-normal 1.0"):
        for changes in (13, 50):
            random = random_of("ledger", structure, changes)
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

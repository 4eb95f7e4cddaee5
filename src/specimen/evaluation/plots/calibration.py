"""Does a model keep what it promises? The shares that it promised against those that were measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.files import significant
from specimen.plotting.style import BLUE, GREY, figure, heading, percents

Values = npt.NDArray[np.floating[Any]]
COLUMNS = ("at", "expected", "measured", "samples", "low", "high")
"""`at`: mean prediction (numbers) or confidence (classes) of a bin; `low` and `high`: interval of `measured`."""


def binned(at: Values, expected: Values, kept: npt.NDArray[np.bool_], bins: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return one row a bin that has samples, with `COLUMNS`.

    All have one entry a sample: its place on the x axis, the share that was promised, whether the promise was kept, and
    its bin.
    """
    samples = pd.DataFrame({"at": at, "expected": expected, "measured": kept.astype(np.float64), "bin": bins})
    table = samples.groupby("bin", sort=True).mean()
    table["samples"] = samples.groupby("bin", sort=True).size()
    table["low"], table["high"] = wilson(table["measured"].to_numpy(), table["samples"].to_numpy())
    rounded = {name: significant(table[name].to_numpy()) for name in COLUMNS if name != "samples"}
    return table.assign(**rounded).reset_index(drop=True)[list(COLUMNS)]


def wilson(share: Values, count: npt.NDArray[np.integer[Any]], z: float = 1.959964) -> tuple[Values, Values]:
    """Return the 95 % interval of shares of `count` independent samples.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return np.minimum(middle - half, share).clip(0), np.maximum(middle + half, share).clip(max=1)


def draw_calibration(path: Path, table: pd.DataFrame, title: str, x: str, y: str) -> None:
    """Draw the measured shares, with their intervals, over the promised ones, and the counts below."""
    with figure(path, height=6.5) as panels:
        heading(panels, title)
        upper, lower = panels.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        errors = np.stack([table["measured"] - table["low"], table["high"] - table["measured"]])
        # A single bin has no line: a marker shows its promise.
        upper.plot(table["at"], table["expected"], color=GREY, linestyle="--", marker="_", ms=14, label="promised")
        upper.errorbar(
            table["at"], table["measured"], errors, color=BLUE, fmt="o", capsize=3, label="measured, 95% interval"
        )
        upper.set_ylabel(y)
        upper.set_ylim(-0.03, 1.03)
        percents(upper.yaxis)
        upper.legend(loc="lower right")
        lower.vlines(table["at"], 0, table["samples"], color=BLUE, linewidth=8)
        for at, count in zip(table["at"], table["samples"], strict=True):
            lower.annotate(str(count), (at, count), (0, 2), textcoords="offset points", ha="center", fontsize=9)
        lower.set_ylim(0, 1.35 * table["samples"].max())
        lower.set(xlabel=x, ylabel="samples")
        lower.grid(visible=False)

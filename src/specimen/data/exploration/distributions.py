"""How the target is distributed, over all samples and in each split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from specimen.common.files import write_csv
from specimen.data.dataset.store import SPLITS
from specimen.data.exploration import summaries
from specimen.plotting.style import BLUE, GREY, ORANGE, draw_boxes, figure, heading, plain_logarithms, plot, shortened

COLOURS = dict(zip(SPLITS, (BLUE, ORANGE, GREY), strict=True))


def draw_numbers(folder: Path, samples: pd.DataFrame, target: str) -> None:
    """Draw histograms of the target, and a box of each split."""
    bins = summaries.target_bins(samples)
    splits = summaries.target_quartiles(samples)
    write_csv(folder / "target.csv", bins)
    write_csv(folder / "splits.csv", splits)
    scales = bins["scale"].unique()
    with figure(folder / "target.png", height=1 + 3.2 * len(scales)) as panels:
        heading(panels, f"Distribution of {target}")
        for axes, scale in zip(np.atleast_1d(panels.subplots(len(scales))), scales, strict=True):
            _draw_histogram(axes, bins[bins["scale"] == scale], splits.iloc[0])
            axes.set(ylabel="samples", xlabel=target if scale == "linear" else f"{target}, logarithmic")
        handles, labels = panels.axes[0].get_legend_handles_labels()
        order = [2, 3, 4, 0, 1]  # bars before lines
        handles = [handles[number] for number in order]
        labels = [labels[number] for number in order]
        panels.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=10, columnspacing=1.2)
    with plot(folder / "splits.png", height=3.6) as axes:
        filled = splits[splits["samples"] > 0]
        draw_boxes(
            axes,
            filled,
            range(len(filled)),
            [COLOURS.get(split, "white") for split in filled["split"]],
            0.55,
            vertical=False,
        )
        labels = [f"{row.split}\n{row.samples} samples\n{row.groups} groups" for row in filled.itertuples()]
        axes.set_yticks(range(len(filled)), labels)
        heading(axes.figure, "Are the splits alike? (whiskers: 5% to 95%)")
        axes.set_xlabel(target)
        axes.invert_yaxis()


def _draw_histogram(axes: Axes, bins: pd.DataFrame, whole: pd.Series[Any]) -> None:
    below: npt.NDArray[Any] | float = 0.0
    for split, colour in COLOURS.items():
        of_split = bins[bins["split"] == split]
        counts = of_split["samples"].to_numpy()
        widths = of_split["high"] - of_split["low"]
        label = f"{split} ({counts.sum()})"
        axes.bar(of_split["low"], counts, widths, below, align="edge", color=colour, label=label, ec="white", lw=0.5)
        below = below + counts
    axes.axvline(whole["median"], color="black", linestyle="--", label=f"median {whole['median']:.4g}")
    quartiles = f"quartiles {whole['q1']:.4g} and {whole['q3']:.4g}"
    for name, text in (("q1", quartiles), ("q3", None)):
        axes.axvline(whole[name], color="black", linestyle=":", label=text)
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    if (bins["scale"] == "log").all():
        plain_logarithms(axes)


def draw_classes(folder: Path, samples: pd.DataFrame, names: list[str], shown: list[str], target: str) -> None:
    """Draw the size of the `shown` classes, and their share of each split."""
    counts = summaries.class_counts(samples, names)
    shares = summaries.class_shares(samples, names)
    write_csv(folder / "target.csv", counts)
    write_csv(folder / "splits.csv", shares)
    sizes = counts.pivot(index="class", columns="split", values="samples").loc[shown]
    of = f", the {len(shown)} largest of {len(names)} classes" if len(shown) < len(names) else ""
    height = 1.5 + max(0.24 * len(shown), 1.2)
    with plot(folder / "target.png", height) as axes:
        left = np.zeros(len(sizes))
        for split in SPLITS:
            axes.barh(
                range(len(shown)), sizes[split], 0.75, left, color=COLOURS[split], label=split, ec="white", lw=0.5
            )
            left += sizes[split]
        axes.grid(visible=False, axis="y")
        for row, total in enumerate(left):
            axes.text(total, row, f" {total:.0f}", va="center", fontsize=9)
        heading(axes.figure, f"Samples of each {target}{of}")
        axes.set_xlabel("samples")
        axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
        axes.margins(x=0.08)
        _name_rows(axes, shown)
    with plot(folder / "splits.png", height) as axes:
        for split, marker in zip(SPLITS, "os^", strict=True):
            of_split = shares[shares["split"] == split].set_index("class").loc[shown]
            axes.plot(of_split["share"], range(len(of_split)), marker, color=COLOURS[split], label=split, alpha=0.9)
        heading(axes.figure, f"Are the splits alike? Share of each {target}{of}")
        axes.set_xlabel("share of the split")
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")
        _name_rows(axes, shown)


def _name_rows(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), [shortened(name, 45) for name in names], fontsize=10 if len(names) < 25 else 9)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower right", ncols=3)

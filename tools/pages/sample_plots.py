"""The embedded sample, and how well its test split is predicted: two plots of the pipeline side by side."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from pages.chromium import write_picture

PLOTS = ("plots/data/samples.png", "plots/test/predicted_vs_true.png")
HEIGHT = 600
GAP = 24


def take_pictures(clone: Path, docs: Path) -> None:
    """Put the photos from the smallest to the largest plant next to predicted against true."""
    plots = [_of_height(Image.open(clone / plot).convert("RGB")) for plot in PLOTS]
    picture = Image.new("RGB", (sum(plot.width for plot in plots) + GAP, HEIGHT), "white")
    left = 0
    for plot in plots:
        picture.paste(plot, (left, 0))
        left += plot.width + GAP
    write_picture(docs / "sample.webp", picture)


def _of_height(plot: Image.Image) -> Image.Image:
    return plot.resize((round(plot.width * HEIGHT / plot.height), HEIGHT), Image.Resampling.LANCZOS)

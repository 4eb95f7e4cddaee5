"""Section `evaluate` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from specimen.config.base import Section

GALLERIES = ("worst", "random")
"""The plots of the test split that show photos; all others show numbers alone."""


class Evaluate(Section):
    """From the model to metrics and plots."""

    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    """fp32: every machine measures the same; auto: bf16, faster, where the hardware has it natively."""
    by: tuple[str, ...] = ()
    """Columns of `data.features`: metrics are also given for each of their values, or for quarters of many numbers."""
    resamples: Annotated[int, Field(ge=100, le=20_000)] = 2000
    """How often test groups are swapped between the model and the forest, for the interval of their difference."""
    explain: bool = True
    """Show in the galleries where the model looked (integrated gradients), and measure it where there are masks."""
    gallery: Annotated[int, Field(ge=1, le=48)] = 12
    """How many samples a gallery shows."""
    predictions_plot: Literal["scatter", "scatter_jitter", "confusion", "confusion_normalized"] = "scatter"
    """Template with which `dvc plots` draws the predictions: scatter for numbers, confusion for classes."""

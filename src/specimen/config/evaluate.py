"""Section `evaluate` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from specimen.config.base import Section


class Evaluate(Section):
    """From the model to metrics and plots."""

    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    """fp32: every machine measures the same; auto: bf16, faster, where the hardware has it natively."""
    by: tuple[str, ...] = ()
    """Columns of `data.features`; the metrics are given for each of their values too, of many numbers for quarters."""
    resamples: Annotated[int, Field(ge=100, le=20_000)] = 2000
    """How many times the test groups are drawn anew for the intervals of the metrics."""
    explain: bool = True
    """Draw what the model looked at over the pictures of the galleries (Grad-CAM)."""
    gallery: Annotated[int, Field(ge=1, le=48)] = 12
    """How many samples a gallery shows."""
    predictions_plot: Literal["scatter", "scatter_jitter", "confusion", "confusion_normalized"] = "scatter"
    """Template with which `dvc plots` draws the predictions: scatter for numbers, confusion for classes."""

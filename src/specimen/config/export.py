"""Section `export` of params.yaml."""

from typing import Annotated

from pydantic import Field

from specimen.config.base import Section


class Export(Section):
    """From the model to ONNX."""

    samples: Annotated[int, Field(ge=1)] = 64
    """How many test samples both must predict alike."""
    tolerance: Annotated[float, Field(gt=0)] = 1e-4
    """Largest accepted difference of a logit."""

"""Section `export` of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from specimen.config.base import Fraction, Positive, Section

Format = Literal["fp32", "fp16", "int8"]


class Export(Section):
    """From the model to ONNX."""

    samples: Annotated[int, Field(ge=1)] = 64
    """How many test samples both must predict alike."""
    tolerance: Annotated[float, Field(gt=0)] = 1e-4
    """Largest accepted difference of a logit."""
    formats: tuple[Format, ...] = ("fp32",)
    """fp32 is `models/model.onnx`; fp16 and int8 are smaller, and written to `models/small`."""
    metric_tolerance: Fraction = 0.02
    """How much worse the test metric of a smaller file may be, as a share of that of fp32. A file that is worse is not
    written."""
    calibration_samples: Positive = 128
    """How many train samples say which values int8 must be able to hold."""

    @model_validator(mode="after")
    def _all_are_made_from_fp32(self) -> Self:
        if "fp32" not in self.formats:
            raise ValueError("formats: the others are made from fp32 and compared with it; add fp32")
        if len(set(self.formats)) < len(self.formats):
            raise ValueError(f"formats: {', '.join(self.formats)} names one twice")
        return self

    @property
    def small(self) -> tuple[Format, ...]:
        """The formats smaller than fp32."""
        return tuple(name for name in self.formats if name != "fp32")

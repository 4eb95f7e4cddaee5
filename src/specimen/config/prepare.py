"""Sections `prepare` and `split` of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from specimen.config.base import (
    Finite,
    Fraction,
    NotNegative,
    Positive,
    PositiveFloat,
    Probability,
    Resize,
    Section,
    Seed,
    Share,
)


class Rule(Section):
    """What happens to the rows that break a rule; `missing_label: fail` is short for `{action: fail}`."""

    action: Literal["reject", "fail", "warn", "off"] = "reject"
    """reject the rows, fail the stage, warn and keep them, or skip the rule."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if value is False:  # how YAML 1.1 reads a bare `off`
            return {"action": "off"}
        return {"action": value} if isinstance(value, (str, bool)) else value


class Unusable(Rule):
    """A rule whose rows cannot be kept: nothing could be trained on them."""

    action: Literal["reject", "fail"] = "reject"


class Doubt(Rule):
    """A rule whose rows are kept, with a warning, unless params say otherwise."""

    action: Literal["reject", "fail", "warn", "off"] = "warn"


class MissingGroup(Doubt):
    """Rows without a group, where `data.group` or `data.group_pattern` asks for one; kept, each is its own group.

    If such a photo shows an object that other rows name, this object may be in train and test.
    """


class LabelRange(Rule):
    """Accepted labels, both bounds included; null: no bound."""

    min: Finite | None = None
    max: Finite | None = None

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min = {self.min:g} is above max = {self.max:g}, so every label would be out of range")
        return self


class TwinLabels(Rule):
    """Labels within one group may differ by `tolerance` (in the target's unit; classes not at all)."""

    action: Literal["reject", "fail", "warn", "off"] = "off"
    tolerance: NotNegative = 0.0


class NearDuplicate(Doubt):
    """Similar pictures in two groups: 64-bit hashes at most `distance` apart, and nearly equal thumbnails."""

    distance: Annotated[int, Field(ge=0, le=16)] = 1


class SmallImage(Rule):
    """Images with a side shorter than `min_side` pixels."""

    min_side: Positive = 32


class LowContrast(Doubt):
    """Pictures whose darkest and brightest value are less than `min_range` of 255 apart: is a `white_level` missing?"""

    min_range: Annotated[int, Field(ge=0, le=255)] = 32


class BlurredImage(Doubt):
    """Photos whose sharpness is less than `least` times the median of all: out of focus, or shaken."""

    least: Fraction = 0.5


class DarkImage(Doubt):
    """Photos that are darker than `brightest`, of 1, nearly everywhere (99 % of the pixels)."""

    brightest: Fraction = 0.3


class OverexposedImage(Doubt):
    """Photos that are brighter than `darkest`, of 1, nearly everywhere (95 % of the pixels)."""

    darkest: Probability = 0.9


class OddShape(Doubt):
    """Photos whose shorter side is less than `ratio` times the longer one: a strip, or a screenshot."""

    ratio: Fraction = 0.35


class OddSize(Doubt):
    """Photos more than `times` as large, or as small, in their sides as the median photo: a thumbnail, a scan."""

    times: Annotated[float, Field(gt=1)] = 4.0


class SmallClass(Rule):
    """Classes with fewer than `min_samples` samples."""

    min_samples: Positive = 3


class Rules(Section):
    """The rules, in the order in which they look at a row; the first one that it breaks counts."""

    missing_label: Unusable = Unusable()
    label_not_a_number: Unusable = Unusable()
    label_out_of_range: LabelRange = LabelRange()
    missing_image: Unusable = Unusable()
    missing_group: MissingGroup = MissingGroup()
    duplicate_row: Rule = Rule()
    twin_labels: TwinLabels = TwinLabels()
    unreadable_image: Unusable = Unusable()
    small_image: SmallImage = SmallImage()
    low_contrast: LowContrast = LowContrast()
    blurred_image: BlurredImage = BlurredImage()
    dark_image: DarkImage = DarkImage()
    overexposed_image: OverexposedImage = OverexposedImage()
    odd_shape: OddShape = OddShape()
    odd_size: OddSize = OddSize()
    duplicate_image: Rule = Rule()
    near_duplicate: NearDuplicate = NearDuplicate()
    small_class: SmallClass = SmallClass()


class Prepare(Section):
    """From photos to the packed store."""

    image_size: Annotated[int, Field(ge=16, le=1024)] = 128
    """Side in pixels of the square pictures in the store; the model sees these."""
    resize: Resize = "pad"
    """How a photo becomes square: `pad` keeps all of it and its proportions, `crop` its centre, `stretch` distorts."""
    white_level: PositiveFloat | None = None
    """Value that is white in photos of more than 8 bits, such as 4095 for 12 bits stored in 16; black is 0. null: what
    the file says (65535 of 16 bits, the bits of a TIFF, WhiteLevel of a DNG), and 1 for floats that stay below."""
    rules: Rules = Rules()


class Split(Section):
    """Shares of val and test, the rest being train; see `data/preparation/splits.py`."""

    seed: Seed = 1
    val: Share = 0.15
    test: Share = 0.15
    folds: Annotated[int, Field(ge=2)] | None = None
    """For cross-validation: the groups fall into this many folds, and one of them is the test split."""
    fold: Annotated[int, Field(ge=0)] = 0
    """Which fold is the test split, from 0."""

    @model_validator(mode="after")
    def _train_keeps_a_share(self) -> Self:
        if self.val + self.test >= 1:
            raise ValueError(f"val + test = {self.val + self.test:g} leaves nothing for train")
        if self.folds is None and self.fold:
            raise ValueError(f"fold is {self.fold}, but without folds there is none to choose")
        if self.folds is not None and self.fold >= self.folds:
            raise ValueError(f"fold is {self.fold}, but folds: {self.folds} are numbered 0 to {self.folds - 1}")
        return self

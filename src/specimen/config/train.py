"""Section `train` of params.yaml."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from specimen.config.base import (
    WITHOUT_PICTURES,
    Fraction,
    NotNegative,
    Positive,
    PositiveFloat,
    Probability,
    Section,
    Seed,
)
from specimen.config.forest import Forest

Tracker = Literal["mlflow", "wandb", "dvclive"]
FineTune = Literal["all", "head", "norm"]
BatchNorm = Literal["train", "frozen"]
Compile = Literal["auto", "on", "off"]
OptimizerName = Literal["adamw", "adam", "sgd"]
ScheduleName = Literal["cosine", "one_cycle", "constant"]

OF_NETWORKS = (
    *("seed", "weights", "fine_tune", "views", "freeze_epochs", "backbone_lr", "epochs", "patience", "batch_size"),
    *("optimizer", "lr", "schedule", "warmup", "weight_decay", "clip_norm", "ema"),
    *("augment", "precision", "batch_norm", "compile"),
)
"""Params that say nothing to a forest, which is grown at once."""

_LAUNCHER = re.compile(
    r"python|torchrun( --standalone| --(nnodes|nproc[-_]per[-_]node|node[-_]rank|master[-_](addr|port)|"
    r"rdzv[-_](id|backend|endpoint)|max[-_]restarts)[ =][\w.:-]+)*"
)


def _switch(value: object) -> object:
    """Return a word for what YAML 1.1 makes of a bare `on` or `off`."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _check_launcher(launcher: str) -> str:
    if not _LAUNCHER.fullmatch(launcher):
        raise ValueError("accepted: python, or torchrun with its options, such as --standalone --nproc-per-node 2")
    return launcher


class Augment(Section):
    """What may happen to a train picture: each step with its own probability, 0 leaves it out."""

    flip: Probability = 0.5
    """Mirror left to right."""
    flip_vertical: Probability = 0.0
    """Mirror top to bottom, for pictures from above."""
    quarter_turn: Probability = 0.0
    """Turn by 90, 180 or 270 degrees, for pictures from above."""
    rotate: Probability = 0.0
    """Turn by up to `rotate_degrees` either way."""
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 15.0
    crop: Probability = 0.0
    """Cut out a part of at least `crop_scale` of the area, and scale it up to the whole."""
    crop_scale: Annotated[float, Field(gt=0, le=1)] = 0.6
    colour: Probability = 0.0
    """Change brightness, contrast and saturation by up to `colour_strength`, and the hue by a tenth of that."""
    colour_strength: Annotated[float, Field(gt=0, le=1)] = 0.3
    erase: Probability = 0.0
    """Blank a rectangle of 2 to 20 % of the area."""
    mixup: Probability = 0.0
    """Blend the pictures and classes of a whole batch in pairs (classification)."""
    cutmix: Probability = 0.0
    """Paste a rectangle of one picture into another, for a whole batch (classification)."""


class Train(Section):
    """From the store to a model."""

    seed: Seed = 1
    launcher: Annotated[str, AfterValidator(_check_launcher)] = "python"
    """The command before `src/train.py` in `dvc.yaml`; `torchrun --standalone --nproc-per-node 2` trains on two.
    Nothing else is run: whoever changes params cannot change the code that measures them."""
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """auto: bf16 where the hardware has it natively, but fp32 on a CPU for backbones that train faster so (MobileNets,
    EfficientNets: `models/device.py`)."""
    compile: Annotated[Compile, BeforeValidator(_switch)] = "auto"
    """Whether steps are compiled: auto where that is known to save more time than it takes, on a CPU with a C++
    compiler (`training/compiling.py`). The bytes of the model are others then, the same in each run."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare batches in advance. The store makes batches cheap, so 0 is right on a CPU."""

    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """CPU threads of all processes together; null: one for each core. Their number decides in which order numbers are
    added, so another number changes the last bits of the model; set it to get the same bytes on any machine."""

    backbone: str = "resnet18"
    """A torchvision classification model, or `timm/<name>` with the extra. Two learn from the features alone: none, a
    small network, and forest, a random forest."""
    weights: str = "none"
    """none, a torchvision weights name (DEFAULT, IMAGENET1K_V1, ...) or tag of timm, or the path of a state dict or
    a `model.pt` with this backbone; such a file is a dep, `${train.weights}`, of the stages that train."""
    features: tuple[str, ...] = ()
    """Columns of `data.features` that the model sees in addition to the picture."""
    forest: Forest = Forest()
    """Params of `backbone: forest`."""
    fine_tune: FineTune = "all"
    """What is trained: everything, the new head alone, or head, norm layers and biases."""
    batch_norm: BatchNorm = "train"
    """frozen: the batch norms of the backbone keep the mean and variance that they have in `weights`, as is usual when
    batches are small; their scale and shift are trained all the same."""
    views: Positive = 1
    """With `fine_tune: head`, how many augmented views of each picture are embedded, once."""
    freeze_epochs: Annotated[int, Field(ge=0)] = 0
    """For this many epochs the head is trained alone, then everything."""
    backbone_lr: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Learning rate of the backbone, as a share of `lr`."""

    epochs: Positive = 20
    patience: Positive | None = None
    """Stop after this many epochs without a better val metric; null: train to the end."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Over all processes."""
    optimizer: OptimizerName = "adamw"
    """sgd has a Nesterov momentum of 0.9."""
    lr: PositiveFloat = 1e-3
    """Peak learning rate."""
    schedule: ScheduleName = "cosine"
    warmup: Fraction = 0.1
    """Share of the steps in which the learning rate climbs to `lr`."""
    weight_decay: NotNegative = 0.01
    """Not on biases and norms."""
    clip_norm: PositiveFloat | None = None
    """Largest norm of the gradient; null: no limit."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay, per step, of a moving average of the weights that is used instead of them; null: none."""

    loss: Literal["mse", "mae", "huber"] = "mse"
    """For regression, on the standardised target; classification always has cross entropy."""
    target_transform: Literal["none", "log1p", "sqrt"] = "none"
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Share of the truths to be inside the interval (or set of classes) of their prediction; calibrated on val."""
    label_smoothing: Fraction = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: the rarer a class in train, the more its samples count."""
    augment: Augment = Augment()
    track: tuple[Tracker, ...] = ()
    """Trackers that a run is logged to; each needs its extra, and none can stop a training."""

    @model_validator(mode="after")
    def _something_to_learn_from(self) -> Self:
        if self.backbone in WITHOUT_PICTURES and not self.features:
            raise ValueError(f"backbone: {self.backbone} learns from features alone, but features is empty")
        if self.backbone == "forest" and self.launcher != "python":
            raise ValueError(f"launcher: {self.launcher} starts processes, but a forest grows in one; set python")
        if self.fine_tune != "all" and self.weights == "none" and self.backbone not in WITHOUT_PICTURES:
            raise ValueError(f"fine_tune: {self.fine_tune} is for a backbone that has learnt something; set weights")
        if self.batch_norm == "frozen" and self.weights == "none":
            raise ValueError(
                "batch_norm: frozen keeps the statistics of a backbone that has learnt something; set weights"
            )
        if self.augment.mixup + self.augment.cutmix > 1:
            raise ValueError("augment: a batch gets mixup or cutmix, not both, so their sum is at most 1")
        if self.features and (self.augment.mixup or self.augment.cutmix):
            raise ValueError("augment: mixup and cutmix mix pictures but not features; set them to 0 or features to []")
        if self.fine_tune == "head" and (self.augment.mixup or self.augment.cutmix):
            raise ValueError("fine_tune: head sees embeddings, which mixup and cutmix cannot mix; set them to 0")
        return self

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the params that say nothing to this backbone, whether they are written or not."""
        return OF_NETWORKS if self.backbone == "forest" else ("forest",)

"""The params of `params.yaml`, typed once at the door: frozen, ranges checked, unknown keys refused."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from specimen.common.errors import SpecimenError, accepted

PARAMS_FILE = Path("params.yaml")
RESERVED = frozenset(
    {"row", "image", "group", "split", "target", "prediction", "confidence", "low", "high", "prediction_set"}
    | {"distance", "unlike"}
    | {"file", "file_error", "decode_error", "image_width", "image_height", "perceptual_hash", "thumbnail", "pixels"}
)
"""Columns of the tables of samples and predictions, so no names for features."""

Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Tracker = Literal["mlflow", "wandb", "dvclive"]


class Section(BaseModel):
    """A section of `params.yaml`: read once, never changed, no key but the known ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Sample(Section):
    """The embedded data set, drawn by `src/sample.py`."""

    seed: Seed = 7
    plants: Positive = 240
    """Two photos are drawn of each plant."""
    image_size: Annotated[int, Field(ge=32, le=1024)] = 256
    """Side of a photo in pixels."""


class Data(Section):
    """Where the photos and their labels are."""

    root: str
    """Folder (or .zip) that holds everything; DVC tracks it as one dependency."""
    task: Literal["regression", "classification"]
    table: str | None = None
    """Label table under `root` (.xlsx, .csv, .parquet); null: one folder per class."""
    sheet: str | None = None
    """Name of the sheet in an .xlsx file; null: the first."""
    images: str = "."
    """Folder (or .zip) of the photos, under `root`."""
    masks: str | None = None
    """Folder of masks under `root`, white where the object is: a PNG for each photo, of its name without the suffix. If
    given, evaluate measures how much of the model's attention lies on the object."""
    image_column: str | None = "image"
    """null: a table without pictures, to learn from its features alone. A row is then called by its `group` if each has
    one of its own, else by its number, which decides its split too: so name a group if rows may be inserted or removed.
    """
    target: str = "class"
    """Column to learn; with class folders, just its name in reports."""
    unit: str = ""
    """Unit of the target, for reports: g, cm, ..."""
    group: tuple[str, ...] = ()
    """Columns that together name one object: all its photos go into one split. Empty: each photo for itself."""
    split_column: str | None = None
    """Column that says train, val or test; where it is empty, and without it, the group decides (see `Split`)."""
    features: tuple[str, ...] = ()
    """Further columns that the store keeps beside the photo."""
    leaks: tuple[str, ...] = ()
    """Columns that were measured together with the target and give it away; refused as features."""
    allow_leaks: bool = False

    @model_validator(mode="after")
    def _columns_make_sense(self) -> Self:
        if self.table is None and self.task != "classification":
            raise ValueError("table: null means one folder per class, so task must be classification")
        if self.masks is not None and self.image_column is None:
            raise ValueError("masks lie over photos, but image_column: null means a table without pictures")
        if self.table is None and self.image_column is None:
            raise ValueError("image_column: null means a table without pictures, but table is null")
        if self.table is None and (self.group or self.features or self.split_column):
            raise ValueError("group, split_column and features name columns of a table, but table is null")
        leaking = sorted({self.target, *self.leaks}.intersection(self.features)) if not self.allow_leaks else []
        if leaking:
            raise ValueError(
                f"features: {', '.join(leaking)} gives the target away (see data.leaks): whoever has only the photo "
                "does not have it, and the model would learn nothing else. Leave it out, or set data.allow_leaks: true"
            )
        reserved = sorted(RESERVED.intersection(self.features))
        if reserved:
            raise ValueError(f"features: the store has columns {', '.join(reserved)} of its own; rename the sheet's")
        return self


class Rule(Section):
    """What happens to the rows that break a rule of `clean.py`; `missing_label: fail` is short for `{action: fail}`."""

    action: Literal["reject", "fail", "warn", "off"] = "reject"
    """reject the rows, fail the stage, warn and keep them, or do not look."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        # YAML 1.1 reads a bare `off` as false.
        return {"action": "off" if value is False else value} if isinstance(value, (str, bool)) else value


class Unusable(Rule):
    """A rule whose rows cannot be kept: nothing could be trained on them."""

    action: Literal["reject", "fail"] = "reject"


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


class NearDuplicate(Rule):
    """Alike pictures in two groups: 64-bit hashes at most `distance` apart, and nearly equal thumbnails."""

    action: Literal["reject", "fail", "warn", "off"] = "warn"
    distance: Annotated[int, Field(ge=0, le=16)] = 1


class SmallImage(Rule):
    """Images with a side shorter than `min_side` pixels."""

    min_side: Positive = 32


class SmallClass(Rule):
    """Classes with fewer than `min_samples` samples."""

    min_samples: Positive = 3


class Rules(Section):
    """The rules of `clean.py`, in the order in which they look at a row; the first one that it breaks counts."""

    missing_label: Unusable = Unusable()
    label_not_a_number: Unusable = Unusable()
    label_out_of_range: LabelRange = LabelRange()
    missing_image: Unusable = Unusable()
    duplicate_row: Rule = Rule()
    twin_labels: TwinLabels = TwinLabels()
    unreadable_image: Unusable = Unusable()
    small_image: SmallImage = SmallImage()
    duplicate_image: Rule = Rule()
    near_duplicate: NearDuplicate = NearDuplicate()
    small_class: SmallClass = SmallClass()


class Prepare(Section):
    """From photos to the packed store."""

    image_size: Annotated[int, Field(ge=16, le=1024)] = 128
    """Side in pixels of the square pictures in the store; the model sees these."""
    resize: Literal["pad", "crop", "stretch"] = "pad"
    """How a photo becomes square: `pad` keeps all of it and its proportions, `crop` its centre, `stretch` distorts."""
    rules: Rules = Rules()


class Split(Section):
    """Shares of train, val and test; see `split.py`."""

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
    launcher: str = "python"
    """The command before `src/train.py` in `dvc.yaml`; `torchrun --standalone --nproc-per-node 2` trains on two."""
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """auto: bf16 where the hardware has it natively."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare batches ahead. The store makes it cheap, so 0 is right on a CPU."""

    threads: Positive | None = None
    """CPU threads of all processes together; null: one for each core. Their number decides in which order sums are
    rounded, so another number gives another model in its last bits; set it to get the same bytes from any machine."""

    backbone: str = "resnet18"
    """A torchvision classification model, or `timm/<name>` with the extra; none learns from the features alone."""
    weights: str = "none"
    """none, a torchvision weights name (DEFAULT, IMAGENET1K_V1, ...) or tag of timm, or the path of a state dict."""
    features: tuple[str, ...] = ()
    """Columns of `data.features` that the model sees beside the picture."""
    fine_tune: Literal["all", "head", "norm"] = "all"
    """What is trained: everything, the new head alone, or head, norm layers and biases."""
    views: Positive = 1
    """With `fine_tune: head`, how many augmented views of each picture are embedded, once."""
    freeze_epochs: Annotated[int, Field(ge=0)] = 0
    """For so many epochs the head is trained alone, then all of it."""
    backbone_lr: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Learning rate of the backbone, as a share of `lr`."""

    epochs: Positive = 20
    patience: Positive | None = None
    """Stop after so many epochs without a better val metric; null: train on to the end."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Over all processes."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """sgd has a Nesterov momentum of 0.9."""
    lr: PositiveFloat = 1e-3
    """Peak learning rate."""
    schedule: Literal["cosine", "one_cycle", "constant"] = "cosine"
    warmup: Fraction = 0.1
    """Share of the steps in which the learning rate climbs to `lr`."""
    weight_decay: NotNegative = 0.01
    """Not on biases and norms."""
    clip_norm: PositiveFloat | None = None
    """Largest norm of the gradient; null: as it comes."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay, per step, of a moving average of the weights that is used instead of them; null: none."""

    loss: Literal["mse", "mae", "huber"] = "mse"
    """For regression, on the standardised target; classification always has cross entropy."""
    target_transform: Literal["none", "log1p", "sqrt"] = "none"
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Share of the truths that the interval (or set of classes) of a prediction shall hold; calibrated on val."""
    label_smoothing: Fraction = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: the rarer a class in train, the more its samples count."""
    augment: Augment = Augment()
    track: tuple[Tracker, ...] = ()
    """Where a run is also written down; each needs its extra, and none can stop a training."""

    @model_validator(mode="after")
    def _something_to_learn_from(self) -> Self:
        if self.backbone == "none" and not self.features:
            raise ValueError("backbone: none learns from features alone, but features is empty")
        if self.fine_tune != "all" and self.weights == "none" and self.backbone != "none":
            raise ValueError(f"fine_tune: {self.fine_tune} keeps a backbone that has learnt something; set weights")
        if self.augment.mixup + self.augment.cutmix > 1:
            raise ValueError("augment: mixup and cutmix exclude each other in a batch, so their sum is at most 1")
        if self.features and (self.augment.mixup or self.augment.cutmix):
            raise ValueError("augment: mixup and cutmix mix pictures but not features; set them or features to none")
        if self.fine_tune == "head" and (self.augment.mixup or self.augment.cutmix):
            raise ValueError("fine_tune: head sees embeddings, which mixup and cutmix cannot mix; set them to 0")
        return self


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


class Export(Section):
    """From the model to ONNX."""

    samples: Annotated[int, Field(ge=1)] = 64
    """How many test samples both must predict alike."""
    tolerance: Annotated[float, Field(gt=0)] = 1e-4
    """Largest accepted difference of a logit."""


class Report(Section):
    """The comment on a pull request; `src/report.py` alone reads it, so that it makes no stage run."""

    metric: str | None = None
    """Metric of `metrics/test.json` that decides; null: rmse for numbers, accuracy for classes."""
    resamples: Annotated[int, Field(ge=100, le=20_000)] = 2000
    fail_on: Literal["never", "worse"] = "never"
    """worse: the check of a pull request turns red when the model has become worse."""


class Params(Section):
    """The whole of `params.yaml`."""

    sample: Sample = Sample()
    data: Data
    prepare: Prepare = Prepare()
    split: Split = Split()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    export: Export = Export()
    report: Report = Report()

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        unknown = [name for name in self.train.features if name not in self.data.features]
        if unknown:
            known = ", ".join(self.data.features) or "none"
            raise ValueError(f"train.features: '{unknown[0]}' is not in data.features, which the store keeps: {known}")
        unknown = [name for name in self.evaluate.by if name not in self.data.features]
        if unknown:
            known = ", ".join(self.data.features) or "none"
            raise ValueError(f"evaluate.by: '{unknown[0]}' is not in data.features, which the store keeps: {known}")
        if self.data.image_column is None and self.train.backbone != "none":
            raise ValueError(
                f"train.backbone: {self.train.backbone} looks at pictures, but data.image_column: null means a table "
                "without any; set backbone: none, and in train.features the columns to learn from"
            )
        if self.data.task == "regression" and (self.train.augment.mixup or self.train.augment.cutmix):
            raise ValueError("train.augment: mixup and cutmix mix classes, so not with data.task: regression")
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check a params file. Raises `SpecimenError` that lists every fault with its key."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecimenError(f"{path} not found; run from the root of the repository.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecimenError(f"{path} is not valid YAML: {error}") from error
    return check_params(content, str(path))


def check_params(content: object, where: str) -> Params:
    """Check what a params file holds; see `load_params`."""
    if not isinstance(content, dict):
        raise SpecimenError(f"{where}: expected sections {', '.join(Params.model_fields)}, found {content!r}.")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        faults = "\n".join(f"  {_describe(dict(fault))}" for fault in error.errors())
        raise SpecimenError(f"{where}:\n{faults}") from None


_PLAIN = {
    "tuple_type": "Input should be a list, such as [a, b]",
    "model_type": "Input should be keys and values; to keep the defaults, leave the section out",
    "invalid_key": "Keys should be text",
}
"""What pydantic says in the words of Python, in the words of YAML."""


def _describe(fault: dict[str, Any]) -> str:
    """Turn one pydantic fault into `key: what is wrong, what is accepted`."""
    location = [str(part) for part in fault["loc"]]
    key = ".".join(location) or "params"
    if fault["type"] == "extra_forbidden":
        return f"{key}: unknown key. {accepted(location[-1], _keys_beside(location))}"
    if fault["type"] == "missing":
        return f"{key}: missing."
    message = _PLAIN.get(fault["type"], str(fault["msg"]).removeprefix("Value error, "))
    return f"{key}: {message}, got {fault['input']!r}." if location[1:] else f"{key}: {message}."


def _keys_beside(location: list[str]) -> list[str]:
    """Return the keys that are known where the unknown one stands."""
    section: type[BaseModel] = Params
    for part in location[:-1]:
        section = section.model_fields[part].annotation  # type: ignore[assignment]
    return list(section.model_fields)

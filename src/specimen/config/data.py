"""Section `data` of params.yaml."""

from typing import Self

from pydantic import model_validator

from specimen.config.base import Section, TaskName

RESERVED = frozenset(
    {"row", "image", "group", "split", "target", "prediction", "confidence", "low", "high", "prediction_set"}
    | {"distance", "unlike"}
    | {"file", "file_error", "decode_error", "image_width", "image_height", "perceptual_hash", "thumbnail", "pixels"}
)
"""Columns of the tables of samples and predictions, so no names for features."""


class Data(Section):
    """Where the photos and their labels are."""

    root: str
    """Folder (or .zip) that holds everything; DVC tracks it as one dependency."""
    task: TaskName
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

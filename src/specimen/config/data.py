"""Section `data` of params.yaml."""

import re
from typing import Self

from pydantic import model_validator

from specimen.common.numbers import MISSING_MARKS, Decimal
from specimen.config.base import Positive, Section, TaskName

_OF_SAMPLES = ("row", "image", "image_md5", "group", "split", "target")
_OF_PREPARATION = (
    *("image_name", "image_error", "target_text"),
    *("decode_error", "image_width", "image_height", "value_range", "perceptual_hash", "thumbnail", "pixels"),
    *("image_darkest", "image_brightest", "image_sharpness"),
)
_OF_PREDICTIONS = (
    *("prediction", "low", "high", "confidence", "prediction_set", "distance", "unlike"),
    *("error", "residual", "file"),
)
GROUP_PART = "group"
"""Name of the part of `group_pattern` that names the object."""
RESERVED = frozenset({*_OF_SAMPLES, *_OF_PREPARATION, *_OF_PREDICTIONS})
"""Columns that Specimen adds to the features, so a feature cannot have their names."""
RESERVED_PREFIX = "p: "
"""Begins the name of the column with the probability of a class."""
BATCH = "batch"
"""The column with the name of the batch that a row is from, where there are batches."""


class Data(Section):
    """Where the photos and their labels are."""

    root: str
    """Folder (or .zip) with everything in it; DVC tracks it as one dependency."""
    task: TaskName
    table: str | None = None
    """Label table under `root` (.xlsx, .csv, .tsv, .parquet); null: one folder per class.

    A pattern such as `"*/labels.xlsx"` means batches: each folder or zip under `root` whose name is like the first part
    has a table and photos of its own. `images` and `masks` are then places in each batch, and `batch` is a column.
    `*` means any letters, `?` any single one.
    """
    sheet: str | None = None
    """Name of the sheet in an .xlsx file; null: the first, or the only one that has the columns."""
    header_row: Positive | None = None
    """Row with the names of the columns; null: the first that is filled, or the only one that has the columns."""
    images: str = "."
    """Folder (or .zip) of the photos, under `root`."""
    masks: str | None = None
    """Folder of masks under `root`, white where the object is: a PNG for each photo, of its name without the suffix. If
    given, evaluate measures how much of the model's attention is on the object."""
    image_column: str | None = "image"
    """Column with the names of the files. A name in another case, with another suffix or none, or with other folders in
    front is taken where it can mean only one file, and no other row names that file; a note says so.

    null: a table without pictures, to learn from its features alone. A row is then called by its `group` if each has
    one of its own, else by its number, which decides its split too: name a group if rows may be inserted or removed.
    """
    target: str = "class"
    """Column to learn; with class folders, just its name in reports."""
    unit: str = ""
    """Unit of the target, for reports: g, cm, ..."""
    group: tuple[str, ...] = ()
    """Columns that together name one object: all its photos go into one split. Empty: each photo for itself, by its
    name in the sheet, so that photos may move to another folder."""
    group_pattern: str | None = None
    """Instead of `group`, above all for class folders: a regular expression that is looked for in the path of each
    photo below `images`; its part `(?P<group>...)` names the object. What it does not match is a group of its own."""
    fill_down: tuple[str, ...] | None = None
    """Columns whose empty cells mean the value above, because a name is written once for all its rows. []: none. null:
    none either, but the run stops where a column of `group` looks like that. Merged cells need no such word."""
    split_column: str | None = None
    """Column that says train, val or test; where it is empty, and without it, the group decides (see `Split`)."""
    split_folders: bool | None = None
    """With class folders inside folders train, val and test: true takes these as the split and the folders in them as
    the classes, false takes train, val and test as classes; null stops where there are such folders."""
    features: tuple[str, ...] = ()
    """Further columns that the store keeps along with the photo."""
    leaks: tuple[str, ...] = ()
    """Columns that were measured together with the target and give it away; refused as features."""
    allow_leaks: bool = False
    categories: tuple[str, ...] = ()
    """Those of `features` that are categories even if their cells look like numbers, such as the number of a bed."""
    decimal: Decimal = "auto"
    """Decimal mark of numbers that are written as text: point, comma, or auto, which asks where 1.007 could be 1007."""
    missing: tuple[str, ...] = MISSING_MARKS
    """Texts that stand for a missing value, in labels, groups and features alike; capitals do not matter."""

    @model_validator(mode="after")
    def _columns_make_sense(self) -> Self:
        if self.table is None and self.task != "classification":
            raise ValueError("table: null means one folder per class, so task must be classification")
        self._check_pattern()
        if self.masks is not None and self.image_column is None:
            raise ValueError("masks cover photos, but image_column: null means a table without pictures")
        if self.table is None and self.image_column is None:
            raise ValueError("image_column: null means a table without pictures, but table is null")
        if self.table is None and (self.group or self.features or self.split_column):
            raise ValueError("group, split_column and features name columns of a table, but table is null")
        self._check_groups()
        if self.table is not None and self.split_folders is not None:
            raise ValueError(
                "split_folders is about class folders, but there is a table; name its column in split_column"
            )
        unknown = [name for name in self.categories if name not in self.features]
        if unknown:
            known = ", ".join(self.features) or "none"
            raise ValueError(f"categories: '{unknown[0]}' is not in features: {known}")
        leaking = sorted({self.target, *self.leaks}.intersection(self.features)) if not self.allow_leaks else []
        if leaking:
            raise ValueError(
                f"features: {', '.join(leaking)} gives the target away (see data.leaks): whoever has only the photo "
                "does not have it, and the model would learn nothing else. Leave it out, or set data.allow_leaks: true"
            )
        reserved = sorted(name for name in self.features if name in RESERVED or name.startswith(RESERVED_PREFIX))
        if reserved:
            raise ValueError(
                f"features: the store and the predictions have columns {', '.join(reserved)} of their own; rename "
                "those of the sheet"
            )
        return self

    @property
    def batched(self) -> bool:
        """Whether `table` is a pattern."""
        return self.table is not None and any(mark in self.table for mark in "*?")

    def _check_pattern(self) -> None:
        if not self.batched:
            return
        assert self.table is not None
        steps = self.table.split("/")
        if len(steps) == 1 or "**" in self.table or {"", ".", ".."} & set(steps):
            raise ValueError(
                f"table: '{self.table}' is not a pattern for batches: the folders or zips under root, a slash, and the "
                "table in each of them, such as '*/labels.xlsx'"
            )

    def _check_groups(self) -> None:
        used = {self.image_column, self.target, self.split_column, *self.group, *self.features}
        unused = [name for name in self.fill_down or () if name not in used]
        if unused:
            raise ValueError(f"fill_down: '{unused[0]}' is not among the columns that data names")
        if self.group_pattern is None:
            return
        if self.group:
            raise ValueError("group_pattern: the columns of group name the objects already; keep one of both")
        if self.image_column is None:
            raise ValueError("group_pattern is about the paths of photos, but image_column: null means a table alone")
        try:
            parts = re.compile(self.group_pattern).groupindex
        except re.error as error:
            raise ValueError(f"group_pattern: {self.group_pattern!r} is not a regular expression: {error}") from None
        if GROUP_PART not in parts:
            raise ValueError(f"group_pattern: {self.group_pattern!r} has no part (?P<{GROUP_PART}>...)")

"""From a sheet or from class folders to the label table: columns `image`, `target`, `group`, `split`, features.

The index is the row number of the sheet. Nothing is judged here: every cell is text as the sheet shows it, or `None`
where it is empty; the rules in `clean.py` decide.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from specimen.common.cells import to_text
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.stage_deps import require_dep
from specimen.config.data import Data
from specimen.data.readers import tables
from specimen.data.readers.images import Images, below, read_member, require_root

GROUP_SEPARATOR = "/"


def read_labels(data: Data, images: Images | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the label table that `data` describes; also return the whole sheet, to look at.

    `images` are those of the class folders; a table needs none. Without an image column, `image` is the name of a row.
    Raises `SpecimenError` that lists every fault of its columns.
    """
    if data.table is None:
        assert images is not None, "params refuse class folders without pictures"
        labels = _from_folders(images, data)
        return labels, labels[["image", "target"]]
    path, content = _locate(data, data.table)
    sheet = tables.read_table(path, data.sheet, content)
    return _from_sheet(sheet, data, path), sheet


def _from_folders(images: Images, data: Data) -> pd.DataFrame:
    """One folder per class: the name of the first folder is the class, spelled as found; a photo beside has none."""
    classes = [PurePosixPath(name).parts[0] if "/" in name else None for name in images.names]
    if not any(classes):
        raise SpecimenError(
            f"data.images: no class folders with images in '{data.root}/{data.images}'. With a label table, name it in "
            "data.table."
        )
    return pd.DataFrame(
        {"image": images.names, "target": classes, "group": None, "split": None},
        index=pd.RangeIndex(1, len(classes) + 1, name="row"),
        dtype=object,
    )


def _from_sheet(sheet: pd.DataFrame, data: Data, path: Path) -> pd.DataFrame:
    """Take the columns that `data` names."""
    wanted = {"data.image_column": data.image_column} if data.image_column is not None else {}
    wanted |= {"data.target": data.target}
    wanted |= {"data.split_column": data.split_column} if data.split_column else {}
    wanted |= {f"data.group[{n}]": column for n, column in enumerate(data.group)}
    wanted |= {f"data.features[{n}]": column for n, column in enumerate(data.features)}
    found: dict[str, pd.Series[str]] = {}
    faults: list[str] = []
    for key, column in wanted.items():
        try:
            found[key] = to_text(tables.column(sheet, column, key, path))
        except SpecimenError as error:
            faults.append(str(error))
    if faults:
        raise SpecimenError("\n".join(faults))
    if sheet.empty:
        raise SpecimenError(f"{path}: has a header and no rows.")
    group = _group([found[key] for key in found if key.startswith("data.group")], sheet.index)
    image = found["data.image_column"] if data.image_column is not None else _row_names(group)
    table = pd.DataFrame({"image": image, "target": found["data.target"], "group": group}, dtype=object)
    table["split"] = found.get("data.split_column")
    for position, column in enumerate(data.features):
        table[column] = found[f"data.features[{position}]"]
    return table


def _group(columns: list[pd.Series[str]], index: pd.Index) -> pd.Series[str]:
    """Join the group columns to one id; `None` where any of them is empty (or where there are none)."""
    if not columns:
        return pd.Series(None, index=index, dtype=object)
    parts = pd.concat(columns, axis=1)
    joined = parts.astype("string").fillna("").agg(GROUP_SEPARATOR.join, axis=1).astype(object)
    return joined.where(parts.notna().all(axis=1), None)


def _row_names(group: pd.Series[Any]) -> pd.Series[Any]:
    """Name each row: by its group if that is its own in every row, else by its number in the sheet."""
    by_number = pd.Series([f"row {number}" for number in group.index], index=group.index, dtype=object)
    return group if group.notna().all() and group.is_unique else by_number


def _locate(data: Data, name: str) -> tuple[Path, bytes | None]:
    """Return the path of the table and, where it lies inside a zip, its bytes."""
    root = Path(data.root)
    require_root(root)
    if root.is_dir():
        path = below(root, name, "data.table")
        if path.is_file():
            return path, None
        there = sorted(
            file.name for file in root.iterdir() if file.suffix.lower() in tables.SUFFIXES and file.is_file()
        )
        raise SpecimenError(f"data.table: no file '{name}' in '{root}'. {accepted_hint(name, there, 'tables there')}")
    content = read_member(root, name)
    if content is None and not (root.parent / name).is_file():
        raise SpecimenError(f"data.table: '{name}' is neither inside '{root}' nor beside it.")
    if content is None:
        for stage in ("validate", "prepare"):
            require_dep(stage, root.parent / name, "data.table")
        return root.parent / name, None
    return root / name, content

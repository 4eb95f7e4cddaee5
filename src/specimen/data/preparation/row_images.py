"""Which image each row of the label table means."""

from __future__ import annotations

import unicodedata
from pathlib import PureWindowsPath
from typing import Any

import pandas as pd

from specimen.data.readers.batches import BatchImages, make_finder
from specimen.data.readers.image_names import SHOWN, folded
from specimen.data.readers.images import ImageNotFoundError, Images


def find_images(labels: pd.DataFrame, images: Images | None) -> tuple[pd.DataFrame, list[str]]:
    """Add `image`, the file that `image_name` means, and `image_error`, why there is none; return notes as well.

    A name that says something else than the file (another suffix, other folders) is taken where it can mean only this
    file, and no other row means it. Without `images`, the image of a row is its name, to call it by.
    """
    if images is None:
        return labels.assign(image=labels["image_name"], image_error=None), []
    finder = make_finder(images)

    def look_up(name: str | None) -> tuple[str | None, str | None, bool]:
        if not name:
            return None, "no image named", False
        try:
            found = finder.find(name)
        except ImageNotFoundError as error:
            return None, str(error), False
        return found.image, None, found.near

    columns = ["image", "image_error", "near"]
    rows = pd.DataFrame([look_up(name) for name in labels["image_name"]], columns=columns, index=labels.index)
    if rows["near"].any():
        rows = _without_contested(rows, labels["image_name"])
    rows = rows[["image", "image_error"]].astype(object).where(rows[["image", "image_error"]].notna(), None)
    labels = labels.join(rows)
    return labels, _notes(labels, 1 if isinstance(images, BatchImages) else 0)


def _without_contested(rows: pd.DataFrame, names: pd.Series[Any]) -> pd.DataFrame:
    """Take back the images of near names that another row names as well, in other words: p1.tif next to p1.jpg."""
    spellings = names.map(lambda name: folded(PureWindowsPath(name).as_posix()), na_action="ignore")
    contested = rows["near"] & (spellings.groupby(rows["image"]).transform("nunique") > 1)
    reason = "no such file, and " + rows["image"].astype(str) + ", which is similar, is named by another row"
    return rows.assign(
        image=rows["image"].where(~contested, None), image_error=rows["image_error"].where(~contested, reason)
    )


def _notes(labels: pd.DataFrame, above: int) -> list[str]:
    """Return a note on the names that are not those of the files, to the eye; a folder in front may be missing.

    So many folders `above` are not of the name as the sheet writes it: that of the batch.
    """
    found = labels[labels["image"].notna()]
    other = [
        (row, _below(name, above), _below(image, above))
        for row, name, image in zip(found.index, found["image_name"], found["image"], strict=True)
        if name != image and not f"/{_shown(image)}".endswith(f"/{_below(_shown(name), above)}")
    ]
    if not other:
        return []
    shown = [f"'{name}' in row {row} means '{image}'" for row, name, image in other[:SHOWN]]
    shown += ["..."] if len(other) > SHOWN else []
    return [f"data.image_column: names that are not quite those of the files: {len(other)} ({', '.join(shown)})"]


def _below(path: str, above: int) -> str:
    return path.split("/", above)[-1]


def _shown(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("\\", "/").removeprefix("./")

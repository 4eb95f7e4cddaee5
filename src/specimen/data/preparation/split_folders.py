"""Folders train, val and test with the class folders in them, as many data sets come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from specimen.common.errors import SpecimenError, accepted_hint

FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The split that a folder name means, whatever its case, also as `train_set` or `test-images`."""
_APPENDED = re.compile(r"[\W_]*(?:set|data|images|photos)$")


def cut_splits(names: Sequence[str]) -> tuple[list[str | None], list[str]]:
    """Return the split of each photo, `None` outside of all folders, and its path inside the folder of the split.

    Raises `SpecimenError` for a folder that is not a split, and for a split without a photo.
    """
    tops = _first_folders(names)
    unknown = sorted(top for top in tops if _split_of(top) is None)
    if unknown:
        raise SpecimenError(
            f"data.split_folders: '{unknown[0]}' is not a split. {accepted_hint(unknown[0], FOLDERS)} Move the folder "
            "into one of these, or out of data.images."
        )
    present = {_split_of(top) for top in tops}
    missing = [split for split in dict.fromkeys(FOLDERS.values()) if split not in present]
    if missing:
        raise SpecimenError(
            f"data.split_folders: no photos for {' and '.join(missing)}; the folders with photos are "
            f"{', '.join(sorted(tops)) or 'none'}. val chooses the model and test measures it: give each its folder, "
            "or put all class folders into one and let Specimen split them."
        )
    pairs = [name.split("/", 1) if "/" in name else ["", name] for name in names]
    return [_split_of(top) for top, _ in pairs], [rest for _, rest in pairs]


def refuse_splits_as_classes(names: Sequence[str]) -> None:
    """Raise `SpecimenError` where the class folders are train and val or test."""
    found = sorted(top for top in _first_folders(names) if _split_of(top) is not None)
    splits = {_split_of(top) for top in found}
    if "train" not in splits or len(splits) == 1:
        return
    fault = f"data.images: {', '.join(found)} look like splits, not like classes."
    if any(name.count("/") > 1 and name.split("/", 1)[0] in found for name in names):
        way_out = "Set data.split_folders: true to take them as the split and the folders in them as the classes, or"
    else:
        way_out = "There are no class folders in them: name the table with the labels in data.table, or set"
    raise SpecimenError(f"{fault} {way_out} data.split_folders: false to take them as classes.")


def _split_of(folder: str) -> str | None:
    return FOLDERS.get(_APPENDED.sub("", folder.lower()))


def _first_folders(names: Iterable[str]) -> set[str]:
    return {name.split("/", 1)[0] for name in names if "/" in name}

"""Folders train, val and test with the class folders in them, as many data sets come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from specimen.common.errors import SpecimenError, accepted_hint

FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The split that a folder name means, whatever its case."""


def cut_splits(names: Sequence[str]) -> tuple[list[str | None], list[str]]:
    """Return the split of each photo, `None` outside of all folders, and its path inside the folder of the split.

    Raises `SpecimenError` for a folder that is not a split, and for a split without a photo.
    """
    tops = _first_folders(names)
    unknown = sorted(top for top in tops if top.lower() not in FOLDERS)
    if unknown:
        raise SpecimenError(
            f"data.split_folders: '{unknown[0]}' is not a split. {accepted_hint(unknown[0], FOLDERS)} Move the folder "
            "into one of these, or out of data.images."
        )
    present = {FOLDERS[top.lower()] for top in tops}
    missing = [split for split in dict.fromkeys(FOLDERS.values()) if split not in present]
    if missing:
        raise SpecimenError(
            f"data.split_folders: no photos for {' and '.join(missing)}; the folders with photos are "
            f"{', '.join(sorted(tops)) or 'none'}. val chooses the model and test measures it: give each its folder, "
            "or put all class folders into one and let Specimen split them."
        )
    pairs = [name.split("/", 1) if "/" in name else ["", name] for name in names]
    return [FOLDERS.get(top.lower()) for top, _ in pairs], [rest for _, rest in pairs]


def refuse_splits_as_classes(names: Sequence[str]) -> None:
    """Raise `SpecimenError` where the class folders are train and val or test, with folders in them."""
    deep = _first_folders(name for name in names if name.count("/") > 1)
    found = sorted(top for top in deep if top.lower() in FOLDERS)
    splits = {FOLDERS[top.lower()] for top in found}
    if "train" in splits and len(splits) > 1:
        raise SpecimenError(
            f"data.images: {', '.join(found)} look like splits, not like classes. Set data.split_folders: true to take "
            "them as the split and the folders in them as the classes, or false to take them as classes."
        )


def _first_folders(names: Iterable[str]) -> set[str]:
    return {name.split("/", 1)[0] for name in names if "/" in name}

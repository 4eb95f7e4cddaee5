"""What is below `data.root`: folders and zips of images, and nothing outside."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.data.readers.folder_images import Folder, leaves_root, walk
from specimen.data.readers.images import Images, is_below, is_hidden, suffix, what_is_there
from specimen.data.readers.zip_images import Zip


def open_images(root: Path, inside: str, key: str = "data.images", excluded: str | None = None) -> Images:
    """Open the images at `inside` below `root`, either of which may be a .zip.

    `key` is the parameter that says `inside`, for the messages. Images below `excluded`, which is another folder below
    `root`, do not count: masks among the photos. Raises `SpecimenError` if there are no images.
    """
    require_root(root)
    hidden = _relative(excluded, inside)
    images = Zip(root, inside, hidden) if root.is_file() else _open_below(root, inside, key, hidden)
    if not images.names and hidden is not None:
        open_images(root, inside, key)  # which says so if there are no images at all
        raise SpecimenError(f"data.masks: '{excluded}' in '{root}' leaves no photos in {key} '{inside}'.")
    if not images.names:
        raise SpecimenError(f"{key}: '{inside}' in '{root}' holds no images. {_way_to_images(images.others, key)}")
    # Neither names in another encoding than UTF-8 nor carriage returns survive in a CSV.
    strange = next((name for name in images.names if re.search("[\ud800-\udfff\r]", name)), None)
    if strange:
        raise SpecimenError(f"{key}: the file name {strange!r} is not UTF-8, or has two lines; rename the file.")
    return images


def list_elsewhere(root: Path, used: Collection[str]) -> list[str]:
    """Return all files below `root` but those that are, or are below, one of `used`; sorted, without hidden ones.

    A link that leaves the root is listed itself, and not what is behind it.
    """
    if any(PurePosixPath(place) == PurePosixPath() for place in used):
        return []
    if root.is_file():
        archive = Zip(root)
        files = [*archive.names, *archive.others]
    else:
        files = []
        for prefix, here, leaves in walk(root, root, [root / name for name in used]):
            files += [prefix.rstrip("/")] if leaves else [prefix + name for name in here if not is_hidden(name)]
    return sorted(name for name in files if not any(is_below(name, place) for place in used))


def require_root(root: Path) -> None:
    """Raise `SpecimenError` where there are no data."""
    if not root.exists():
        raise SpecimenError(f"data.root: '{root}' does not exist. `dvc pull` fetches it if DVC tracks it.")


def below(root: Path, name: str, key: str) -> Path:
    """Return the path of what the parameter `key` names below `root`. Raises `SpecimenError` if it leaves `root`."""
    if leaves_root(root / name, root):
        raise SpecimenError(f"{key}: '{name}' leads out of data.root '{root}'. Put the files there.")
    return root / name


def _way_to_images(others: list[str], key: str) -> str:
    zips = [name for name in others if suffix(name) == ".zip"]
    way = f" Name one zip in {key}, or unpack them into one folder." if zips else ""
    return what_is_there(others) + way


def _open_below(root: Path, inside: str, key: str, hidden: str | None) -> Images:
    path = below(root, inside, key)
    if not path.exists():
        here = sorted(entry.name for entry in root.iterdir() if entry.is_dir() or entry.suffix.lower() == ".zip")
        raise SpecimenError(f"{key}: '{inside}' does not exist in '{root}'. {accepted_hint(inside, here, 'there')}")
    return Zip(path, excluded=hidden) if path.is_file() else Folder(path, root, hidden)


def _relative(folder: str | None, around: str) -> str | None:
    """Return a folder relative to the one around it, `None` if it is elsewhere."""
    if folder is None or not PurePosixPath(folder).is_relative_to(around):
        return None
    return PurePosixPath(folder).relative_to(around).as_posix()

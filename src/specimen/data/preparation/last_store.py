"""What was decoded before: the pictures of the store that `dvc.lock` names, in the workspace or in DVC's cache.

A picture is taken from there if all that decides its bytes is the same: the file of the photo, the settings, the code
in `data/readers`, and the libraries. `dvc.lock` has the hash of the store's list of files, that has the hash of
`shards.csv`, and that the hash of each picture; what does not have its hash is decoded again.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache as remember
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from specimen.common.hashing import content_md5, file_md5, short_hash
from specimen.config.prepare import Prepare
from specimen.data import readers
from specimen.data.dataset.shards import (
    IMAGES,
    MANIFEST,
    MANIFEST_COLUMNS,
    MASK_COLUMNS,
    MASKS,
    npy_header,
    read_manifest,
)
from specimen.data.readers.decoder_versions import decoder_versions

PREPARED = "data/prepared"
DECODER = "decoder.json"
"""The file of the store with the settings and the libraries that its pictures were decoded with."""
CODE = "src/specimen/data/readers"
"""A dep of the stage, so that `dvc.lock` knows which version of it decoded."""


class Photo(NamedTuple):
    """A decoded picture, and the sides of its photo, upright."""

    width: int
    height: int
    pixels: str
    """Hash of the picture."""
    picture: bytes


class _Entry(NamedTuple):
    name: str
    position: int
    pixels: str
    width: int
    height: int


class LastStore:
    """The pictures of a store by the MD5 of their photos; safe to use from several threads."""

    def __init__(self, manifest: pd.DataFrame, files: Callable[[str], Sequence[Path]], size: int) -> None:
        """`files` returns where a file of the store may be, the workspace first; `size` is the side of a picture."""
        self._files = files
        self._size = size
        self._photos: dict[str, _Entry] = {}
        self._masks: dict[tuple[str, int, int], _Entry] = {}
        for _, md5, width, height, pixels, shard, position in manifest[MANIFEST_COLUMNS].itertuples(index=False):
            self._photos[md5] = _Entry(f"{IMAGES}/{shard}.npy", position, pixels, width, height)
        if set(MASK_COLUMNS) <= {*manifest}:
            columns = [*MASK_COLUMNS, "image_width", "image_height", "position"]
            for md5, pixels, shard, width, height, position in manifest[columns].itertuples(index=False):
                self._masks[md5, width, height] = _Entry(f"{MASKS}/{shard}.npy", position, pixels, width, height)

    def __bool__(self) -> bool:
        """Return whether there is any picture."""
        return bool(self._photos)

    def photo(self, md5: str) -> Photo | None:
        """Return the picture of a photo, None where there is none, or none that is whole."""
        entry = self._photos.get(md5)
        picture = self._read(entry, (self._size, self._size, 3)) if entry and md5 else None
        return Photo(entry.width, entry.height, entry.pixels, picture) if entry and picture else None

    def mask(self, md5: str, width: int, height: int) -> bytes | None:
        """Return the mask that a file gives for a photo with these sides; None as for `photo`."""
        entry = self._masks.get((md5, width, height))
        return self._read(entry, (self._size, self._size)) if entry and md5 else None

    def write(self, path: Path, content: bytes) -> None:
        """Write a shard of a new store; one that is in the workspace with the same content becomes a second name of it.

        DVC knows a file that it has hashed by its inode and time, and so neither hashes it again nor copies it. Links
        into the cache are left to DVC: whoever changed such a file would change the cache.
        """
        for old in self._files(f"{path.parent.name}/{path.name}")[:1]:
            try:
                if not old.is_symlink() and old.read_bytes() == content:
                    path.hardlink_to(old)
                    return
            except FileExistsError:  # another thread has just written the same pictures
                return
            except OSError:  # no such file, or a file system without links
                pass
        path.write_bytes(content)

    def _read(self, entry: _Entry, shape: tuple[int, ...]) -> bytes | None:
        length = math.prod(shape)
        start = len(npy_header(0, shape)) + entry.position * length
        for path in self._files(entry.name):
            with suppress(OSError), path.open("rb", buffering=0) as file:
                picture = os.pread(file.fileno(), length, start)
                if short_hash(picture) == entry.pixels:
                    return picture
        return None


NOTHING = LastStore(pd.DataFrame(columns=MANIFEST_COLUMNS), lambda name: (), 0)
"""A store without a picture: all is decoded."""


def describe_decoder(prepare: Prepare, names: Iterable[str]) -> dict[str, Any]:
    """Return the settings and the versions that photos with these names are decoded with."""
    settings = prepare.model_dump(mode="json", include={"image_size", "resize", "white_level"})
    return settings | decoder_versions(names)


def open_last_store(decoder: Mapping[str, Any]) -> LastStore:
    """Return the last store of the repository in the working directory, if `decoder` would decode as it was decoded."""
    try:
        return _open(decoder)
    # Whatever a missing or a damaged lock, cache or configuration raises: all can be decoded again.
    except Exception:
        return NOTHING


def _open(decoder: Mapping[str, Any]) -> LastStore:
    stage = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]["prepare"]
    deps, outs = ({file["path"]: file["md5"] for file in stage[kind]} for kind in ("deps", "outs"))
    if deps[CODE] != folder_md5(Path(readers.__file__).parent):
        return NOTHING
    cache = _cache()
    listed = json.loads(_content([cache(outs[PREPARED])], outs[PREPARED].removesuffix(".dir")))
    hashes = {file["relpath"]: file["md5"] for file in listed}

    @remember
    def files(name: str) -> list[Path]:
        return [Path(PREPARED, name), *([cache(hashes[name])] if name in hashes else [])]

    before = json.loads(_content(files(DECODER), hashes[DECODER]))
    # What only one of both has is a library for photos that the other did not have.
    if any(before[key] != decoder[key] for key in before.keys() & decoder.keys()):
        return NOTHING
    manifest = read_manifest(io.BytesIO(_content(files(MANIFEST), hashes[MANIFEST])))
    return LastStore(manifest, files, decoder["image_size"])


def _cache() -> Callable[[str], Path]:
    """Return what says where DVC's cache has the content with an MD5."""
    from dvc.config import Config  # noqa: PLC0415 - half a second, where there is no last store

    config = Config.from_cwd()
    folder = Path(config["cache"].get("dir") or Path(config.dvc_dir, "cache"), "files", "md5")
    return lambda md5: folder / md5[:2] / md5[2:]


def _content(paths: Sequence[Path], md5: str) -> bytes:
    """Return the first content that has this MD5. Raises `ValueError` where none has."""
    for path in paths:
        with suppress(OSError):
            content = path.read_bytes()
            if content_md5(content) == md5:
                return content
    raise ValueError(f"no file has the MD5 {md5}")


def folder_md5(folder: Path) -> str:
    """Return the MD5 by which DVC knows a folder of Python files."""
    listed = [
        {"md5": file_md5(path), "relpath": path.relative_to(folder).as_posix()} for path in sorted(folder.rglob("*.py"))
    ]
    return content_md5(json.dumps(listed, sort_keys=True).encode()) + ".dir"

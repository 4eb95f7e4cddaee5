"""MD5s that DVC knows: it has just hashed the files of `data.root`, to see whether they changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from specimen.data.readers.images import Images


class KnownFile(NamedTuple):
    """A file whose MD5 is known without reading it."""

    path: Path
    md5: str


def known_files(images: Images, names: Sequence[str]) -> Mapping[str, KnownFile]:
    """Return the images that DVC has hashed and that have the same inode, size and time since, by name.

    That is how DVC itself decides whether a file is as before. There are none outside of a repository of DVC.
    """
    try:
        from dvc.fs import localfs  # noqa: PLC0415 - a second, where there is no last store
        from dvc.repo import Repo  # noqa: PLC0415

        paths = {os.path.abspath(path): (name, path) for name in names if (path := images.path(name))}  # noqa: PTH100
        with Repo() as repo:
            found = list(repo.state.get_many(list(paths), localfs, {}))
        hashes = {path: md5.value for path, _, md5 in found if md5 is not None and md5.name == "md5"}
    # Whatever DVC raises, without a repository or with a damaged state: the files can be read.
    except Exception:
        return {}
    return {paths[path][0]: KnownFile(paths[path][1], md5) for path, md5 in hashes.items()}

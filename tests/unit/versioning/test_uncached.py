"""Outputs that Git keeps are those that `dvc.lock` names."""

import hashlib
from typing import Any

from specimen.versioning.errors import NotFoundError
from specimen.versioning.lock import read_lock
from specimen.versioning.uncached import differing_outputs


class Files:
    """A revision whose files are a dict."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise NotFoundError(path)
        return self.files[path]

    def yaml(self, path: str) -> dict[str, Any]:
        options = {"cache": False}
        outs = ["cached", {"good": options}, {"edited": options}, {"gone": options}, {"kept": {"persist": True}},
                {"empty": None}, {"${templated}": options}]  # fmt: skip
        return {"stages": {"evaluate": {"outs": outs}, "odd": None}}


def test_outputs_in_git_that_are_gone_or_edited_are_named() -> None:
    def out(path: str) -> dict[str, str]:
        return {"path": path, "md5": hashlib.md5(path.encode()).hexdigest()}

    outs = [out(name) for name in ("cached", "good", "edited", "gone", "kept")]
    lock = read_lock({"stages": {"evaluate": {"outs": outs}}}, "dvc.lock")
    files = Files(good=b"good", edited=b"by hand")
    assert differing_outputs(files, "dvc.yaml", lock) == (["gone"], ["edited"])

"""The stage that draws the embedded sample: whoever has other data has no use for it.

`dvc pull`, `dvc checkout` and `dvc status` look after the outputs of every stage that a repository has, and fail where
one was never made here.
"""

from pathlib import Path

import yaml

PIPELINE = Path("data/dvc.yaml")
NAME = "sample"
ADDRESS = f"{PIPELINE.as_posix()}:{NAME}"
"""What DVC calls the stage; `dvc remove` with it takes the stage out of `data/dvc.yaml` and `data/dvc.lock`."""
OUTPUT = Path("data/sample")


def is_in_the_way(root: str) -> bool:
    """Return whether the stage is there although `root`, the data, is not what it draws."""
    if OUTPUT in {Path(root), *Path(root).parents} or not PIPELINE.is_file():
        return False
    content = yaml.safe_load(PIPELINE.read_text(encoding="utf-8")) or {}
    return NAME in (content.get("stages") or {})

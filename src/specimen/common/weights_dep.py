"""The dep `${train.weights}`: the stages that train depend on the weights that they start from, if these are a file.

DVC has no condition for a dep, and names of weights (none, DEFAULT) are no files. So the line is in the pipelines only
while `train.weights` is a file; from then on it follows the param to any other file by itself.
"""

import re
from pathlib import Path

from specimen.common.files import replace_atomically
from specimen.common.weight_files import weights_file

DEP = "${train.weights}"
STAGES = {Path("dvc.yaml"): "train", Path("folds/dvc.yaml"): "fold", Path("seeds/dvc.yaml"): "seed"}
"""The stages that train, by the pipeline that they are in."""
_LINE = f"      - {DEP}\n"


def is_listed() -> bool:
    """Return whether a pipeline that is here has the line."""
    return any(DEP in path.read_text(encoding="utf-8") for path in STAGES if path.is_file())


def list_where_needed(weights: str) -> list[Path]:
    """Add the line where `weights` is a file, else take it out; return the pipelines that changed."""
    wanted = weights_file(weights) is not None
    changed = []
    for path, stage in STAGES.items():
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        after = before.replace(_LINE, "")
        if wanted:
            head = re.search(rf"^  {stage}:\n(?:    .*\n)*?    deps:\n", after, re.MULTILINE)
            after = after[: head.end()] + _LINE + after[head.end() :] if head else after
        if after != before:
            with replace_atomically(path) as aside:
                aside.write_text(after, encoding="utf-8", newline="")
            changed.append(path)
    return changed

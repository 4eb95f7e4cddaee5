"""What a stage that trains and evaluates once more must depend on: all that the stages train and evaluate do."""

from __future__ import annotations

from pathlib import Path

import yaml

from specimen.common.errors import SpecimenError
from specimen.common.stage_deps import PIPELINE


def require_deps_of_model(file: Path, stage: str) -> None:
    """Raise `SpecimenError` where train or evaluate has a dep that a stage lacks, such as a file of weights."""
    stages = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["stages"]
    own = yaml.safe_load(file.read_text(encoding="utf-8"))["stages"][stage]
    needed = {*stages["train"]["deps"], *stages["evaluate"]["deps"]}
    missing = sorted(needed.difference(own["deps"], stages["train"]["outs"]))
    if missing:
        raise SpecimenError(
            f"{file}: the stages of {PIPELINE} depend on {', '.join(missing)}, the {stage}s do not, so DVC would not "
            "notice when it changes. Add it to the deps there."
        )

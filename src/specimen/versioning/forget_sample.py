"""Let DVC forget the embedded sample, for whoever has other data."""

from __future__ import annotations

import sys

from specimen.common import sample_stage
from specimen.versioning.dvc_commands import run_dvc


def forget_sample() -> None:
    """Remove the stage that draws the sample; ends with DVC's status where it fails, which has then said why."""
    print(f"These are other data than the embedded sample, so its stage goes: dvc remove {sample_stage.ADDRESS}")
    sys.stdout.flush()
    if status := run_dvc("remove", sample_stage.ADDRESS):
        sys.exit(status)
    print(f"To have it back: git checkout params.yaml {sample_stage.PIPELINE.parent}")

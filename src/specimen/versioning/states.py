"""The words for what became of a stage."""

from typing import Literal

StageState = Literal["ran", "from cache", "unchanged"]
"""In the last `dvc repro`."""
StageOutputs = Literal["same outputs", "other outputs", "new", "gone"]
"""Against the base."""

"""What DVC and Git say of a revision, as plain values."""

from __future__ import annotations

from specimen.reporting.facts.base import Facts, Names, NotKnown, Text
from specimen.versioning.states import StageOutputs, StageState


class Reproducibility(Facts):
    """Whether somebody else can repeat this; each answer may be unknown."""

    stale: dict[Text, bool] | NotKnown
    """Stages, and whether code, params or data differ from what `dvc.lock` says."""
    not_in_remote: Names | NotKnown
    uncommitted: Names | NotKnown
    """Files that the stages write and that Git does not have as they are."""
    changed: dict[Text, StageOutputs] | NotKnown
    """How the outputs of each stage relate to the base."""
    last_run: dict[Text, StageState]
    """What became of each stage in the run before."""

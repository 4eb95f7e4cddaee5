"""What DVC and Git say of a revision, as plain values."""

from __future__ import annotations

from specimen.reporting.facts.base import Facts, Names, NotKnown, Text, Value
from specimen.versioning.states import StageOutputs, StageState


class Recomputed(Facts):
    """A metric that is not what the predictions give."""

    file: Text
    key: Text
    written: Value
    computed: float


class PinChange(Facts):
    """A package, or Python, of which another version is pinned; None where it is not pinned."""

    package: Text
    before: Text | None
    after: Text | None


class Reproducibility(Facts):
    """Whether somebody else can repeat this; each answer may be unknown."""

    stale: dict[Text, bool] | NotKnown
    """Stages, and whether code, params or data differ from what `dvc.lock` says."""
    not_in_remote: Names | NotKnown
    uncommitted: Names | NotKnown
    """Files that the stages write and that Git does not have as they are."""
    unexplained: Names | NotKnown
    """Stages with the same command, deps and params as in the base, and yet with other outputs."""
    missing: Names | NotKnown
    """Outputs that Git keeps, such as metrics, and that are not there."""
    edited: Names | NotKnown
    """Those that are not what `dvc.lock` says."""
    recomputed: tuple[Recomputed, ...] | NotKnown
    """Metrics that are not what the predictions give."""
    pins: tuple[PinChange, ...] | NotKnown
    changed: dict[Text, StageOutputs] | NotKnown
    """How the outputs of each stage relate to the base."""
    last_run: dict[Text, StageState]
    """What became of each stage in the run before."""

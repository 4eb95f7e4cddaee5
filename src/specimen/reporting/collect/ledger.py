"""What Git's history says of how often the test groups have been asked."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import pandas as pd

from specimen.reporting.facts.ledger import Ledger
from specimen.reporting.facts.verdict import Verdict
from specimen.reporting.ledger import judge_fresh_groups, keep_ledger
from specimen.reporting.revision_outputs import PREDICTIONS, RevisionOutputs
from specimen.reporting.revision_tables import read_table
from specimen.versioning.lock_history import MODEL, ModelHistory, PastModel
from specimen.versioning.revisions import Revision

STAGE = "train"


def collect_ledger(
    base: RevisionOutputs, head: RevisionOutputs, verdict: Verdict, history: Future[ModelHistory]
) -> Ledger | None:
    """Return the ledger of the base; None where no other model is judged. Raises `NotAvailableError`."""
    if verdict.word == "not comparable":
        return None
    base_model, head_model = (_model(side) for side in (base, head))
    models = history.result().models
    if head_model in {model.md5 for model in models}:
        return None
    root = base.revision.result().root
    classes = base.predictions.result().task == "classification"

    def read(model: PastModel) -> pd.DataFrame:
        return read_table(Revision(root, model.commit, model.commit[:7]), PREDICTIONS, classes=classes)

    def fresh(before: Sequence[PastModel]) -> Verdict | None:
        return judge_fresh_groups(base.predictions.result(), head.predictions.result(), verdict.metric, before, read)

    return keep_ledger(history.result(), base_model, verdict, fresh)


def _model(outputs: RevisionOutputs) -> str:
    stage = outputs.stages.result().get(STAGE)
    return stage.outputs.get(MODEL, "") if stage else ""

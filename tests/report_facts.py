"""The facts of a report in which every section has something to say."""

import math
from typing import Any

from specimen.reporting.facts.base import Names, NotKnown, first_names
from specimen.reporting.facts.changes import Change, keep_most
from specimen.reporting.facts.charts import ChartFacts, Curve, TenthMeans
from specimen.reporting.facts.data import (
    ClassShare,
    DataChanges,
    RuleCount,
    SampleChange,
    SampleChanges,
    TargetShift,
)
from specimen.reporting.facts.report import Details, GateFacts, ReportFacts
from specimen.reporting.facts.reproducibility import PinChange, Recomputed, Reproducibility
from specimen.reporting.facts.samples import SampleError, SampleErrors
from specimen.reporting.facts.verdict import Power, Verdict

CHANGE = SampleChange(name="b.jpg", before=1.5, after="healthy")
ERROR = SampleError(name="c.jpg", target=2.0, base_says=1.0, head_says=2.5, error_before=1.0, error_after=0.5)
FACTS = ReportFacts(
    base="main (1234567)",
    head="workspace (on 89abcde)",
    verdict=Verdict("better", "rmse", unit="g", before=1.0, after=0.5, difference=-0.5, low=-0.7, high=-0.3,
                    samples=40, groups=25, relabelled=1, power=Power(0.224, 0.16, 0.31, 0.1, 137, relative=True)),
    resamples=2000,
    gate=GateFacts(fault="report.x: unknown key", base_fault="report.y: no",
                   changes=("report.metric from mae to null",)),
    metrics=keep_most([
        Change(file="metrics/test.json", key="rmse", old=1.0, new=0.5, difference=-0.5),
        Change(file="metrics/test.json", key="mape", old=math.nan, new=0.5),
        Change(file="metrics/data.json", key="rows", old=3, new=4, difference=1),
    ]),
    params=keep_most([
        Change(file="params.yaml", key="data.group", old="['a']", new=None),
        Change(file="params.yaml", key="train.flip", old=True, new=False),
    ]),
    data=DataChanges(
        before=40, after=41, added=first_names(["a.jpg"]), removed=Names(),
        relabelled=SampleChanges(first=(CHANGE,), count=1), moved=SampleChanges(), replaced=first_names(["e.jpg"]),
        newly_rejected=first_names(["d.jpg"]), rejected=(RuleCount(rule="no_label", before=0, after=1),),
        shift=TargetShift(name="total variation distance", distance=0.1,
                          shares=(ClassShare(name="healthy", before=0.5, after=0.6),)),
    ),
    charts=ChartFacts(
        curves=(Curve(column="val_loss", base=(1.0, 0.5), head=(1.0, math.nan, 0.25)),), base_epochs=2, head_epochs=3,
        predictions=TenthMeans(unit="g", target=(1.0, 2.0), base=(1.5, 1.5), head=(1.0, 2.5)),
    ),
    samples=SampleErrors(task="regression", unit="g", shared=40, grew=0, fell=1, grew_most=(), fell_most=(ERROR,)),
    reproducibility=Reproducibility(
        stale={"train": True}, not_in_remote=first_names(["models/"]),
        uncommitted=NotKnown(reason="`git` did not work"),
        unexplained=first_names(["evaluate"]), missing=first_names(["metrics/test.json"]), edited=Names(),
        recomputed=(Recomputed(file="metrics/test.json", key="rmse", written=0.5, computed=5.0),),
        pins=(PinChange(package="torch", before="2.15.0", after=None),),
        changed={"train": "other outputs"}, last_run={"train": "from cache"},
    ),
    details=Details(versions={"python": "3.12.1"}, base_commit="1" * 40, head_commit="2" * 40),
)  # fmt: skip


def facts_with(**sections: Any) -> ReportFacts:
    """Return the facts with other sections."""
    return FACTS.model_copy(update=sections)

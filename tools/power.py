"""What can the test split find? `make power` says it before any pull request, from the predictions of today's model.

    python tools/power.py                   # report.metric, or the metric that chooses the epoch
    python tools/power.py --metric mae

The other model is yet to come. It is taken to be as good. The more alike the errors of both are, the smaller a change
can be found: models that differ in a param or two are more alike than two backbones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.markdown_table import markdown_table
from specimen.config.params import load_params
from specimen.evaluation.exchange_test import FEWEST_GROUPS
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import read_predictions
from specimen.reporting.expected_power import expected_power, single_model
from specimen.reporting.sections.verdict import round_count, size_of_change
from specimen.reporting.verdict import default_metric

PREDICTIONS = Path("plots/predictions.csv")
ALIKE = (0.5, 0.7, 0.9, 0.97)


def main() -> None:
    """Print which change is found in 8 of 10 cases, for several degrees of likeness."""
    parser = argparse.ArgumentParser(description="What can the test split find?")
    parser.add_argument("--metric", help="a metric of metrics/test.json; default: the one that decides")
    parser.add_argument("--predictions", type=Path, default=PREDICTIONS, help=f"default {PREDICTIONS}")
    arguments = parser.parse_args()
    params = load_params()
    metric = arguments.metric or params.report.metric or default_metric(params.data.task)
    print(table(arguments.predictions, params.data.task, metric, params.data.unit or ""))


def table(path: Path, task: str, metric: str, unit: str) -> str:
    """Return a table with a row for each degree of likeness. Raises `SpecimenError` where nothing can be said."""
    if not path.exists():
        raise SpecimenError(f"power: {path} is not there yet; `dvc repro` makes it.")
    models = single_model(read_predictions(path, classes=task == "classification"), task)
    known = [name for name in models.both()[0] if METRICS[name].may_decide and name not in models.measure.of_weights]
    if metric not in known:
        raise SpecimenError(f"power: nothing can be said of '{metric}'. {accepted_hint(metric, known)}")
    groups = len(models.shares)
    if groups < FEWEST_GROUPS:
        raise SpecimenError(f"power: test has {groups} groups; with fewer than {FEWEST_GROUPS} no change can be found.")
    rows = []
    for alike in ALIKE:
        power = expected_power(models, metric, alike)
        if power is None:
            rows.append([f"{alike:g}", "none", "-"])
            continue
        found = size_of_change(power.change, power, metric, unit)
        aim = size_of_change(power.aim, power, metric, unit)
        rows.append([f"{alike:g}", found, f"{round_count(power.groups):,} for {aim}"])
    head = ["correlation of the errors", f"change of {METRICS[metric].label} found in 8 of 10 cases", "groups it takes"]
    intro = f"The test split has {groups:,} groups. What the verdict on a pull request can find with them:"
    return f"{intro}\n\n{markdown_table(head, rows, aligned=True)}"


if __name__ == "__main__":
    errors.run_cli(main)

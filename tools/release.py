"""Fetch the model of a Git tag and check it against the metrics of that tag: `python tools/release.py model@v1.2.0`."""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from specimen.common import errors
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.markdown_table import markdown_table
from specimen.data.dataset.store import Store
from specimen.evaluation.measures import measure
from specimen.inference.load import load_predictor
from specimen.models.predictor import predict_split
from specimen.versioning.dvc_commands import run_dvc
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.parsing import parse_yaml

PIPELINE = Path("dvc.yaml")
PREPARED = Path("data/prepared")
TEST_METRICS = Path("metrics/test.json")
RELEASE = Path("release")
NOTES = RELEASE / "notes.md"
TAG = re.compile(r"(?P<name>[a-z0-9/_-]+)@(?P<version>v\d+\.\d+\.\d+)")
TOLERANCE = 0.01
"""Relative: another kind of processor rounds differently, but measures the same."""


def main() -> None:
    """Fetch the model, check it, and write the notes of the release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tag", help="name@vMAJOR.MINOR.PATCH, as `gto register` makes it")
    tag = parser.parse_args().tag
    version = TAG.fullmatch(tag)
    if not version:
        raise SpecimenError(
            f"tag: {tag!r} is not a version of a model. Accepted: name@v1.2.0, as `gto register` makes it."
        )
    model = RELEASE / artifact_file(version["name"], PIPELINE)
    RELEASE.mkdir(exist_ok=True)
    _fetch("artifacts", "get", ".", version["name"], "--rev", version["version"], "--out", str(model), "--force")
    _fetch("pull", str(PREPARED))
    compared = check(model, PREPARED, TEST_METRICS)
    NOTES.write_text(notes(compared, tag, model), encoding="utf-8")
    print(f"{model} is the model of {tag}: it measures what {TEST_METRICS} says.")


def artifact_file(name: str, pipeline: Path) -> str:
    """Return the file name of an artifact, by whose suffix it is loaded. Raises `SpecimenError` for an unknown one."""
    try:
        artifacts = parse_yaml(pipeline.read_bytes(), str(pipeline)).get("artifacts", {})
    except (OSError, NotAvailableError) as error:
        raise SpecimenError(f"{pipeline}: {error}") from error
    if name not in artifacts:
        raise SpecimenError(f"tag: {pipeline} has no artifact '{name}'. {accepted_hint(name, artifacts)}")
    return Path(artifacts[name]["path"]).name


def _fetch(*arguments: str) -> None:
    if status := run_dvc(*arguments):
        raise SpecimenError(f"`dvc {' '.join(arguments[:2])}` ended with status {status}; see above.")


def check(model: Path, prepared: Path, metrics: Path) -> pd.DataFrame:
    """Measure a model on the test split; return what is `expected` and what was `measured`, by metric.

    Raises `SpecimenError` where a metric differs: then this is not the model that the metrics are about.
    """
    compared = _compare(_measure(model, prepared), metrics)
    scale = compared.abs().max(axis=1).clip(lower=TOLERANCE)
    wrong = compared[~((compared["expected"] - compared["measured"]).abs() <= TOLERANCE * scale)]
    if compared.empty or len(wrong):
        table = (wrong if len(wrong) else compared).to_string()
        raise SpecimenError(f"{model} does not measure what {metrics} says, so it is another model:\n{table}")
    return compared


def _measure(model: Path, prepared: Path) -> dict[str, float]:
    """Return the metrics of a model on the test split."""
    predictor = load_predictor(model)
    predictions = predict_split(predictor, Store.load(prepared), "test")
    once_each = np.ones((1, len(predictions)))
    return {name: float(values[0]) for name, values in measure(predictor.task, predictions)(once_each).items()}


def _compare(measured: dict[str, float], metrics: Path) -> pd.DataFrame:
    """Return the metrics that both have, by name: as `expected` by a file of metrics, and as `measured`."""
    try:
        expected = json.loads(metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecimenError(f"{metrics}: {error}. `dvc repro` makes it.") from error
    rows = {name: (expected[name], value) for name, value in measured.items() if name in expected}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["expected", "measured"])


def notes(compared: pd.DataFrame, tag: str, model: Path) -> str:
    """Return the metrics of the test split as Markdown, and how to check a download."""
    rows = [(str(name), f"{row['expected']:.4g}", f"{row['measured']:.4g}") for name, row in compared.iterrows()]
    table = markdown_table(("metric", "metrics/test.json", "now"), rows)
    verify = f"python tools/verify.py {model.name} --rev {tag}"
    return f"Measured again on the test split:\n\n{table}\n\nTo check a download, in a clone: `{verify}`\n"


if __name__ == "__main__":
    errors.run_cli(main)

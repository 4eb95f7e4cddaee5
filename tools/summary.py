"""Print where a finished pipeline has put what, and what to try next."""

import json
from pathlib import Path
from typing import Any

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.config.params import load_params
from specimen.evaluation.summary import gain_over_features, lines

TEST_METRICS, DETAILS = Path("metrics/test.json"), Path("metrics/details.json")
NEXT = """
Look:  plots/test/          predicted against true, largest errors, curves
       data/prepared/       samples.csv, and rejected.csv with the rule that rejected each row
       models/model.pt      weights, preprocessing and class names in one file
Try:   source .venv/bin/activate
       dvc exp run -S train.epochs=2 && dvc metrics diff && dvc plots diff
       make s3              an S3 server on this machine, for dvc push and dvc pull
       README.md            your own photos in three steps"""


def main() -> None:
    """Print the metrics of the test split beside the baselines."""
    metrics = _read(TEST_METRICS) | _read(DETAILS)
    print(
        f"\nTest split, {metrics['samples']} samples of {metrics['groups']} groups: 95 % intervals, and the baselines"
    )
    print("\n".join(lines(metrics)))
    params = load_params()
    sees_pictures = params.train.backbone != "none"
    if (sentence := gain_over_features(metrics, params.data.unit, sees_pictures=sees_pictures)) is not None:
        print(f"\n{sentence}")
    print(NEXT)


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecimenError(f"{path} is not there yet; `dvc repro` makes it.") from None
    except ValueError as error:  # such as the marks of a merge conflict
        raise SpecimenError(f"{path} is no valid JSON ({error}); `dvc repro` makes it anew.") from error
    return content


if __name__ == "__main__":
    errors.run_cli(main)

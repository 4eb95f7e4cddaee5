"""Print where a finished pipeline has put what, and what to try next."""

import json
from pathlib import Path

from specimen import errors
from specimen.errors import SpecimenError

TEST_METRICS = Path("metrics/test.json")
NEXT = """
Look:  plots/test/          predicted against true, largest errors, curves
       data/prepared/       samples.csv, and rejected.csv with the rule that rejected each row
       models/model.pt      weights, preprocessing and class names in one file
Try:   source .venv/bin/activate
       dvc exp run -S train.epochs=2 && dvc metrics diff && dvc plots diff
       make s3              an S3 server on this machine, for dvc push and dvc pull
       README.md            your own photos in three steps"""


def main() -> None:
    """Print the metrics of the test split beside the baseline."""
    try:
        metrics = json.loads(TEST_METRICS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecimenError(f"{TEST_METRICS} is not there yet; `dvc repro` makes it.") from None
    except ValueError as error:  # such as the marks of a merge conflict
        raise SpecimenError(f"{TEST_METRICS} is no valid JSON ({error}); `dvc repro` makes it anew.") from error
    baseline = metrics.pop("baseline")
    print(f"\nTest split, {metrics.pop('samples')} samples:")
    for name, value in metrics.items():
        simplest = f"   (simplest guess: {baseline[name]:.4g})" if name in baseline else ""
        print(f"  {name:<18}{value:<8.4g}{simplest}")
    print(NEXT)


if __name__ == "__main__":
    errors.run(main)

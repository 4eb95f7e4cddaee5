"""Print where a finished pipeline has put what, and what to try next."""

from pathlib import Path

from specimen.common import errors
from specimen.config.base import WITHOUT_PICTURES
from specimen.config.params import load_params
from specimen.evaluation.narrow_intervals import TOO_NARROW
from specimen.evaluation.results_files import read_results
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
    """Print the metrics of the test split next to the baselines."""
    results = read_results(TEST_METRICS, DETAILS)
    scores = results.scores
    print(f"\nTest split, {scores.samples} samples of {scores.groups} groups: 95 % intervals, and the baselines")
    print("\n".join(lines(results)))
    if {"rmse", "r2"} & set(scores.intervals):
        print(TOO_NARROW)
    params = load_params()
    sees_pictures = params.train.backbone not in WITHOUT_PICTURES
    sentence = gain_over_features(results, params.data.unit, sees_pictures=sees_pictures)
    if sentence is not None:
        print(f"\n{sentence}")
    print(NEXT)


if __name__ == "__main__":
    errors.run_cli(main)

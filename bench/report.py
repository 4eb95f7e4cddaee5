"""How long the report takes beyond DVC's own diffs, both timed in turn in one run.

    python bench/report.py BASE

Compares the workspace with BASE, whose outputs must be in the cache (`dvc pull`), as must the outputs of the workspace.
DVC is started once each for params, metrics and plots, as on a command line.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
ROUNDS = 5


def seconds(*commands: list[str]) -> float:
    """Return how long the commands take, one after the other."""
    start = time.perf_counter()
    for command in commands:
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(base: str, out: str) -> None:
    """Time both in turn, and print the medians."""
    dvc = [sys.executable, "-m", "dvc"]
    diffs = [[*dvc, "params", "diff", "--json", base], [*dvc, "metrics", "diff", "--json", base],
             [*dvc, "plots", "diff", "--json", "--out", f"{out}/plots", base]]  # fmt: skip
    report = [sys.executable, "src/report.py", "--base", base, "--output", f"{out}/report.md"]
    rounds = [(seconds(*diffs), seconds(report)) for _ in range(ROUNDS)]
    theirs, ours = (median(column) for column in zip(*rounds, strict=True))
    beyond = median(report - diffs for diffs, report in rounds)
    print(f"DVC's diffs {theirs:.1f} s, report {ours:.1f} s, so {beyond:.1f} s beyond them (wanted: at most 5 s)")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], folder)

"""How long the report takes beyond DVC's own diffs, both timed in turn in one run.

    python bench/report.py          # two revisions of 10,000 test samples of 38 classes, made for this
    python bench/report.py BASE     # the workspace and BASE

The outputs of the workspace and of BASE must be in the cache (`dvc pull`). DVC is started once each for params, metrics
and plots, as on a command line. At most 5 s beyond that are wanted. How long the page with photos takes is in it; what
is made for this has no photos.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
ROUNDS = 5
TESTED, TRAINED = 10_000, 20_000
CLASSES = [f"class {number:02d}" for number in range(38)]
STAGES = {
    "prepare": {"cmd": "true", "params": ["data"], "outs": ["data/prepared"]},
    "train": {"cmd": "true", "deps": ["data/prepared"], "params": ["train"], "outs": ["models/model.pt"]},
    "evaluate": {
        "cmd": "true",
        "deps": ["data/prepared", "models/model.pt"],
        "outs": [
            "plots/predictions.csv",
            {"metrics/test.json": {"cache": False}},
            {"metrics/details.json": {"cache": False}},
        ],
    },
}
"""Their outputs are written by `write_outputs` and committed, so none of them ever runs."""


def main() -> None:
    """Time both in turn, and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) == 2:
            time_report(ROOT, sys.argv[1], Path(folder))
        else:
            make_repository(Path(folder, "repository"))
            time_report(Path(folder, "repository"), "main", Path(folder))


def time_report(repository: Path, base: str, out: Path) -> None:
    """Print how long DVC's diffs and the report of a repository take."""
    dvc = [sys.executable, "-m", "dvc"]
    diffs = [[*dvc, "params", "diff", "--json", base], [*dvc, "metrics", "diff", "--json", base],
             [*dvc, "plots", "diff", "--json", "--out", str(out / "plots"), base]]  # fmt: skip
    report = [sys.executable, str(ROOT / "src/report.py"), "--base", base, "--output", str(out / "report.md")]
    rounds = [(seconds(repository, *diffs), seconds(repository, report)) for _ in range(ROUNDS)]
    theirs, ours = (median(column) for column in zip(*rounds, strict=True))
    beyond = median(report - diffs for diffs, report in rounds)
    print((out / "report.md").read_text(encoding="utf-8").splitlines()[0])
    print(f"DVC's diffs {theirs:.1f} s, report {ours:.1f} s, so {beyond:.1f} s beyond them (wanted: at most 5 s)")


def seconds(folder: Path, *commands: list[str]) -> float:
    """Return how long the commands take, one after the other."""
    start = time.perf_counter()
    for command in commands:
        run(folder, *command)
    return time.perf_counter() - start


def make_repository(folder: Path) -> None:
    """Make a repository with a base on main, and a better model on another branch."""
    folder.mkdir()
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "config", "user.name", "Bench")
    run(folder, "git", "config", "user.email", "bench@example.com")
    run(folder, sys.executable, "-m", "dvc", "init", "--quiet")
    plot = {"template": "confusion", "x": "prediction", "y": "target"}
    content = {
        "stages": STAGES,
        "metrics": ["metrics/test.json", "metrics/details.json"],
        "plots": [{"plots/predictions.csv": plot}],
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    commit(folder, signal=3.0)
    run(folder, "git", "checkout", "--quiet", "-b", "better")
    commit(folder, signal=3.3)


def commit(folder: Path, signal: float) -> None:
    """Commit a revision whose model knows the classes so well."""
    params = {"data": {"task": "classification", "target": "class", "group": ["plant"]}, "train": {"signal": signal}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    write_outputs(folder, signal)
    run(folder, sys.executable, "-m", "dvc", "commit", "--force", "--quiet")
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--message", "A model")


def write_outputs(folder: Path, signal: float) -> None:
    """Write what the stages would have written."""
    for name in ("data/prepared", "models", "plots", "metrics"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    count = TESTED + TRAINED
    numbers = np.arange(count)
    target = numbers // 2 % len(CLASSES)
    samples = pd.DataFrame({
        "row": numbers + 2, "image": [f"photo {number}.jpg" for number in numbers], "group": numbers // 2,
        "split": np.where(numbers < TESTED, "test", "train"), "target": np.array(CLASSES)[target],
    })  # fmt: skip
    samples.to_csv(folder / "data/prepared/samples.csv", index=False)
    pd.DataFrame(columns=["row", "image", "rule", "value"]).to_csv(folder / "data/prepared/rejected.csv", index=False)
    (folder / "models/model.pt").write_text(str(signal))
    random = np.random.default_rng(int(10 * signal))
    logits = random.normal(size=(TESTED, len(CLASSES))) + signal * np.eye(len(CLASSES))[target[:TESTED]]
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = logits.argmax(axis=1)
    columns = {f"p: {name}": chances[:, index] for index, name in enumerate(CLASSES)}
    predictions = samples[:TESTED].assign(
        prediction=np.array(CLASSES)[predicted], confidence=chances.max(axis=1), **columns
    )
    predictions.to_csv(folder / "plots/predictions.csv", index=False, float_format="%.6g")
    accuracy = float(np.mean(predicted == target[:TESTED]))
    (folder / "metrics/test.json").write_text(json.dumps({"accuracy": accuracy, "samples": TESTED}))
    details = {"interval": {"accuracy": {"low": accuracy - 0.01, "high": accuracy + 0.01}}}
    (folder / "metrics/details.json").write_text(json.dumps(details))


def run(folder: Path, *command: str) -> None:
    """Run a command in a folder, without what it says."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    main()

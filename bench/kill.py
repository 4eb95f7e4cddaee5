"""Kill a training ten times at random moments, start it again each time, and compare with a run that was left alone.

    python bench/kill.py            # some minutes; another seed: python bench/kill.py 2

Works in a temporary folder, on the sample drawn small.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
KILLS = 10
LATEST = 2.0
"""Seconds after the first line: on a quiet machine some epochs, on a busy one the first of them."""
OUTPUTS = ("models/model.pt", "plots/history.csv")
TINY = {
    "sample": {"plants": 40, "image_size": 48},
    "prepare": {"image_size": 32},
    "train": {
        "epochs": 200,
        "threads": 1,
        "batch_size": 8,
        "backbone": "mobilenet_v3_small",
        "features": ["age_days"],
        "ema": 0.9,
    },
}


def stage(name: str, folder: Path) -> "subprocess.Popen[str]":
    """Start a stage in the folder."""
    command = [sys.executable, str(ROOT / "src" / f"{name}.py")]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(name: str, folder: Path) -> str:
    """Run a stage to its end; return what it printed."""
    process = stage(name, folder)
    said = process.communicate()[0]
    if process.returncode:
        sys.exit(said)
    return said


def kill_at(moment: float, folder: Path) -> str:
    """Start the training and kill it `moment` seconds after its first line; return the last line that it printed."""
    process = stage("train", folder)
    assert process.stdout is not None
    first = process.stdout.readline()  # which model on which machine: the next thing is an epoch
    time.sleep(moment)
    if process.poll() is not None:
        sys.exit("the training ended before it could be killed; give it more epochs")
    process.kill()
    return [first, *process.communicate()[0].splitlines()][-1].strip()


def main(folder: Path, seed: int) -> None:
    """Prepare, train once in one go and once with kills, and compare."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, values in TINY.items():
        params[section] |= values
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    finish("sample", folder)
    finish("prepare", folder)
    finish("train", folder)
    whole = [(folder / name).read_bytes() for name in OUTPUTS]
    shutil.rmtree(folder / "models")
    shutil.rmtree(folder / "plots")

    moments = random.Random(seed)
    for number in range(1, KILLS + 1):
        moment = moments.uniform(0, LATEST)
        print(f"kill {number} after {moment:.2f} s: {kill_at(moment, folder)}", flush=True)
    print("last run:", finish("train", folder).splitlines()[1])
    same = [(folder / name).read_bytes() for name in OUTPUTS] == whole
    left = sorted(path.name for path in (folder / "models").iterdir())
    print(f"{' and '.join(OUTPUTS)} are {'the same bytes' if same else 'DIFFERENT'}; in models: {', '.join(left)}")
    sys.exit(not same)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made), int(sys.argv[1]) if sys.argv[1:] else 1)

"""What a collection that grows costs: prepare, commit and push of what is new, against all of it.

    python bench/grow.py            # 2,000 photos, a few minutes
    python bench/grow.py 20000      # so many photos
    python bench/grow.py 2000 kill  # or one part, after the first run

Photos of 1600 x 1200 in ten batches are made in a temporary folder, two of each plant, and go through `dvc repro`.
first     all photos
again     nothing has changed: what DVC itself takes to see that
append    one more batch of 1 %: limits are 0.15 of the time of prepare and 3 % of the bytes
change    another split, then another rule: 0.15 of the time, and no new pictures
replace   other photos of ten plants: 6 % of the bytes
kill      prepare is killed ten times, then `dvc repro`: the same `dvc.lock`
read      batches for training, augmented as the sample's or not, from shards against one mapped file: 0.98
train     from the start of a process to the end of the first step
predict   a tenth of the photos

Each time is given as seconds that pass and as seconds of the processor, which other programs disturb less. Peak memory
is that of the process alone, without the files that the system keeps in memory for it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import boto3
import numpy as np
import pandas as pd
import yaml
from PIL import Image

from specimen.config.train import Augment
from specimen.data.dataset.meta import DatasetMeta
from specimen.data.dataset.store import Store
from specimen.models.meta import ModelMeta, TrainingFacts
from specimen.models.model import make_model, save_model
from specimen.models.task import Regression
from specimen.training.batches import SampleUse, TabularArrays
from specimen.training.datasets import PictureDataset
from specimen.training.transforms import train_transform

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tools"))
import s3  # noqa: E402

SIZE, BATCHES, KILLS, ROUNDS = 128, 10, 10, 15
BACKBONE = "shufflenet_v2_x0_5"
SCENES, TOGETHER = 12, 5
"""Photos that strips are taken from, and how many strips of one follow each other."""
PUSHED = 20_000
"""Photos up to which the store is pushed: the server keeps it in memory."""
TIMED = """
import json, re, runpy, sys, threading, time
start = time.perf_counter()
sizes = []

def watch():
    while True:
        sizes.append(int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
        time.sleep(0.05)

threading.Thread(target=watch, daemon=True).start()
sys.path.insert(0, "src")
script, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_path(script, run_name="__main__")
finally:
    json.dump([time.perf_counter() - start, time.process_time(), max(sizes)], open("timed.json", "w"))
"""
"""Runs a script, and writes down its seconds, those of the processor, and its most MB of memory."""
FIRST_STEP = """
import sys
from pathlib import Path
from specimen.config.train import Train
from specimen.data.dataset.store import Store
from specimen.training.compute import pick_compute
from specimen.training.setup import set_up_training
train = Train(backbone=sys.argv[1], epochs=1)
compute = pick_compute("cpu", "fp32", train.backbone)
setup = set_up_training(Store.load(Path("data/prepared")), train, compute)
batch = compute.move(next(iter(setup.loaders.train)))
setup.task.loss(setup.model.train()(batch.inputs, batch.features), batch.targets).backward()
"""
PARAMS = {
    "data": {
        "root": "raw", "task": "regression", "table": "*/labels.csv", "images": ".", "image_column": "photo",
        "target": "weight", "group": ["plant"],
    },
    "prepare": {"image_size": SIZE, "rules": {"low_contrast": {"min_range": 1}}},
    "split": {"seed": 1},
}  # fmt: skip
AUGMENT = Augment.model_validate(yaml.safe_load((ROOT / "params.yaml").read_text())["train"]["augment"])


def strips() -> tuple[bytes, list[list[bytes]]]:
    """Return how a JPEG file begins, and of some photos the strips of 16 rows that they are compressed in.

    Strips begin with a clean slate, so that any of them, one below the other, are a photo. It has the noise of several
    grains that a photograph has, and takes as long to decode, but next to no time to make.
    """
    rng = np.random.default_rng(0)
    begin, made = b"", []
    for _ in range(SCENES):
        grains = [rng.integers(0, 255, (1200 // grain, 1600 // grain, 3), dtype=np.uint8) for grain in (4, 16, 80)]
        grown = [np.asarray(Image.fromarray(grain).resize((1600, 1200), Image.Resampling.BICUBIC)) for grain in grains]
        drawn = (np.mean(grown, axis=0) + rng.integers(0, 128, 3)) / 1.5
        file = io.BytesIO()
        Image.fromarray(drawn.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=88, restart_marker_rows=1)
        start = file.getvalue().index(b"\xff\xda") + 14  # the header of the scan, of three colours
        begin = file.getvalue()[:start]
        made.append(re.split(rb"\xff[\xd0-\xd7]", file.getvalue()[start:-2]))
    return begin, made


BEGIN, STRIPS = strips()


def draw(path: Path, seed: int) -> None:
    """Make one photo: strips of several, `TOGETHER` from the same one."""
    rng = np.random.default_rng(seed)
    rows = len(STRIPS[0])
    scenes, starts = rng.integers(SCENES, size=rows), rng.integers(rows, size=rows)
    chosen = [STRIPS[scenes[row // TOGETHER]][(starts[row // TOGETHER] + row) % rows] for row in range(rows)]
    parts = [part for row, strip in enumerate(chosen) for part in (strip, bytes((0xFF, 0xD0 + row % 8)))]
    path.write_bytes(BEGIN + b"".join(parts[:-1]) + b"\xff\xd9")


def draw_batch(folder: Path, first: int, count: int) -> None:
    """Draw photos `first` to `first + count` and their sheet."""
    folder.mkdir(parents=True)
    numbers = range(first, first + count)
    for number in numbers:
        draw(folder / f"{number:06}.jpg", number)
    sheet = {"photo": [f"{number:06}.jpg" for number in numbers], "plant": [number // 2 for number in numbers]}
    pd.DataFrame(sheet).assign(weight=[1 + number // 2 % 97 for number in numbers]).to_csv(folder / "labels.csv")


def write_params(**sections: object) -> None:
    """Write params.yaml: `PARAMS`, but for these sections."""
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS | sections))


def dvc(*words: str) -> str:
    """Run DVC; return what it printed."""
    done = subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def make_project(photos: int) -> None:
    """Make a repository of DVC in the working directory, with the stage prepare of this one."""
    dvc("init", "--no-scm", "--quiet")
    shutil.copytree(ROOT / "src", "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".dvcignore", ".dvcignore")
    Path("timed.py").write_text(TIMED)
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["prepare"] | {
        "cmd": "python timed.py src/prepare.py"
    }
    stage["deps"].remove("data/validated.json")
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"prepare": stage}}))
    write_params()
    for batch in range(BATCHES):
        draw_batch(Path(f"raw/week-{batch:02}"), batch * photos // BATCHES, photos // BATCHES)


def cached() -> dict[Path, int]:
    """Return the bytes of each object in DVC's cache: what a push sends of it."""
    return {path: path.stat().st_size for path in Path(".dvc/cache/files/md5").rglob("*") if path.is_file()}


class Cost:
    """What the script cost that `timed.py` has run last."""

    def __init__(self) -> None:
        self.seconds, self.processor, self.peak = json.loads(Path("timed.json").read_text())

    def __str__(self) -> str:
        """Return it for the screen."""
        return f"{self.seconds:.1f} s, {self.processor:.1f} s of the processor, at most {self.peak:.0f} MB"


class Run:
    """One `dvc repro`, and what it cost."""

    def __init__(self) -> None:
        before = cached()
        start, used = time.perf_counter(), children()
        said = dvc("repro")
        self.total, self.processor = time.perf_counter() - start, children() - used
        self.prepare = Cost()
        new = {path: size for path, size in cached().items() if path not in before}
        self.bytes = sum(new.values())
        self.pictures = sum(size for path, size in new.items() if path.open("rb").read(6) == b"\x93NUMPY")
        self.decoded = next(line for line in said.splitlines() if " decoded, " in line)

    def against(self, first: Run, name: str) -> None:
        """Print this run as shares of the first."""
        cost, whole = self.prepare, first.prepare
        print(
            f"{name}: prepare {cost}: {cost.seconds / whole.seconds:.3f} and {cost.processor / whole.processor:.3f} of "
            f"the first; dvc repro {self.total:.1f} s, {self.processor:.1f} of the processor: "
            f"{self.total / first.total:.3f} and {self.processor / first.processor:.3f}; new bytes "
            f"{self.bytes / first.bytes:.2%}, of pictures {self.pictures / first.pictures:.2%}; {self.decoded}",
            flush=True,
        )


def children() -> float:
    """Return the seconds of the processor that programs which were started here have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def push(name: str, endpoint: str) -> None:
    """Push what is new, and print how many bytes the server has got."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    pages = client.get_paginator("list_objects_v2")

    def stored() -> int:
        return sum(entry["Size"] for page in pages.paginate(Bucket=s3.BUCKET) for entry in page.get("Contents", ()))

    before = stored()
    start = time.perf_counter()
    dvc("push")
    print(f"{name}: pushed {(stored() - before) / 1e6:.2f} MB in {time.perf_counter() - start:.1f} s", flush=True)


def again(first: Run, photos: int) -> None:
    """Nothing has changed."""
    start, used = time.perf_counter(), children()
    dvc("repro")
    print(f"again: dvc repro {time.perf_counter() - start:.1f} s, {children() - used:.1f} of the processor", flush=True)


def append(first: Run, photos: int) -> None:
    """One more batch of 1 %."""
    draw_batch(Path("raw/week-99"), photos, photos // 100)
    Run().against(first, "append")


def change(first: Run, photos: int) -> None:
    """Another split, then another rule."""
    write_params(split={"seed": 2})
    Run().against(first, "split")
    write_params(prepare={"image_size": SIZE, "rules": {"low_contrast": {"min_range": 205}}})
    Run().against(first, "rule")
    write_params()
    Run()


def replace(first: Run, photos: int) -> None:
    """Other photos of ten plants."""
    for plant in random.Random(0).sample(range(photos // 2), 10):
        for number in (2 * plant, 2 * plant + 1):
            draw(next(Path("raw").glob(f"*/{number:06}.jpg")), 10**6 + number)
    Run().against(first, "replace")


def kill(first: Run, photos: int) -> None:
    """Kill prepare at ten moments, each time with all to decode, and run it again."""
    moments = random.Random(1)
    lock = Path("dvc.lock").read_bytes()
    for _ in range(KILLS):
        command = [sys.executable, "src/prepare.py", "--clean"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(moments.uniform(0, first.prepare.seconds))
            process.kill()
        dvc("repro", "--force")
        if Path("dvc.lock").read_bytes() != lock:
            sys.exit("kill: the outputs are DIFFERENT")
    print(f"kill: {KILLS} times, the same bytes", flush=True)


def read(first: Run, photos: int) -> None:
    """Read batches for training, of files that are copied again for each round.

    Where the system keeps a copy in memory makes one or the other up to 40 % slower, for as long as it stays there.
    """
    transforms = {"augmented": train_transform(AUGMENT), "not augmented": None}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in transforms}
    for _ in range(ROUNDS):
        shutil.rmtree("copy", ignore_errors=True)
        shutil.copytree("data/prepared", "copy")
        stored = Store.load(Path("copy")).images
        np.save("one.npy", stored[:])
        for name, transform in transforms.items():
            both = [PictureDataset(i, no_columns(len(i)), transform, 1) for i in (stored, np.load("one.npy", "r"))]
            for _ in range(2):  # the first time the files are mapped
                seconds = seconds_of_reading(both[0]), seconds_of_reading(both[1])
            times[name].append(seconds)
    for name, pairs in times.items():
        microseconds = [1e6 * median(side) for side in zip(*pairs, strict=True)]
        ratio = median(one / shards for shards, one in pairs)
        print(f"read, {name}: {microseconds[0]:.1f} us a picture, {microseconds[1]:.1f} of one file: {ratio:.3f}")


def no_columns(count: int) -> TabularArrays:
    """Return tables without features."""
    return TabularArrays(np.empty((count, 0), np.float32), np.zeros(count, np.float32))


def seconds_of_reading(dataset: PictureDataset) -> float:
    """Return seconds a picture, of this process alone: the difference is a percent."""
    order = np.random.default_rng(0).permutation(len(dataset.images))[: 32 * min(60, len(dataset.images) // 32)]
    start = time.process_time()
    for batch in order.reshape(-1, 32).tolist():
        dataset[[SampleUse(1, row) for row in batch]]
    return (time.process_time() - start) / len(order)


def timed(script: str, *words: str) -> Cost:
    """Run a script in a process of its own."""
    done = subprocess.run([sys.executable, "timed.py", script, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return Cost()


def train(first: Run, photos: int) -> None:
    """Load the store as train does, and do the first step."""
    Path("first_step.py").write_text(FIRST_STEP)
    print(f"train, first step: {timed('first_step.py', BACKBONE)}", flush=True)


def predict(first: Run, photos: int) -> None:
    """Predict a tenth of the photos, with a model of random weights."""
    meta = json.loads(Path("data/prepared/meta.json").read_text())
    facts = ModelMeta(
        dataset=DatasetMeta.read(meta, "data/prepared", ""), task=Regression(1.0, 0.5, "log1p", "mse"),
        backbone=BACKBONE, training=TrainingFacts(params={}, precision="fp32"),
    )  # fmt: skip
    save_model(Path("model.pt"), make_model(BACKBONE, 1, SIZE), facts)
    cost = timed("src/predict.py", "raw/week-00", "--model", "model.pt", "--output", "predictions.csv")
    print(f"predict, {photos // BATCHES:,} photos: {cost}", flush=True)


PARTS: dict[str, Callable[[Run, int], None]] = {
    "again": again, "append": append, "change": change, "replace": replace, "kill": kill, "read": read, "train": train,
    "predict": predict,
}  # fmt: skip


def main(photos: int, parts: list[str]) -> None:
    """Draw, prepare, and measure the parts one after the other."""
    start = time.perf_counter()
    make_project(photos)
    print(f"{photos} photos drawn in {time.perf_counter() - start:.0f} s", flush=True)
    with s3.serve() as endpoint, s3.point_dvc_at(endpoint):
        first = Run()
        first.against(first, "first")
        for name in ["first", *parts]:
            if name != "first":
                PARTS[name](first, photos)
            if photos <= PUSHED and name in ("first", "append", "replace"):
                push(name, endpoint)


if __name__ == "__main__":
    os.environ |= {"DVC_NO_ANALYTICS": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    words = sys.argv[1:]
    wanted = int(words.pop(0)) if words and words[0].isdigit() else 2_000
    with tempfile.TemporaryDirectory() as made, contextlib.chdir(made):
        os.environ["PYTHONPATH"] = str(Path(made, "src"))
        main(wanted, words or list(PARTS))

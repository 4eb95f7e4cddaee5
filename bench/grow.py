"""What a collection that grows costs: prepare, commit and push of what is new, against all of it.

    python bench/grow.py            # 2,000 photos, a few minutes
    python bench/grow.py 20000      # so many photos; without the push, for the server keeps all in memory
    python bench/grow.py 2000 kill  # or one part, after the first run: append, change, replace, kill, read

Photos of 1600 x 1200 in ten batches are drawn into a temporary folder, two of each plant, and go through `dvc repro`.
first     all photos
append    one more batch of 1 %: limits are 0.15 of the time of prepare and 3 % of the bytes
change    another split, then another rule: 0.15 of the time, and no new pictures
replace   other photos of ten plants: 6 % of the bytes
kill      prepare is killed ten times, then `dvc repro`: the same `dvc.lock`
read      batches for training, augmented as the sample's or not, from shards against one mapped file: 0.98
"""

from __future__ import annotations

import contextlib
import json
import os
import random
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

from specimen.common.prefetch import prefetch_map
from specimen.config.train import Augment
from specimen.data.dataset.store import Store
from specimen.training.batches import SampleUse, TabularArrays
from specimen.training.datasets import PictureDataset
from specimen.training.transforms import train_transform

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tools"))
import s3  # noqa: E402

SIZE, BATCHES, KILLS, ROUNDS = 128, 10, 10, 5
PUSHED = 4_000
"""Photos up to which they are pushed."""
TIMED = """
import json, resource, runpy, sys, time
start = time.perf_counter()
sys.path.insert(0, "src")
runpy.run_path("src/prepare.py", run_name="__main__")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
json.dump([time.perf_counter() - start, peak], open("timed.json", "w"))
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


def scenes() -> list[np.ndarray]:
    """Return photos with the detail of a photograph, noise of several grains, to cut other photos from."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(4):
        grains = [rng.integers(0, 255, (2400 // grain, 3200 // grain, 3), dtype=np.uint8) for grain in (4, 16, 64)]
        grown = [np.asarray(Image.fromarray(grain).resize((3200, 2400), Image.Resampling.BICUBIC)) for grain in grains]
        made.append(np.mean(grown, axis=0).astype(np.uint8))
    return made


SCENES = scenes()


def draw(path: Path, seed: int) -> None:
    """Draw one photo."""
    rng = np.random.default_rng(seed)
    top, left = rng.integers(1200), rng.integers(1600)
    cut = SCENES[rng.integers(len(SCENES))][top : top + 1200, left : left + 1600]
    turned = np.rot90(cut[:, :, rng.permutation(3)], 2 * rng.integers(2)) // 2 + rng.integers(0, 128, 3, np.uint8)
    Image.fromarray(turned.astype(np.uint8)).save(path, "JPEG", quality=88)


def draw_batch(folder: Path, first: int, count: int) -> None:
    """Draw photos `first` to `first + count` and their sheet."""
    folder.mkdir(parents=True)
    numbers = range(first, first + count)
    list(prefetch_map(lambda number: draw(folder / f"{number:06}.jpg", number), numbers))
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
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["prepare"] | {"cmd": "python timed.py"}
    stage["deps"].remove("data/validated.json")
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"prepare": stage}}))
    write_params()
    for batch in range(BATCHES):
        draw_batch(Path(f"raw/week-{batch:02}"), batch * photos // BATCHES, photos // BATCHES)


def cached() -> dict[Path, int]:
    """Return the bytes of each object in DVC's cache: what a push sends of it."""
    return {path: path.stat().st_size for path in Path(".dvc/cache/files/md5").rglob("*") if path.is_file()}


class Run:
    """One `dvc repro`, and what it cost."""

    def __init__(self) -> None:
        before = cached()
        start = time.perf_counter()
        said = dvc("repro")
        self.total = time.perf_counter() - start
        self.prepare, self.peak = json.loads(Path("timed.json").read_text())
        new = {path: size for path, size in cached().items() if path not in before}
        self.bytes = sum(new.values())
        self.pictures = sum(size for path, size in new.items() if path.open("rb").read(6) == b"\x93NUMPY")
        self.decoded = next(line for line in said.splitlines() if " decoded, " in line)

    def against(self, first: Run, name: str) -> None:
        """Print this run as shares of the first."""
        print(
            f"{name}: prepare {self.prepare:.1f} s, {self.prepare / first.prepare:.3f} of the first; dvc repro "
            f"{self.total:.1f} s, {self.total / first.total:.3f}; new bytes {self.bytes / first.bytes:.2%}, of "
            f"pictures {self.pictures / first.pictures:.2%}; {self.decoded}; peak {self.peak:.0f} MB",
            flush=True,
        )


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


def append(first: Run, photos: int) -> None:
    """One more batch of 1 %."""
    draw_batch(Path("raw/week-99"), photos, photos // 100)
    Run().against(first, "append")


def change(first: Run, photos: int) -> None:
    """Another split, then another rule."""
    write_params(split={"seed": 2})
    Run().against(first, "split")
    write_params(prepare={"image_size": SIZE, "rules": {"low_contrast": {"min_range": 180}}})
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
            time.sleep(moments.uniform(0, first.prepare))
            process.kill()
        dvc("repro", "--force")
        if Path("dvc.lock").read_bytes() != lock:
            sys.exit("kill: the outputs are DIFFERENT")
    print(f"kill: {KILLS} times, the same bytes", flush=True)


def read(first: Run, photos: int) -> None:
    """Read batches for training."""
    stored = Store.load(Path("data/prepared")).images
    np.save("one.npy", stored[:])
    mapped = np.load("one.npy", mmap_mode="r")
    rows = np.random.default_rng(0).permutation(len(stored))[: 32 * min(60, len(stored) // 32)].reshape(-1, 32)
    columns = TabularArrays(np.empty((len(stored), 0), np.float32), np.zeros(len(stored), np.float32))
    for name, transform in {"augmented": train_transform(AUGMENT), "not augmented": None}.items():
        sets = {kind: PictureDataset(images, columns, transform, 1) for kind, images in (("s", stored), ("m", mapped))}

        def seconds(dataset: PictureDataset) -> float:
            start = time.process_time()  # of this process alone: the difference is a percent
            for batch in rows:
                dataset[[SampleUse(1, int(row)) for row in batch]]
            return time.process_time() - start

        seconds(sets["s"]), seconds(sets["m"])
        times = [(seconds(sets["s"]), seconds(sets["m"])) for _ in range(ROUNDS)]
        ratio = median(one / shards for shards, one in times)
        print(f"read, {name}: {rows.size / median(s for s, _ in times):.0f} pictures/s, {ratio:.3f} of one file")


PARTS: dict[str, Callable[[Run, int], None]] = {
    "append": append, "change": change, "replace": replace, "kill": kill, "read": read,
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

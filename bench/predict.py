"""How fast `src/predict.py` and evaluate predict, compared in one run with the limit of the machine.

    python bench/predict.py            # all, some minutes
    python bench/predict.py files      # or one of: files, store, onnx, memory

Photos are drawn into a temporary folder; the model is a resnet18 with random weights, as fast as a trained one.
Bare decoding: all cores, at the smallest scale that JPEG offers, nothing kept.
Bare forward: batches in memory, nothing read.
On a CPU both need the same cores, so the limit is their sum; with a GPU it is the longer of the two. Ratios are medians
over interleaved rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from PIL import Image

from specimen.common.cores import available_cores
from specimen.common.files import replace_atomically
from specimen.common.memory import keep_freed_memory
from specimen.data.dataset.shards import IMAGES, MANIFEST, open_shards, read_manifest
from specimen.inference.batch_prediction import predict_files
from specimen.inference.feature_table import unknown_features
from specimen.inference.inputs import Input, find_inputs
from specimen.inference.load import load_predictor
from specimen.inference.writers import open_writer
from specimen.models.device import pick_device, pick_precision
from specimen.models.model import load_model, make_model, save_model
from specimen.models.network import Precision
from specimen.models.predictor import Predictor
from specimen.onnx.export import to_onnx
from specimen.onnx.small import to_fp16, to_int8

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import builders

GPU = torch.cuda.is_available()
PHOTOS = int(os.environ.get("PHOTOS", "4096" if GPU else "256"))
ROUNDS = 3


def draw(folder: Path, count: int, width: int, height: int) -> list[Input]:
    """Draw JPEG photos with the detail of a photograph: noise of several grains."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    layers = [rng.integers(0, 255, (height // grain + 1, width // grain + 1, 3), dtype=np.uint8) for grain in (4, 64)]
    grown = [np.asarray(Image.fromarray(layer).resize((width, height), Image.Resampling.BICUBIC)) for layer in layers]
    scene = np.mean(grown, axis=0).astype(np.uint8)
    for number in range(count):
        shifted = np.roll(scene, rng.integers(0, width, 2), axis=(0, 1))
        Image.fromarray(shifted).save(folder / f"{number:06}.jpg", quality=90)
    return find_inputs([str(folder)]).photos


def write_model(path: Path, size: int) -> Path:
    """Write a model for pictures of `size` pixels."""
    meta = builders.model_meta(dataset=builders.dataset_meta(image_size=size), backbone="resnet18")
    save_model(path, make_model("resnet18", meta.task.num_outputs, size), meta)
    return path


def bare_decode(inputs: Sequence[Input], size: int) -> None:
    """Decode all files, and keep nothing."""

    def decode(item: Input) -> None:
        with Image.open(item.name) as image:
            image.draft("RGB", (size, size))
            image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(decode, inputs))


def bare_forward(model_path: Path, precision: str, count: int, batch: int) -> Callable[[], None]:
    """Return a function that puts `count` pictures through the network, the same batch again and again."""
    device = pick_device("auto")
    model, meta = load_model(model_path)
    model = model.to(device)
    kind = pick_precision(precision, device)
    size = meta.image_size
    images = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8).to(device).permute(0, 3, 1, 2)
    low = kind != torch.float32

    @torch.inference_mode()
    def run() -> None:
        with torch.autocast(device.type, dtype=kind if low else None, enabled=low):
            for start in range(0, count, batch):
                logits = model(images[: count - start])
        logits.float().cpu()

    return run


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Return the seconds of each way, over rounds in which all take turns, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            took = seconds(way)
            if turn:
                times[name].append(took)
    return times


def files(tmp: Path) -> None:
    """`src/predict.py` from image files to a table, against bare decoding and bare forward."""
    inputs = draw(tmp / "photos", PHOTOS, 816, 612)
    samples = unknown_features(len(inputs), {})
    cases: list[tuple[int, Precision]] = [(224, "fp32"), (224, "auto"), (96, "auto")]
    for size, precision in cases:
        path = write_model(tmp / "model.pt", size)
        predictor = load_predictor(path, precision)
        times = interleaved(
            {
                "predict": partial(predict, predictor, inputs, samples, tmp / "out.csv"),
                "decode": partial(bare_decode, inputs, size),
                "forward": bare_forward(path, precision, len(inputs), predictor.batch_size),
            }
        )
        together = max if GPU else sum
        limits = [together(pair) for pair in zip(times["decode"], times["forward"], strict=True)]
        share = median(limit / took for limit, took in zip(limits, times["predict"], strict=True))
        rates = ", ".join(f"{name} {len(inputs) / median(took):.0f}/s" for name, took in times.items())
        print(f"files of 816 x 612 at {size} px, {precision}: {rates}; predict is {share:.2f} of the limit", flush=True)


def predict(predictor: Predictor, inputs: list[Input], samples: pd.DataFrame, out: Path) -> None:
    """Do what `src/predict.py` does, without its command line and its bar."""
    with replace_atomically(out) as aside, open_writer(aside, out.suffix) as write:
        for table in predict_files(predictor, inputs, samples):
            write(table)


def store(tmp: Path) -> None:
    """`Predictor.predict` on a packed store, as evaluate calls it, against the bare forward."""
    count, size = PHOTOS, 224
    images = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    builders.write_pictures(tmp, images)
    manifest = read_manifest(tmp / MANIFEST)
    rows = np.arange(count)
    stored = open_shards(tmp / IMAGES, manifest["shard"], manifest["position"], rows, images.shape[1:])[rows]
    path = write_model(tmp / "model.pt", size)
    precisions: list[Precision] = ["fp32", "auto"]
    for precision in precisions:
        predictor = load_predictor(path, precision)
        ways: dict[str, Callable[[], object]] = {
            "predict": partial(predictor.predict, stored, pd.DataFrame(index=range(count))),
            "forward": bare_forward(path, precision, count, predictor.batch_size),
        }
        times = interleaved(ways)
        share = median(a / b for a, b in zip(times["forward"], times["predict"], strict=True))
        rates = ", ".join(f"{name} {count / median(took):.0f}/s" for name, took in times.items())
        print(f"store at {size} px, {precision}: {rates}; predict is {share:.2f} of the bare forward", flush=True)


def onnx(tmp: Path) -> None:
    """The files of `export` against `model.pt`, all on the CPU, from pictures in memory."""
    images = np.random.default_rng(0).integers(0, 256, (128, 224, 224, 3), dtype=np.uint8)
    path = write_model(tmp / "model.pt", 224)
    model, meta = load_model(path)
    exact = to_onnx(model, meta)
    files = {
        "onnx": exact,
        "fp16.onnx": to_fp16(exact, meta),
        "int8.onnx": to_int8(exact, meta, [{"images": images[:16]}]),
    }
    for kind, content in files.items():
        (tmp / f"model.{kind}").write_bytes(content)
    nothing = pd.DataFrame(index=range(len(images)))
    loaded = {kind: load_predictor(tmp / f"model.{kind}") for kind in ("pt", *files)}
    times = interleaved({kind: partial(one.logits, images, nothing) for kind, one in loaded.items()})
    rates = ", ".join(f"model.{kind} {len(images) / median(took):.0f}/s" for kind, took in times.items())
    print(f"pictures of 224 px: {rates}", flush=True)


CHILD = """
import json, resource, sys
sys.path[:0] = {paths!r}
from pathlib import Path
import predict as bench
bench.keep_freed_memory()
inputs = (bench.find_inputs([{folder!r}]).photos * {count})[:{count}]
predictor = bench.load_predictor(Path({model!r}))
bench.predict(predictor, inputs, bench.unknown_features({count}, {{}}), Path({out!r}))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""


def memory(tmp: Path) -> None:
    """Peak memory of the process, by the number of photos and the kind of table."""
    draw(tmp / "photos", 200, 256, 256)
    path = write_model(tmp / "model.pt", 32)
    for suffix in (".csv", ".xlsx", ".parquet"):
        for count in (20 * PHOTOS, 200 * PHOTOS):
            code = CHILD.format(
                paths=[str(Path(__file__).parent)], folder=str(tmp / "photos"), model=str(path), count=count,
                out=str(tmp / f"out{suffix}"),
            )  # fmt: skip
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            print(f"{count} photos to {suffix}: {json.loads(done.stdout):.0f} MB at most", flush=True)


if __name__ == "__main__":
    keep_freed_memory()
    parts = {"files": files, "store": store, "onnx": onnx, "memory": memory}
    for wanted in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as made:
            parts[wanted](Path(made))

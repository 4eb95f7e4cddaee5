"""How fast training runs, side by side in one run with the step limit and with the usual loop.

    python bench/train.py              # all, about an hour on two cores
    python bench/train.py loop         # or one of: loop, frozen, startup, backbones
    BACKBONE=mobilenet_v3_large PRECISION=fp32 python bench/train.py loop
    OMP_NUM_THREADS=1 BACKBONE=resnet18 python bench/train.py backbones   # on a busy machine: CPU time of one thread

Each way runs in a process of its own, in turn, for several rounds; ratios are medians over rounds. The step limit is
the same model, optimizer and precision on one batch that stays in memory: nothing is read, nothing augmented.
`backbones` takes the steps of all ways in one process, in turn, so that what else the machine does slows down all.
"""

from __future__ import annotations

import glob
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image
from torch import nn
from torchvision.models import resnet18
from torchvision.transforms import v2

from specimen.common import memory
from specimen.config.train import Augment, BatchNorm, Train
from specimen.data.dataset.store import Store
from specimen.models.model import make_model
from specimen.models.task import Regression
from specimen.training.batches import Batch, TabularArrays
from specimen.training.compute import Compute, pick_compute, precision_name
from specimen.training.fine_tuning import BATCH_NORM as BATCH_NORM_LAYER
from specimen.training.fine_tuning import FineTuning
from specimen.training.hardware import compute_reproducibly
from specimen.training.loop import fit
from specimen.training.setup import set_up_training
from specimen.training.training_state import make_training_state

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import builders

SRC = Path(__file__).parents[1] / "src"
GPU = torch.cuda.is_available()
BACKBONE = os.environ.get("BACKBONE", "resnet18")
PRECISION = os.environ.get("PRECISION", "auto")
BATCH_NORM = cast(BatchNorm, os.environ.get("BATCH_NORM", "train"))
COMPILE = os.environ.get("COMPILE", "1") == "1"
"""Whether `backbones` also measures compiled steps, for which each backbone takes minutes more."""
BACKBONES = (
    *("resnet18", "resnet50", "mobilenet_v3_large", "efficientnet_b0", "timm/tf_efficientnet_lite0"),
    *("convnext_tiny", "timm/mobilenetv3_large_100", "shufflenet_v2_x1_0", "mnasnet1_0"),
)
"""Those of the recipes and of `models/device.py`, and what else people fine-tune."""
SIZE, BATCH = 224, (256 if GPU else 32)
PHOTOS = int(os.environ.get("PHOTOS", "8192" if GPU else "288"))
ROUNDS = int(os.environ.get("ROUNDS", "5" if GPU else "3"))
TRAIN = Train(
    backbone=BACKBONE, epochs=2, batch_size=BATCH, augment=Augment(flip=0.5, flip_vertical=0.5, quarter_turn=0.75)
)
TASK = Regression(0.0, 1.0, "none", "mse")


def draw(folder: Path, count: int) -> None:
    """Draw JPEG photos of 320 px with the detail of a photograph."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    scene = np.asarray(Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).resize((320, 320)), float)
    for number in range(count):
        noisy = np.roll(scene, rng.integers(0, 320, 2), axis=(0, 1)) + rng.normal(0, 8, scene.shape)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:05}.jpg", quality=90)


def make_store(count: int) -> Store:
    """Return a store of noise; the last batch of rows is val."""
    images = np.random.default_rng(1).integers(0, 255, (count, SIZE, SIZE, 3), dtype=np.uint8)
    samples = pd.DataFrame({"target": np.linspace(-1, 1, count), "split": "train"})
    samples.loc[samples.index[-2:], "split"] = "val"
    return Store(images, samples, builders.dataset_meta(image_size=SIZE))


def compute() -> Compute:
    """Return what `train` would pick here."""
    return pick_compute("auto", PRECISION, BACKBONE)


def whole_loop(folder: Path) -> float:
    """Specimen: store, augmentation, loader and step. Images per second of the second epoch."""
    where = compute()
    setup = set_up_training(make_store(PHOTOS + 2), TRAIN, where)
    steps = len(setup.loaders.train)
    state = make_training_state(setup.model, TRAIN, steps)
    marks: list[float] = []

    def watched(batches: Any) -> Iterator[Batch]:
        yield from batches
        if GPU:
            torch.cuda.synchronize()
        marks.append(time.perf_counter())

    starts: list[float] = []

    def progress(batches: Any) -> Iterator[Batch]:
        starts.append(time.perf_counter())
        return watched(batches)

    for _ in fit(state, setup.task, where, setup.loaders, TRAIN, progress):
        pass
    return steps * BATCH / (marks[-1] - starts[-1])


def step_limit(folder: Path) -> float:
    """The same step on one batch that stays where it is. Images per second."""
    return rate(make_step(Way(PRECISION, BATCH_NORM)), PHOTOS // BATCH)


class Way(NamedTuple):
    """How a step is computed."""

    precision: str
    batch_norm: BatchNorm
    compiled: bool = False

    def __str__(self) -> str:
        return f"{self.precision}, batch norm {self.batch_norm}{', compiled' * self.compiled}"


def make_step(way: Way) -> Callable[[], None]:
    """Return a step on one batch that stays where it is."""
    where = pick_compute("auto", way.precision, BACKBONE)
    model = where.prepare(make_model(BACKBONE, 1, SIZE))
    FineTuning(batch_norm=way.batch_norm).set_mode(model, 1)
    columns = TabularArrays(np.zeros((BATCH, 0), np.float32), np.linspace(-1, 1, BATCH, dtype=np.float32))
    images = np.random.default_rng(1).integers(0, 255, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    batch = where.move(columns.batch(torch.from_numpy(images).permute(0, 3, 1, 2), range(BATCH)))
    optimizer = make_training_state(model, TRAIN, 100).optimizer
    network = torch.compile(model, dynamic=False) if way.compiled else model

    def step() -> None:
        with where.autocast():
            logits = network(batch.inputs, batch.features)
        loss = TASK.loss(logits.float(), batch.targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if not GPU:
            loss.item()

    return step


def usual_loop(folder: Path) -> float:
    """The usual script: Pillow decodes and resizes each photo each epoch, fp32, Adam. Images per second."""
    model, loss_of = resnet18(num_classes=1).train(), nn.MSELoss()
    loader = _usual_loader(folder)
    optimizer = torch.optim.Adam(model.parameters())

    def epoch() -> None:
        for images, targets in loader:
            optimizer.zero_grad()
            loss = loss_of(model(images), targets)
            loss.backward()
            optimizer.step()
            loss.item()

    epoch_seconds = seconds(epoch)
    return len(loader.dataset) / epoch_seconds  # type: ignore[arg-type]


class _Files(torch.utils.data.Dataset[Any]):
    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.glob("*.jpg"))[: PHOTOS // 2]
        steps = [
            v2.Resize((SIZE, SIZE)),
            v2.RandomHorizontalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
        ]
        self.transform = v2.Compose([*steps, v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        return self.transform(Image.open(self.files[index]).convert("RGB")), torch.zeros(1)


def _usual_loader(folder: Path) -> torch.utils.data.DataLoader[Any]:
    return torch.utils.data.DataLoader(_Files(folder), batch_size=BATCH, shuffle=True)


def usual_frozen(folder: Path) -> float:
    """The usual script with a frozen backbone in no-grad, fp32, decoding every epoch. Images per second."""
    model, loss_of = resnet18(num_classes=1), nn.MSELoss()
    body = nn.Sequential(*list(model.children())[:-1], nn.Flatten()).eval()
    optimizer = torch.optim.Adam(model.fc.parameters())
    loader = _usual_loader(folder)

    def epoch() -> None:
        for images, targets in loader:
            with torch.no_grad():
                embedding = body(images)
            loss = loss_of(model.fc(embedding), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return len(loader.dataset) / seconds(epoch)  # type: ignore[arg-type]


def our_frozen(folder: Path) -> float:
    """Specimen with `fine_tune: head`, 20 epochs over 1,000 pictures. Images per second, embeddings included."""
    train = TRAIN.model_copy(update={"epochs": 20, "fine_tune": "head"})
    where = compute()
    store = make_store(1002)

    def work() -> None:
        setup = set_up_training(store, train, where)
        state = make_training_state(setup.model, train, len(setup.loaders.train))
        for _ in fit(state, setup.task, where, setup.loaders, train):
            pass

    return 20 * 1000 / seconds(work)


def rate(step: Callable[[], None], count: int) -> float:
    """Return images per second over `count` steps, after two for warming up."""
    step()
    step()
    if GPU:
        torch.cuda.synchronize()

    def steps() -> None:
        for _ in range(count):
            step()
        if GPU:
            torch.cuda.synchronize()

    return count * BATCH / seconds(steps)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long `work` takes."""
    start = clock()
    work()
    return clock() - start


WAYS = {way.__name__: way for way in (whole_loop, step_limit, usual_loop, usual_frozen, our_frozen)}


def run(way: str, folder: Path, *, keep_memory: bool, **variables: str) -> tuple[float, float]:
    """Run one way in a process of its own, with variables of its environment; return images/s and its peak in MB."""
    command = [sys.executable, __file__, "--child", way, str(folder), str(int(keep_memory))]
    env = os.environ | variables
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    speed, peak = json.loads(done.stdout.splitlines()[-1])
    return speed, peak


def child(way: str, folder: Path, keep_memory: bool) -> None:
    """Be such a process."""
    if "usual" not in way:
        compute_reproducibly()
    if keep_memory:
        memory.keep_freed_memory()
    speed = WAYS[way](folder)
    print(json.dumps([speed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def interleaved(ways: dict[str, dict[str, Any]], folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Run all ways in turn, for some rounds, and print the medians."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, options in ways.items():
            measured[name].append(run(folder=folder, **options))
    for name, results in measured.items():
        speeds = [speed for speed, _ in results]
        peak = median(memory for _, memory in results)
        print(f"  {name:<44}{median(speeds):>7.1f} images/s ({min(speeds):.1f} to {max(speeds):.1f}), {peak:.0f} MB")
    return measured


def ratio(measured: dict[str, list[tuple[float, float]]], over: str, under: str, what: int = 0) -> float:
    """Return the median over rounds of speed (or, with what=1, memory) of one way over that of another."""
    return median(a[what] / b[what] for a, b in zip(measured[over], measured[under], strict=True))


def loop(folder: Path) -> None:
    """The whole loop against the step limit and the usual loop."""
    print(f"{BACKBONE}, {SIZE} px, batch {BATCH}, {compute().device.type}, {compute().precision}, {ROUNDS} rounds")
    ours = "Specimen, whole loop"
    limit = "step limit, stock process"
    ways: dict[str, dict[str, Any]] = {
        limit: {"way": "step_limit", "keep_memory": False},
        "step limit, freed memory kept": {"way": "step_limit", "keep_memory": True},
        "Specimen, freed memory given back": {"way": "whole_loop", "keep_memory": False},
        ours: {"way": "whole_loop", "keep_memory": True},
    }
    if not GPU:
        ways["usual loop"] = {"way": "usual_loop", "keep_memory": False}
        for library in glob.glob("/usr/lib/*/libtcmalloc_minimal.so.4"):
            ways["Specimen, tcmalloc"] = {"way": "whole_loop", "keep_memory": False, "LD_PRELOAD": library}
    measured = interleaved(ways, folder)
    of_stock = ratio(measured, "Specimen, freed memory given back", limit)
    of_kept = ratio(measured, ours, "step limit, freed memory kept")
    print(f"  like for like: {of_stock:.2f} of the stock step limit, {of_kept:.2f} of the limit with memory kept")
    print(f"  as it runs: {ratio(measured, ours, limit):.2f} x the stock step limit")
    for name in ("usual loop", "Specimen, tcmalloc"):
        if name == "usual loop" and name in measured:
            print(f"  {ratio(measured, ours, name):.2f} x the usual loop")
        elif name in measured:
            print(f"  with tcmalloc {ratio(measured, name, limit):.2f} x the stock step limit")
    print(f"  peak memory {ratio(measured, ours, limit, 1):.2f} x that of the bare step")


def frozen(folder: Path) -> None:
    """A frozen backbone: embeddings once against decoding and embedding in every epoch."""
    print("frozen resnet18, 20 epochs over 1,000 photos")
    ways = {
        "usual loop, frozen": {"way": "usual_frozen", "keep_memory": False},
        "Specimen, fine_tune: head": {"way": "our_frozen", "keep_memory": True},
    }
    measured = interleaved(ways, folder)
    print(f"  {ratio(measured, 'Specimen, fine_tune: head', 'usual loop, frozen'):.0f} x the usual loop")


def backbones(folder: Path) -> None:
    """The step limit of each backbone by precision, by what its batch norms do, and compiled."""
    for backbone in [BACKBONE] if "BACKBONE" in os.environ else BACKBONES:
        command = [sys.executable, __file__, "--alternate"]
        subprocess.run(command, check=True, env=os.environ | {"BACKBONE": backbone})


def alternate() -> None:
    """Take the steps of one backbone in all ways, in turn, and print how fast each is, next to the first."""
    compute_reproducibly()
    memory.keep_freed_memory()
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    auto = precision_name(pick_compute("auto", "auto", BACKBONE).precision)
    ways = [Way(precision, batch_norm) for precision in ("fp32", "bf16") for batch_norm in ("train", "frozen")]
    if COMPILE:
        ways += [Way(auto, batch_norm, compiled=True) for batch_norm in ("train", "frozen")]
    if not any(isinstance(module, BATCH_NORM_LAYER) for module in make_model(BACKBONE, 1, SIZE).modules()):
        ways = [way for way in ways if way.batch_norm == "train"]
    threads = torch.get_num_threads()
    print(f"{BACKBONE}, {SIZE} px, batch {BATCH}, {threads} threads; `precision: auto` is {auto}", flush=True)
    steps, first = {way: make_step(way) for way in ways}, {}
    measured: dict[Way, list[float]] = {way: [] for way in ways}
    for way, step in steps.items():
        first[way] = seconds(step, time.perf_counter)
    for _ in range(max(2, PHOTOS // BATCH)):
        for way, step in steps.items():
            measured[way].append(seconds(step, clock))
    base = measured[ways[0]]
    for way in ways:
        faster = median(theirs / ours for theirs, ours in zip(base, measured[way], strict=True))
        speed = BATCH / median(measured[way])
        print(f"  {way!s:<36}{speed:>7.1f} images/s, {faster:.2f} x the first, first step {first[way]:.0f} s")


FIRST_STEP = """
import os
import train
from specimen.training.steps import Steps
Steps._step = lambda *_: os._exit(0)
train.main()
"""
"""A training that ends where its first step would begin."""


def startup(folder: Path) -> None:
    """From launch to the first step of a training on a small sample, beyond `import torch, torchvision`."""
    project = folder.parent / "project"
    project.mkdir()
    params = yaml.safe_load((SRC.parent / "params.yaml").read_text())
    params["sample"] |= {"plants": 40, "image_size": 48}
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    for stage in ("sample", "prepare"):
        subprocess.run([sys.executable, SRC / f"{stage}.py"], cwd=project, check=True, capture_output=True)
    bare = "import torch, torchvision"
    times: dict[str, list[float]] = {bare: [], FIRST_STEP: []}
    for _ in range(5):
        for code, seconds_of_code in times.items():
            command = [sys.executable, "-c", code]
            done = partial(subprocess.run, command, cwd=project, check=True, stdout=subprocess.DEVNULL)
            seconds_of_code.append(seconds(done))
    beyond = median(b - a for a, b in zip(*times.values(), strict=True))
    print(
        f"the first step begins {beyond:.1f} s after `import torch, torchvision` is done ({median(times[bare]):.1f} s)"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alternate"]:
        alternate()
        sys.exit()
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), sys.argv[4] == "1")
        sys.exit()
    comparisons = {"loop": loop, "frozen": frozen, "startup": startup, "backbones": backbones}
    with tempfile.TemporaryDirectory() as made:
        photos = Path(made) / "photos"
        draw(photos, PHOTOS)
        for wanted in sys.argv[1:] or comparisons:
            comparisons[wanted](photos)

"""Where the time of training goes: some steps of `train` under torch.profiler, as a table and as a trace."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from specimen.common import errors
from specimen.common.memory import keep_freed_memory
from specimen.config.base import load_section
from specimen.config.train import Train
from specimen.data.dataset.store import Store
from specimen.training.batches import Batch
from specimen.training.compute import pick_compute
from specimen.training.distributed import ProcessGroup
from specimen.training.hardware import compute_reproducibly, use_threads
from specimen.training.loop import fit
from specimen.training.setup import set_up_training
from specimen.training.training_state import make_training_state

PREPARED = Path("data/prepared")
TABLE = Path("profile/table.txt")
TRACE = Path("profile/trace.json")
STEPS = 10
ROWS = 25


def main() -> None:
    """Profile the first steps of the training that params.yaml describes; nothing of it is kept."""
    keep_freed_memory()
    compute_reproducibly()
    train = load_section("train", Train).model_copy(update={"epochs": 1})
    use_threads(train.threads, ProcessGroup())
    compute = pick_compute(train.device, train.precision, train.backbone)
    setup = set_up_training(Store.load(PREPARED), train, compute)
    state = make_training_state(setup.model, train, STEPS)
    on_gpu = compute.device.type == "cuda"

    def few(batches: Iterable[Batch]) -> Iterable[Batch]:
        return itertools.islice(batches, STEPS)

    activities = [ProfilerActivity.CPU, ProfilerActivity.CUDA] if on_gpu else [ProfilerActivity.CPU]
    with profile(activities=activities, record_shapes=True) as profiler:
        for _ in fit(state, setup.task, compute, setup.loaders, train, few):
            pass
    TABLE.parent.mkdir(exist_ok=True)
    order = "self_cuda_time_total" if on_gpu else "self_cpu_time_total"
    table = profiler.key_averages().table(sort_by=order, row_limit=ROWS)
    TABLE.write_text(table, encoding="utf-8")
    profiler.export_chrome_trace(str(TRACE))
    print(f"{table}\n{STEPS} steps in {torch.get_num_threads()} threads: {TABLE}, and {TRACE} for ui.perfetto.dev")


if __name__ == "__main__":
    errors.run_cli(main)

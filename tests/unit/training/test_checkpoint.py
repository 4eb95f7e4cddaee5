"""A checkpoint counts only where it is whole, and for the run that wrote it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.training.checkpoint import Checkpoint, fingerprint, require_agreement, run_fingerprint
from specimen.training.compute import Compute
from specimen.training.distributed import ProcessGroup

STATE = {"model": {"weight": torch.arange(600.0)}, "records": [{"epoch": 1, "lr": 0.1, "best": True}]}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    made = Checkpoint(tmp_path / "models/checkpoint.pt", "mine")
    made.save(STATE)
    return made


def test_a_state_comes_back(checkpoint: Checkpoint) -> None:
    state = checkpoint.load()
    assert state is not None
    assert torch.equal(state["model"]["weight"], STATE["model"]["weight"])
    assert state["records"] == STATE["records"]


def test_that_of_another_run_does_not_count(checkpoint: Checkpoint) -> None:
    assert Checkpoint(checkpoint.path, "yours").load() is None


def test_none_is_no_state(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "checkpoint.pt", "mine").load() is None


def test_a_cut_off_file_is_ignored(checkpoint: Checkpoint) -> None:
    content = checkpoint.path.read_bytes()
    for length in range(0, len(content), 97):
        checkpoint.path.write_bytes(content[:length])
        assert checkpoint.load() is None


def test_flipped_bits_are_noticed(checkpoint: Checkpoint) -> None:
    content = checkpoint.path.read_bytes()
    place = content.index(STATE["model"]["weight"][100:110].numpy().tobytes())
    checkpoint.path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
    assert checkpoint.load() is None


def test_no_flipped_byte_is_a_fault_or_another_state(checkpoint: Checkpoint) -> None:
    """Wherever it is: in the numbers, in the pickle, or in what the archive says of itself."""
    content = checkpoint.path.read_bytes()
    for position in range(0, len(content), 7):
        checkpoint.path.write_bytes(content[:position] + bytes([content[position] ^ 64]) + content[position + 1 :])
        state = checkpoint.load()
        assert state is None or torch.equal(state["model"]["weight"], STATE["model"]["weight"])
        assert state is None or state["records"] == STATE["records"]


@pytest.mark.parametrize("content", [{}, {"fingerprint": "mine"}, torch.zeros(3), [1]])
def test_a_file_of_somebody_else_is_ignored(checkpoint: Checkpoint, content: object) -> None:
    torch.save(content, checkpoint.path)
    assert checkpoint.load() is None


def test_what_a_kill_left_half_written_is_no_matter(checkpoint: Checkpoint) -> None:
    aside = checkpoint.path.with_name(".checkpoint.pt.new")
    aside.write_bytes(checkpoint.path.read_bytes()[:500])
    assert checkpoint.load() is not None
    checkpoint.save({"records": []})
    assert checkpoint.load() == {"records": []}
    assert list(checkpoint.path.parent.iterdir()) == [checkpoint.path]


def test_a_write_that_fails_leaves_the_earlier_one(checkpoint: Checkpoint) -> None:
    def fail(aside: Path) -> None:
        aside.write_bytes(b"half")
        raise SpecimenError

    with pytest.raises(SpecimenError), replace_atomically(checkpoint.path) as aside:
        fail(aside)
    assert checkpoint.load() is not None


def test_removed_is_removed(checkpoint: Checkpoint) -> None:
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.load() is None


def test_a_fingerprint_depends_on_each_part_and_where_it_ends() -> None:
    assert fingerprint("a", b"b") == fingerprint("a", b"b")
    assert len({fingerprint("a", "b"), fingerprint("ab"), fingerprint("a", "c"), fingerprint("", "ab")}) == 4


def prepare(folder: Path, pictures: np.ndarray, samples: str = "row,image_md5\n") -> Path:
    folder.mkdir()
    builders.write_pictures(folder, pictures)
    (folder / "samples.csv").write_text(samples)
    return folder


def test_another_machine_with_the_same_data_may_go_on_and_one_with_other_pictures_may_not(tmp_path: Path) -> None:
    pictures = np.arange(300 * 12, dtype=np.uint8).reshape(300, 2, 2, 3)
    here = prepare(tmp_path / "here", pictures)
    there = prepare(tmp_path / "there", pictures)
    os.utime(there / "shards.csv", ns=(1, 1))
    brighter = prepare(tmp_path / "brighter", pictures + 1)
    fewer = prepare(tmp_path / "fewer", pictures[:-1])
    relabelled = prepare(tmp_path / "relabelled", pictures, "row,image_md5\n0,a\n")
    compute = Compute(torch.device("cpu"), torch.float32, ProcessGroup())
    folders = (here, there, brighter, fewer, relabelled)
    marks = [run_fingerprint(one, "none", builders.model_meta(), compute, Path(__file__)) for one in folders]
    assert marks[0] == marks[1]
    assert len(set(marks[1:])) == 4


@dataclass(frozen=True)
class OfTwo(ProcessGroup):
    """A group of two whose second process has other values."""

    second: Any = None

    def gather(self, value: Any) -> list[Any]:
        return [value, self.second]


def test_processes_that_begin_alike_may_go_on(tmp_path: Path) -> None:
    require_agreement(OfTwo(second=("a", 2)), Checkpoint(tmp_path / "checkpoint.pt", "a"), 2)


@pytest.mark.parametrize(
    ("second", "fault"), [(("b", 2), "do not see the same data"), (("a", 0), "go on after epoch 2")]
)
def test_processes_with_other_data_or_without_the_checkpoint_are_refused(
    tmp_path: Path, second: tuple[str, int], fault: str
) -> None:
    with pytest.raises(SpecimenError, match=fault):
        require_agreement(OfTwo(second=second), Checkpoint(tmp_path / "checkpoint.pt", "a"), 2)

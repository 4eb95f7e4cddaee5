"""Batches of pictures and embeddings: what is in them depends on seed, epoch and row, and on nothing else."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest
import torch

from specimen.config.train import Augment
from specimen.data.dataset.shards import MANIFEST, open_shards, read_manifest
from specimen.training.batch_sampler import EpochBatchSampler
from specimen.training.batches import Batch, SampleUse, TabularArrays
from specimen.training.datasets import EmbeddingDataset, PictureDataset, make_loader
from specimen.training.transforms import batch_mix, train_transform

COUNT = 13
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 16, 16, 3), dtype=np.uint8)
COLUMNS = TabularArrays(np.arange(COUNT, dtype=np.float32)[:, None], np.arange(COUNT) % 3)
ALL = Augment(flip=0.5, quarter_turn=0.5, rotate=0.5, crop=0.5, colour=0.5, erase=0.5)


def augmented(images: Any = IMAGES, seed: int = 4) -> PictureDataset:
    return PictureDataset(images, COLUMNS, train_transform(ALL), seed)


def uses(rows: list[int], epoch: int = 1) -> list[SampleUse]:
    return [SampleUse(epoch, row) for row in rows]


def test_a_batch_is_the_rows_of_the_store() -> None:
    batch = PictureDataset(IMAGES, COLUMNS)[uses([7, 2])]
    assert np.array_equal(batch.inputs.permute(0, 2, 3, 1), IMAGES[[7, 2]])
    assert batch.inputs.is_contiguous(memory_format=torch.channels_last)
    assert (batch.features.tolist(), batch.targets.tolist()) == ([[7], [2]], [1, 2])


def test_a_picture_is_augmented_on_one_thread_and_then_there_are_as_many_as_before() -> None:
    seen = []

    def transform(picture: torch.Tensor) -> torch.Tensor:
        seen.append(torch.get_num_threads())
        return picture

    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    PictureDataset(IMAGES, COLUMNS, transform)[uses([0, 1])]
    after = torch.get_num_threads()
    torch.set_num_threads(threads)
    assert seen == [1, 1]
    assert after == 3


def test_what_happens_to_a_sample_does_not_depend_on_its_batch() -> None:
    together = augmented()[uses([3, 9, 5, 0])].inputs
    apart = [augmented()[uses([row])].inputs[0] for row in (3, 9, 5, 0)]
    assert torch.equal(together, torch.stack(apart))
    assert together.dtype == torch.uint8
    assert together.shape == (4, 3, 16, 16)


def test_another_epoch_and_another_seed_are_other_uses() -> None:
    rows = list(range(COUNT))
    first = augmented()[uses(rows)].inputs
    assert not torch.equal(first, augmented()[uses(rows, epoch=2)].inputs)
    assert not torch.equal(first, augmented(seed=5)[uses(rows)].inputs)


def test_the_store_is_not_changed() -> None:
    before = IMAGES.copy()
    augmented()[uses(list(range(COUNT)))]
    assert np.array_equal(IMAGES, before)


@pytest.mark.parametrize("mixup", [0.0, 1.0])
def test_the_global_generator_is_left_as_it_was(mixup: float) -> None:
    mix = batch_mix(Augment(mixup=mixup), 3)
    before = torch.get_rng_state()
    PictureDataset(IMAGES, COLUMNS, train_transform(ALL), mix=mix)[uses([1, 2, 3])]
    list(make_loader(augmented(), EpochBatchSampler(np.arange(COUNT), 4, 1)))
    assert torch.equal(torch.get_rng_state(), before)


def test_workers_change_nothing() -> None:
    loaders = [make_loader(augmented(), EpochBatchSampler(np.arange(COUNT), 4, 1), workers) for workers in (0, 2)]
    for one, other in zip(*loaders, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_pictures_in_memory_are_as_good_as_those_on_disk() -> None:
    resident = augmented(torch.from_numpy(IMAGES.copy()))[uses([4, 1])]
    assert torch.equal(resident.inputs, augmented()[uses([4, 1])].inputs)


def test_pictures_in_the_memory_of_a_device_need_no_workers() -> None:
    dataset = augmented(torch.empty(IMAGES.shape, dtype=torch.uint8, device="meta"))
    loader = make_loader(dataset, EpochBatchSampler(np.arange(COUNT), 4), workers=2)
    assert (loader.num_workers, loader.pin_memory) == (0, False)


def test_a_worker_that_is_not_forked_gets_the_files_of_the_pictures(tmp_path: Path) -> None:
    builders.write_pictures(tmp_path, IMAGES)
    manifest = read_manifest(tmp_path / MANIFEST)
    rows = np.arange(len(IMAGES))
    stored = open_shards(tmp_path / "images", manifest["shard"], manifest["position"], rows, IMAGES.shape[1:])
    dataset = PictureDataset(stored, COLUMNS, train_transform(ALL), 4, batch_mix(Augment(cutmix=1.0), 3))
    sent = pickle.dumps(dataset)
    assert len(sent) < IMAGES.nbytes
    there, here = pickle.loads(sent)[uses([4, 1])], dataset[uses([4, 1])]
    assert all(torch.equal(a, b) for a, b in zip(there, here, strict=True))


@pytest.mark.parametrize("epoch", [1, 2, 5])
def test_an_epoch_sees_its_view(epoch: int) -> None:
    embeddings = torch.randn(3, COUNT, 4)
    batch = EmbeddingDataset(embeddings, COLUMNS)[uses([8, 2], epoch)]
    assert torch.equal(batch.inputs, embeddings[epoch % 3, [8, 2]])


@pytest.mark.parametrize("dataset", [PictureDataset(IMAGES, COLUMNS), EmbeddingDataset(torch.zeros(1, 13, 4), COLUMNS)])
def test_a_share_may_be_empty(dataset: PictureDataset | EmbeddingDataset) -> None:
    batch: Batch = dataset[[]]
    assert [len(part) for part in batch] == [0, 0, 0]


@pytest.mark.parametrize("how", ["mixup", "cutmix"])
def test_processes_share_a_mixed_batch_of_one(how: str) -> None:
    mix = batch_mix(Augment(**{how: 1.0}), 3)

    def loader(rank: int, processes: int) -> Any:
        dataset = PictureDataset(IMAGES, COLUMNS, train_transform(ALL), 4, mix, slice(rank, None, processes))
        return make_loader(dataset, EpochBatchSampler(np.arange(COUNT), 4, 1, rank, processes, whole=True))

    shares = zip(loader(0, 2), loader(1, 2), strict=True)
    for whole, parts in zip(loader(0, 1), shares, strict=True):
        for rank, part in enumerate(parts):
            assert all(torch.equal(one[rank::2], other) for one, other in zip(whole, part, strict=True))

"""Data sets that give whole batches: cut out of the packed store, or out of embeddings that were computed once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from specimen.data.dataset.store import Pictures
from specimen.training.batch_sampler import EpochBatchSampler
from specimen.training.batches import Batch, SampleUse, TabularArrays
from specimen.training.hardware import one_thread
from specimen.training.seeds import draw_seed
from specimen.training.transforms import Mix, Transform


class PictureDataset(Dataset[Batch]):
    """Cuts whole batches out of the store, so that a batch is one copy and not one object for each sample.

    With `mix` the uses must be the whole batch of all processes (`EpochBatchSampler` with `whole`); the data set gives
    back `share` of it.
    """

    def __init__(
        self,
        images: Pictures | Tensor,
        columns: TabularArrays,
        transform: Transform | None = None,
        seed: int = 0,
        mix: Mix | None = None,
        share: slice = slice(None),
    ) -> None:
        self.images = images
        self.columns = columns
        self.transform = transform
        self.seed = seed
        self.mix = mix
        self.share = share

    def __getitem__(self, uses: Sequence[SampleUse]) -> Batch:
        """Return the batch of these samples."""
        rows = [use.row for use in uses]
        pictures = self.images[rows] if isinstance(self.images, Tensor) else torch.from_numpy(self.images[rows])
        batch = self.columns.batch(pictures.permute(0, 3, 1, 2), rows)
        # The generator of the CPU is borrowed: each sample seeds it, and it is put back afterwards.
        with torch.random.fork_rng(devices=[]), one_thread():
            if self.transform is not None:
                for index, use in enumerate(uses):
                    # By sample and epoch, so that neither workers nor order nor batch change what happens to it.
                    torch.default_generator.manual_seed(draw_seed(self.seed, use.epoch, use.row))
                    batch.inputs[index] = self.transform(batch.inputs[index])
            if self.mix is not None:
                torch.default_generator.manual_seed(draw_seed(self.seed, uses[0].epoch, uses[0].row, 1))
                images, targets = self.mix(batch.inputs, batch.targets)
                # A picture may be mixed with one of another process, so all mix the whole batch and take their share.
                batch = Batch(images[self.share], batch.features[self.share], targets[self.share])
        return batch


class EmbeddingDataset(Dataset[Batch]):
    """Cuts batches out of embeddings, views x rows x width: epoch e sees view e modulo views."""

    def __init__(self, embeddings: Tensor, columns: TabularArrays) -> None:
        self.embeddings = embeddings
        self.columns = columns

    def __getitem__(self, uses: Sequence[SampleUse]) -> Batch:
        """Return the batch of these samples."""
        rows = [use.row for use in uses]
        views = [use.epoch % len(self.embeddings) for use in uses]
        return self.columns.batch(self.embeddings[views, rows], rows)


def make_loader(dataset: Dataset[Batch], batches: EpochBatchSampler, workers: int = 0) -> DataLoader[Batch]:
    """Return a loader; `workers` processes prepare batches in advance, with 0 they are prepared between the steps."""
    resident = _is_on_gpu(dataset)
    workers = 0 if resident else workers  # the memory of a GPU belongs to one process
    return DataLoader(
        dataset,
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available() and not resident,
        generator=torch.Generator(),  # its own, or starting workers would draw from the global one
    )


def _is_on_gpu(dataset: Dataset[Batch]) -> bool:
    images = getattr(dataset, "images", None)
    return isinstance(images, Tensor) and images.device.type != "cpu"

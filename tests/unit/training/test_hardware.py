"""What training says where the machine is too small."""

import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.training.hardware import out_of_memory


def test_too_little_memory_of_the_machine_names_the_batch_size() -> None:
    with pytest.raises(SpecimenError) as error, out_of_memory(32):
        torch.empty(2**60)
    assert str(error.value).startswith(
        "train.batch_size: 32 is too much for the memory of this machine. Try 16, a smaller prepare.image_size, or "
        "another train.backbone. (["
    )
    assert "DefaultCPUAllocator" in str(error.value)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), out_of_memory(32):
        raise RuntimeError("shapes differ")

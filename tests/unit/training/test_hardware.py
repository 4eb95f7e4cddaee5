"""What training says where the machine is too small."""

from unittest import mock

import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.training import hardware
from specimen.training.distributed import ProcessGroup
from specimen.training.hardware import out_of_memory, use_threads


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


@pytest.mark.parametrize(
    ("wanted", "local_size", "threads"),
    [
        pytest.param(None, 4, 2, id="four on one machine share its cores"),
        pytest.param(None, 2, 4, id="two on each of two machines share those of their own"),
        pytest.param(12, 4, 3, id="a number of threads is that of all"),
        pytest.param(12, 2, 3, id="on several machines, too, so that the model stays the same"),
        pytest.param(1, 2, 1, id="each has one at least"),
    ],
)
def test_processes_share_threads(wanted: int | None, local_size: int, threads: int) -> None:
    with (
        mock.patch.object(hardware, "available_cores", return_value=8),
        mock.patch.object(torch, "set_num_threads") as used,
    ):
        use_threads(wanted, ProcessGroup(rank=0, size=4, local_size=local_size))
    used.assert_called_once_with(threads)

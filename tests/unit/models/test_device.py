"""Which device computes, and in which precision."""

import pytest
import torch

from specimen.common.errors import SpecimenError
from specimen.models.device import pick_device, pick_precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> object:
    """Say which devices this machine has."""

    def have(*devices: str) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in devices)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in devices)

    return have


@pytest.mark.parametrize(
    ("devices", "expected"), [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda"), (("cuda", "mps"), "cuda")]
)
def test_auto_is_the_fastest_there_is(there, devices: tuple[str, ...], expected: str) -> None:
    there(*devices)
    assert pick_device("auto").type == expected


def test_the_cpu_may_be_wanted_where_there_is_a_gpu(there) -> None:
    there("cuda")
    assert pick_device("cpu").type == "cpu"


@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_reported_with_the_way_out(there, wanted: str) -> None:
    there()
    with pytest.raises(SpecimenError, match=f"train.device: no {wanted} on this machine. Set train.device: auto"):
        pick_device(wanted)


@pytest.mark.parametrize(("wanted", "expected"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_a_precision_is_as_wanted(wanted: str, expected: torch.dtype) -> None:
    assert pick_precision(wanted, CPU) == expected


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True}, torch.float32),
        ({"avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_auto_is_bf16_on_a_cpu_that_has_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert pick_precision("auto", CPU) == expected


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("mobilenet_v3_large", torch.float32),
        ("timm/mobilenetv3_large_100", torch.float32),
        ("timm/tf_efficientnet_lite0", torch.float32),
        ("efficientnet_b0", torch.float32),
        ("timm/efficientnetv2_rw_t", torch.bfloat16),
        ("resnet18", torch.bfloat16),
        ("timm/convnext_tiny", torch.bfloat16),
    ],
)
def test_auto_is_what_a_backbone_trains_faster_in(
    monkeypatch: pytest.MonkeyPatch, backbone: str, expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert pick_precision("auto", CPU, backbone) == expected
    assert pick_precision("bf16", CPU, backbone) == torch.bfloat16
    assert pick_precision("auto", CUDA, backbone) == torch.bfloat16


@pytest.mark.parametrize(("native", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_is_no_emulated_bf16_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, native: bool, expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation or native)
    assert pick_precision("auto", CUDA) == expected


def test_auto_is_fp32_on_mps() -> None:
    assert pick_precision("auto", torch.device("mps")) == torch.float32


def test_what_was_picked_computes() -> None:
    device = pick_device("auto")
    with torch.autocast(device.type, pick_precision("bf16", device)):
        product = torch.ones(2, 2, device=device) @ torch.ones(2, 2, device=device)
    assert product.dtype == torch.bfloat16
    assert product.tolist() == [[2.0, 2.0], [2.0, 2.0]]

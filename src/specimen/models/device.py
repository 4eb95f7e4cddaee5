"""Which device computes, and in which precision."""

from __future__ import annotations

import torch

from specimen.common.errors import SpecimenError

FASTER_IN_FP32 = ("mobilenet", "tf_efficientnet_lite", "efficientnet_lite", "tf_efficientnet_b", "efficientnet_b")
"""Starts of the names of depthwise networks, which lose by bf16 on a CPU: their convolutions move more numbers than
they multiply.

Images per second of a training step at 224 px, on two cores with AVX-512, in fp32 and in bf16: mobilenet_v3_large 47
and 33, tf_efficientnet_lite0 28 and 19, efficientnet_b0 25 and 19, but resnet18 19 and 34. `python bench/train.py
backbones` measures these.
"""


def pick_device(wanted: str, local_rank: int = 0) -> torch.device:
    """Return the wanted device, or with `auto` the first available of CUDA, MPS, CPU.

    Raises `SpecimenError` for a device that this machine does not have.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        wanted = next(name for name, is_available in available.items() if is_available)
    if not available[wanted]:
        raise SpecimenError(f"train.device: no {wanted} on this machine. Set train.device: auto.")
    return torch.device(wanted, local_rank) if wanted == "cuda" else torch.device(wanted)


def pick_precision(wanted: str, device: torch.device, backbone: str = "") -> torch.dtype:
    """Return the type to compute in.

    `auto` is bf16 where the hardware has it natively, else fp32; on a CPU also fp32 for a backbone that is faster so.
    """
    if wanted == "auto":
        slower = device.type == "cpu" and backbone.removeprefix("timm/").startswith(FASTER_IN_FP32)
        return torch.bfloat16 if _has_native_bf16(device) and not slower else torch.float32
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[wanted]


def _has_native_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))

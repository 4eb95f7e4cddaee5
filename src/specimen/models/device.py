"""Which device computes, and in which precision."""

from __future__ import annotations

import torch

from specimen.common.errors import SpecimenError


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


def pick_precision(wanted: str, device: torch.device) -> torch.dtype:
    """Return the type to compute in: `auto` is bf16 where the hardware has it natively, else fp32."""
    if wanted == "auto":
        return torch.bfloat16 if _has_native_bf16(device) else torch.float32
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[wanted]


def _has_native_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))

"""The models of torchvision, imported without the compiler of torch, which takes as long as all the rest together.

`torchvision.ops` imports it for one function, by which detection models ask whether their device can compile. Here
that function waits until it is called, so that evaluate and predict start four seconds sooner.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

COMPILER = ("torch._dynamo", "torch._dynamo.utils")


def is_compile_supported(device_type: str) -> bool:
    """Ask the compiler, which is loaded now."""
    from torch._dynamo import utils  # noqa: PLC0415 - the point of this module

    return bool(utils.is_compile_supported(device_type))


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Let a stand-in be imported for the compiler, unless that is loaded already."""
    if sys.modules.keys() & set(COMPILER):
        yield
        return
    sys.modules |= {name: ModuleType(name) for name in COMPILER}
    sys.modules[COMPILER[1]].is_compile_supported = is_compile_supported  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for name in COMPILER:
            del sys.modules[name]


with _without_compiler():
    from torchvision import models

__all__ = ["models"]

"""The models of torchvision, imported without the compiler of torch, which takes as long as all the rest together.

Every import of torchvision imports `torchvision.ops`, and that imports the compiler, `torch._dynamo`, for a single
function that only detection models call. There is no setting against it, so while torchvision is imported a module with
just this function is in the compiler's place. When the function is called, it asks the real compiler. This saves
evaluate, export and predict four seconds at each start.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

COMPILER = ("torch._dynamo", "torch._dynamo.utils")


def is_compile_supported(device_type: str) -> bool:
    """Import the compiler now, and ask it."""
    from torch._dynamo import utils  # noqa: PLC0415 - the point of this module

    return bool(utils.is_compile_supported(device_type))


@contextmanager
def without_compiler() -> Iterator[None]:
    """Keep an import from importing the compiler; one that is imported already stays."""
    if any(name in sys.modules for name in COMPILER):
        yield
        return
    package, utils = (ModuleType(name) for name in COMPILER)
    utils.is_compile_supported = is_compile_supported  # type: ignore[attr-defined]
    sys.modules.update(zip(COMPILER, (package, utils), strict=True))
    try:
        yield
    finally:
        for name in COMPILER:
            del sys.modules[name]


with without_compiler():
    from torchvision import models

__all__ = ["models"]

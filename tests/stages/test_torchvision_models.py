"""torchvision without the compiler of torch until somebody asks for it; in a process of its own, as imports last."""

import subprocess
import sys
from pathlib import Path

import pytest

from specimen.models.torchvision_models import COMPILER, without_compiler

SRC = Path(__file__).parents[2] / "src"


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], cwd=SRC, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_model_is_made_and_used_without_the_compiler_and_who_asks_for_it_gets_it() -> None:
    code = """
import sys, torch
from specimen.models.model import make_model
model = make_model("mobilenet_v3_small", 2, 32).eval()
with torch.inference_mode():
    model(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
print(any(name.startswith("torch._dynamo") for name in sys.modules))
print(sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu"))
print("torch._dynamo" in sys.modules)
from torch._dynamo.utils import is_compile_supported
print(is_compile_supported("cpu"))
print(torch.compile(lambda x: x + 1, backend="eager")(torch.tensor(1)).item())
"""
    imported_before, lazily, imported_after, real, compiled = run(code)
    assert (imported_before, imported_after) == ("False", "True")
    assert lazily == real
    assert compiled == "2"


@pytest.mark.parametrize("loaded", [COMPILER, COMPILER[:1]])
def test_a_compiler_that_is_there_stays(monkeypatch: pytest.MonkeyPatch, loaded: tuple[str, ...]) -> None:
    for name in COMPILER:
        monkeypatch.delitem(sys.modules, name, raising=False)
    real = {name: object() for name in loaded}
    for name, module in real.items():
        monkeypatch.setitem(sys.modules, name, module)
    with without_compiler():
        assert {name: sys.modules.get(name) for name in loaded} == real
    assert {name: sys.modules.get(name) for name in loaded} == real
    assert not sys.modules.keys() & (set(COMPILER) - set(loaded))

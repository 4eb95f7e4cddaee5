"""torchvision without the compiler of torch until somebody asks for it; in a process of its own, as imports last."""

import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).parents[3] / "src"


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], cwd=SRC, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_model_is_made_and_used_without_the_compiler() -> None:
    code = """
import sys, torch
from specimen.models.model import make_model
model = make_model("mobilenet_v3_small", 2, 32).eval()
with torch.inference_mode():
    model(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
print("torch._dynamo" in sys.modules)
"""
    assert run(code) == ["False"]


def test_who_asks_for_the_compiler_gets_it() -> None:
    code = """
import sys, torch
from specimen.models.torchvision_models import models
print(sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu"))
from torch._dynamo.utils import is_compile_supported
print(is_compile_supported("cpu"))
print(torch.compile(lambda x: x + 1, backend="eager")(torch.tensor(1)).item())
"""
    lazily, real, compiled = run(code)
    assert lazily == real
    assert compiled == "2"


def test_a_compiler_that_is_there_stays() -> None:
    code = """
import sys, torch._dynamo
before = sys.modules["torch._dynamo"]
from specimen.models.torchvision_models import models
print(sys.modules["torch._dynamo"] is before)
"""
    assert run(code) == ["True"]

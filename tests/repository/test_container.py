"""The images: what they copy exists, what they install suffices and agrees with the rest."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
SERVE = (ROOT / "docker/serve.Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
STAGE_OUTPUTS = {"models/model.onnx"}
NOT_IMPORTED = {"python-multipart", "uvloop"}
"""Packages that uvicorn and starlette import by themselves, if they are there."""
DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml", "python_multipart": "python-multipart"}


def pins(name: str) -> dict[str, set[str]]:
    """Return the versions of each distribution in a lock file."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            continue  # a hash of the line above
        package, version = line.removesuffix("\\").split(";")[0].strip().split("==")
        found.setdefault(package, set()).add(version)
    return found


def top_imports(file: Path) -> set[str]:
    """Return what a file imports when it is imported itself: not inside functions, not for type checkers."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("lock", ["serve", "train"])
def test_the_locks_agree(lock: str) -> None:
    all_pins = pins("requirements/dev.txt")
    for package, versions in pins(f"requirements/{lock}.txt").items():
        assert versions <= all_pins.get(package, set()), package


def test_the_pipeline_has_all_that_it_uses_but_torch_which_comes_from_its_own_index() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    used = {line.split("==")[0] for line in lines if "==" in line}
    assert used - set(pins("requirements/train.txt")) == {"torch", "torchvision"}
    assert {"onnx", "onnxruntime", "onnxscript"} <= set(pins("requirements/train.txt"))


def test_the_server_finds_what_it_imports_and_no_torch() -> None:
    installed = set(pins("requirements/serve.txt"))
    assert not installed & {"torch", "torchvision", "dvc", "scikit-learn", "matplotlib"}
    waiting, seen, outside = [SRC / "serve.py", SRC / "specimen/onnx/network.py"], set[Path](), set[str]()
    while waiting:
        for name in top_imports(waiting.pop()):
            path = SRC / Path(*name.split(".")).with_suffix(".py")
            if path.is_file() and path not in seen:
                seen.add(path)
                waiting.append(path)
            elif name.split(".")[0] not in {"specimen", *sys.stdlib_module_names}:
                outside.add(name.split(".")[0])
    imported = {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in outside}
    assert imported <= installed
    lines = (ROOT / "requirements/serve.in").read_text(encoding="utf-8").splitlines()
    wanted = {line.split(";")[0].strip() for line in lines if not line.startswith("#")}
    assert wanted - NOT_IMPORTED <= imported, "nothing is installed that nothing imports"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_an_image_copies_is_there_and_not_ignored(file: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    lines = re.findall(r"^COPY (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    copied = [name for line in lines for name in line.split()[:-1]]
    assert len(copied) >= 4
    for name in copied:
        assert f"!{name}" in ignored
        assert name in STAGE_OUTPUTS or (ROOT / name).exists(), name


def test_nothing_is_let_in_that_no_image_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    text = " ".join(file.read_text(encoding="utf-8") for file in FILES)
    assert [line for line in ignored if line.startswith("!") and f" {line[1:]} " not in text] == []


def test_the_server_is_not_root_and_bound_to_this_machine() -> None:
    assert re.search(r"^USER [1-9]\d+$", SERVE, re.MULTILINE)
    assert "HEALTHCHECK" in SERVE
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]) in FILES


def test_the_workflow_builds_each_image() -> None:
    flow = yaml.safe_load((ROOT / ".github/workflows/images.yml").read_text(encoding="utf-8"))
    images = {entry["image"] for entry in flow["jobs"]["image"]["strategy"]["matrix"]["include"]}
    assert images == {"serve", "train", "train-cuda"}
    assert {file.name for file in FILES} == {"serve.Dockerfile", "train.Dockerfile"}

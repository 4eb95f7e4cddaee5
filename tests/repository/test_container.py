"""The image of the server: what it copies exists, what it installs suffices and agrees with the rest."""

import ast
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
STAGE_OUTPUTS = {"models/model.onnx"}
NOT_IMPORTED = {"httptools", "python-multipart", "uvloop"}
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


def test_the_locks_agree() -> None:
    all_pins = pins("requirements/dev.txt")
    for package, versions in pins("requirements/serve.txt").items():
        assert versions <= all_pins.get(package, set()), package


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


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [name for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]]
    assert len(copied) >= 5
    for name in copied:
        assert f"!{name}" in ignored
        assert name in STAGE_OUTPUTS or (ROOT / name).exists(), name


def test_the_server_is_not_root_and_bound_to_this_machine() -> None:
    assert re.search(r"^USER [1-9]\d+$", DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))

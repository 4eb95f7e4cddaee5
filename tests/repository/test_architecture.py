"""`docs/architecture.md` against the contracts and the code: the drawing shows what is allowed, and what is."""

import configparser
import re
from pathlib import Path

import grimp
import networkx as nx
import pytest

ROOT = Path(__file__).parents[2]
DRAWING = re.search(r"```mermaid\n(.*?)```", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.DOTALL)[1]  # type: ignore[index]


def layers(contract: str) -> list[list[str]]:
    """Return the packages of each floor of a contract, from the top."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser[f"importlinter:contract:{contract}"]["layers"].split("\n")
    return [line.split(" | ") for line in lines if line]


def test_the_drawing_has_the_floors_of_the_contracts() -> None:
    drawn = [re.findall(r"^    (\w+)\[", floor, re.MULTILINE) for floor in DRAWING.split("subgraph")[1:]]
    inside_data = [package for floor in layers("data") for package in floor]
    assert drawn == [inside_data if floor == ["data"] else floor for floor in layers("layers")]


def test_the_drawing_has_the_arrows_of_the_code() -> None:
    graph = grimp.build_graph("specimen")
    imports = nx.DiGraph()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            if package(module) != package(imported):
                imports.add_edge(package(module), package(imported))
    wanted = sorted(f"{above} --> {below}" for above, below in nx.transitive_reduction(imports).edges)
    assert re.findall(r"^  (\w+ --> \w+)$", DRAWING, re.MULTILINE) == wanted


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/predict.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    files = [
        f"/{path.relative_to(ROOT).as_posix()}"
        for folder in ("src", "tests", "tools")
        for path in (ROOT / folder).rglob("*")
    ]
    named = re.findall(r"`([\w./-]+\.(?:py|js))`", (ROOT / page).read_text(encoding="utf-8"))
    assert named
    assert not [name for name in named if "NAME" not in name and not any(file.endswith(f"/{name}") for file in files)]


def package(module: str) -> str:
    """Return the box of a module in the drawing: its package, inside `data` the one below."""
    parts = module.split(".")
    return parts[2] if parts[1] == "data" else parts[1]

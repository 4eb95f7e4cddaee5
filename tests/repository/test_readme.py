"""What README and the other pages say must be so: commands, options, files and params exist."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from specimen.config.params import Params

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md", *DOCS)}


def code_of(page: str) -> list[str]:
    """The code of a page: its shell blocks, its code spans and its indented blocks."""
    parts = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`|^    ([^\n]+)$", page, re.DOTALL | re.MULTILINE)
    return [text for group in parts for text in group if text]


def shell_lines(page: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name, page in PAGES.items():
        used = set(re.findall(r"(?:^|&& )make ([a-z0-9-]+)", "\n".join(code_of(page)), re.MULTILINE))
        assert used <= targets, name


def test_linked_files_exist() -> None:
    for name, page in PAGES.items():
        for link in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", page):
            assert ((ROOT / name).parent / link).exists(), f"{name}: {link}"


def test_scripts_and_their_options_exist() -> None:
    code = "\n".join(path.read_text() for folder in ("src", "tools", "bench") for path in (ROOT / folder).rglob("*.py"))
    for name, page in PAGES.items():
        for line in "\n".join(code_of(page)).splitlines():
            for script, rest in re.findall(r"\bpython ((?:src|tools|bench)/\w+\.py)([^#|;&]*)", line):
                assert (ROOT / script).exists(), f"{name}: {script}"
                for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", rest):
                    assert f'"{option}"' in code, f"{name}: {script} {option}"


def test_recipes_are_named() -> None:
    for recipe in (ROOT / "recipes").glob("*.yaml"):
        assert recipe.stem in README


def test_flow_table_has_the_stages_in_order() -> None:
    rows = re.findall(r"^\| (\w+) \| ", README.split("## The flow")[1].split("##")[0], re.MULTILINE)
    stages = [*yaml.safe_load((ROOT / "data/dvc.yaml").read_text())["stages"]]
    stages += yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert rows[1:] == stages


@pytest.mark.parametrize("section", ["data", "prepare", "split", "train", "evaluate", "export"])
def test_params_table_names_every_key(section: str) -> None:
    table = README.split("## Params")[1].split("\n## ")[0]
    part = re.split(r"^\| (\w+) \|", table, flags=re.MULTILINE)
    rows = dict(zip(part[1::2], part[2::2], strict=True))
    model = Params.model_fields[section].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    keys = re.sub(r"\|[^|]*\|$", "|", rows[section], flags=re.MULTILINE)  # without the column of meanings
    named = set(re.findall(r"`(\w+)`", keys))
    assert named <= set(model.model_fields)
    assert set(model.model_fields) - named <= {"allow_leaks"}, "every key is named, but this one in an error message"


@pytest.mark.parametrize("name", PAGES)
def test_commands_for_dvc_exist(name: str) -> None:
    from dvc.cli.parser import get_main_parser

    parser = get_main_parser()
    commands = re.split(r"&&|;|\n", "\n".join(line.split("#")[0] for line in shell_lines(PAGES[name])))
    for command in commands:
        if command.strip().startswith("dvc "):
            parser.parse_args(shlex.split(command)[1:])  # exits, and so fails, at an option that is not there


FOLDERS = r"\.github|src|tools|tests|docs|docker|recipes|bench|data|plots|metrics|models"
OURS = re.compile(rf"(?<![\w/.-])(?:{FOLDERS})/[\w./-]*\w")
MADE = re.compile(r"data/(raw|prepared|sample)|plots/|models/|metrics/")


def test_each_row_of_coming_from_says_what_is_here_and_names_what_exists() -> None:
    page = PAGES["docs/coming-from.md"]
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) > 80
    for there, here in rows:
        assert there.strip()
        assert here.strip(), there
    for span in code_of(page):
        for path in OURS.findall(span):
            assert (ROOT / path).exists() or MADE.match(path), path
        if re.fullmatch(r"(?:data|prepare|split|train|evaluate|export)\.\w+(?:: .*)?", span):
            section, key = re.split(r"[.:]", span)[:2]
            assert key in Params.model_fields[section].annotation.model_fields, span  # type: ignore[union-attr]

"""What the README says must be so: its commands exist, its files exist, its params are all there are."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from specimen.config.params import Params

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")}


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name, page in PAGES.items():
        code = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`|^    (.+)$", page, re.DOTALL | re.MULTILINE)
        used = {target for parts in code for part in parts for target in re.findall(r"\bmake ([a-z0-9-]+)", part)}
        assert used, name
        assert used <= targets, name


def test_linked_files_exist() -> None:
    for page in PAGES.values():
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page):
            assert (ROOT / link).exists(), link


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


def test_commands_for_dvc_exist() -> None:
    from dvc.cli.parser import get_main_parser

    parser = get_main_parser()
    commands = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    dvc_lines = [line.split("#")[0].split() for line in commands if line.startswith("dvc ")]
    assert len(dvc_lines) > 5
    for words in dvc_lines:
        parser.parse_args(words[1:])  # exits, and so fails, at a command or an option that is not there

"""What YAML 1.1 and YAML 1.2 read differently, as DVC reads it."""

from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from specimen.common.errors import SpecimenError
from specimen.common.yaml_versions import differing_places, read_by_yaml_12, value_at
from specimen.config.base import load_section
from specimen.config.prepare import Prepare, Split
from specimen.config.train import Train

SCALARS = [
    "010",
    "0o10",
    "-010",
    "08",
    "00",
    "0_1",
    "1_000",
    "1__0",
    "0b11",
    "-0x10",
    "0x1F",
    "0o9",
    "0b2",
    "12:30:00",
    "190:20:30.15",
    "1e3",
    "1e-3",
    "1.0e3",
    "1.5e+3",
    ".5",
    ".5e3",
    ".5e+3",
    "1.",
    "+1",
    "685_230.15",
    ".inf",
    "-.inf",
    "yes",
    "no",
    "on",
    "off",
    "ON",
    "Off",
    "y",
    "n",
    "True",
    "TRUE",
    "false",
    "~",
    "null",
    "2026-01-01",
    "'010'",
    '"no"',
    "text",
]


@pytest.mark.parametrize("text", SCALARS)
def test_yaml_12_is_read_as_dvc_reads_it(text: str) -> None:
    document = f"a: {text}\nb: [{text}, {{c: {text}}}]\n"
    assert repr(read_by_yaml_12(document)) == repr(YAML(typ="safe").load(document))


def test_the_places_that_differ_are_found() -> None:
    document = "a: 010\nb: [1, {c: on}]\nd: text\n"
    one, other = yaml.safe_load(document), read_by_yaml_12(document)
    assert list(differing_places(one, other)) == [("a",), ("b", 1, "c")]
    assert (value_at(one, ("b", 1, "c")), value_at(other, ("b", 1, "c"))) == (True, "on")
    assert value_at({"rule": False}, ("rule", "action")) is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 010", "split.seed: read as 8 by YAML 1.1, but as 10 by YAML 1.2, as DVC does. Write the one that you"),
        ("seed: 1:30", "split.seed: read as 90 by YAML 1.1, but as '1:30' by YAML 1.2"),
    ],
)
def test_a_value_that_dvc_reads_otherwise_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(f"split: {{{text}}}")
    with pytest.raises(SpecimenError) as error:
        load_section("split", Split, path)
    assert str(error.value).startswith(f"{path}:\n  {message}")


def test_a_value_that_both_readings_make_the_same_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train: {lr: 1e-3, batch_size: 1_6, seed: 0x1F, epochs: 08}\nprepare: {rules: {low_contrast: off}}")
    train = load_section("train", Train, path)
    assert (train.lr, train.batch_size, train.seed, train.epochs) == (0.001, 16, 31, 8)
    assert load_section("prepare", Prepare, path).rules.low_contrast.action == "off"


def test_a_text_that_yaml_takes_for_a_boolean_wants_quotes(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train: {backbone: no}")
    with pytest.raises(SpecimenError, match=r"train\.backbone: YAML takes yes, .* put a text in quotes, got False\."):
        load_section("train", Train, path)

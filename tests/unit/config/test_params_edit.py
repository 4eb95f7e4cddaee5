"""params.yaml is changed in place: what is not changed keeps its comments, its order and its spelling."""

import pytest
import yaml

from specimen.config.params_edit import difference, edit_params

TEXT = """\
# Every choice.

sample:        # drawn
  seed: 7

data:
  root: data/sample   # your own: data/raw
  # One plant.
  group: [a, b]  # all its photos
  leaks:
    - one
    - two

prepare:
  rules:
    label_out_of_range: {min: 0}   # and more
  lr: 1e-3

train:
  augment: {flip: 0.5, mixup: 0.2}
"""


def test_without_changes_the_text_is_the_same() -> None:
    assert edit_params(TEXT, {}) == TEXT
    assert edit_params(TEXT, {"data": {"group": ["a", "b"], "masks": None}, "prepare": {"lr": 1e-3}}) == TEXT


@pytest.mark.parametrize(
    ("changes", "gone", "come"),
    [
        ({"data": {"root": "data/raw"}}, ["  root: data/sample   # your own: data/raw"],
         ["  root: data/raw      # your own: data/raw"]),
        ({"data": {"group": ["c"]}}, ["  group: [a, b]  # all its photos"], ["  group: [c]     # all its photos"]),
        ({"data": {"group": None}}, ["  group: [a, b]  # all its photos"], []),
        ({"data": {"leaks": None}}, ["  leaks:", "    - one", "    - two"], []),
        ({"data": {"leaks": ["x"]}}, ["  leaks:", "    - one", "    - two"], ["  leaks: [x]"]),
        ({"data": {"masks": "masks"}}, [], ["  masks: masks"]),
        ({"data": {"pattern": r"(?P<group>a: \d+)"}}, [], [r"  pattern: '(?P<group>a: \d+)'"]),
        ({"sample": None}, ["sample:        # drawn", "  seed: 7", ""], []),
        ({"prepare": {"rules": {"small_class": "off"}}}, [], ["    small_class: off"]),
        ({"prepare": {"rules": {"small_class": "off", "label_out_of_range": None}}},
         ["    label_out_of_range: {min: 0}   # and more"], ["    small_class: off"]),
        ({"prepare": {"rules": {"label_out_of_range": None}}},
         ["  rules:", "    label_out_of_range: {min: 0}   # and more"], []),
        ({"prepare": {"rules": {"label_out_of_range": {"min": 1}}}},
         ["    label_out_of_range: {min: 0}   # and more"], ["    label_out_of_range: {min: 1}   # and more"]),
        ({"train": {"augment": {"mixup": None}}}, ["  augment: {flip: 0.5, mixup: 0.2}"], ["  augment: {flip: 0.5}"]),
        ({"report": {"metric": "mae"}}, [], ["", "report:", "  metric: mae"]),
    ],
)  # fmt: skip
def test_only_the_lines_of_a_change_are_others(changes: dict, gone: list[str], come: list[str]) -> None:
    lines = difference(TEXT, edit_params(TEXT, changes), "before", "after").splitlines()[3:]
    assert sorted(line[1:] for line in lines if line.startswith("-")) == sorted(gone)
    assert [line[1:] for line in lines if line.startswith("+")] == come


def test_a_long_list_has_a_line_for_each_entry_also_after_further_changes() -> None:
    names = [f"a_column_with_a_long_name_{number}" for number in range(6)]
    text = edit_params(edit_params(TEXT, {"data": {"leaks": names}}), {"data": {"root": "x"}})
    assert "".join(f"    - {name}\n" for name in names) in text
    assert yaml.safe_load(text)["data"]["leaks"] == names


def test_params_can_be_written_from_nothing() -> None:
    text = edit_params("", {"data": {"root": "data/raw"}, "prepare": {"rules": {"small_class": "off"}}})
    assert text == "data:\n  root: data/raw\n\nprepare:\n  rules: {small_class: off}\n"


def test_a_file_without_a_last_line_end_and_an_empty_section_are_no_obstacle() -> None:
    assert yaml.safe_load(edit_params("data:\n  a: 1\ntrain:", {"data": {"b": 2}, "train": {"lr": 0.1}})) == {
        "data": {"a": 1, "b": 2},
        "train": {"lr": 0.1},
    }

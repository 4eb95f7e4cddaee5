"""Tables in Markdown, for pages and for terminals."""

import pytest

from specimen.common.markdown_table import markdown_table

ROWS = [("rmse", "0.25"), ("a|b\nc", "10")]


def test_numbers_are_set_to_the_right() -> None:
    assert markdown_table(("metric", "now"), ROWS).splitlines() == [
        "| metric | now |",
        "| :-- | --: |",
        "| rmse | 0.25 |",
        "| a&#124;b c | 10 |",
    ]


def test_an_aligned_table_has_columns_of_one_width() -> None:
    assert markdown_table(("metric", "now"), ROWS[:1], aligned=True).splitlines() == [
        "| metric |  now |",
        "| :----- | ---: |",
        "| rmse   | 0.25 |",
    ]


def test_a_row_of_another_width_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="2 columns, but a row of 1"):
        markdown_table(("a", "b"), [("1",)])

"""Mermaid charts: text that Mermaid can read, whatever the names and numbers."""

import json
import re

import numpy as np
import pytest

from specimen.reporting.mermaid import BASE, HEAD, chart, plain


def lines(text: str) -> list[str]:
    assert text.startswith("```mermaid\n")
    assert text.endswith("\n```")
    return text.split("\n")[1:-1]


def test_the_first_line_fixes_the_colours_in_the_order_of_the_series() -> None:
    first = lines(chart("Loss", ("epoch", [1, 2]), "loss", [("line", BASE, [1, 2]), ("line", HEAD, [2, 1])]))[0]
    settings = json.loads(re.fullmatch(r"%%\{init: (.*)\}%%", first)[1])
    assert settings["themeVariables"]["xyChart"]["plotColorPalette"] == f"{BASE}, {HEAD}"


def test_a_shorter_curve_stays_at_its_last_value() -> None:
    text = chart("Loss", ("epoch", [1, 2, 3]), "loss", [("line", BASE, [3, 2]), ("line", HEAD, [3, 2, 1])])
    assert lines(text)[-2:] == ["  line [3, 2, 2]", "  line [3, 2, 1]"]


@pytest.mark.parametrize("values", [[np.nan, np.inf], [1.0, np.nan], [0.0, 0.0], [1e-12, 1e12], [-1, -2], []])
def test_any_numbers_give_a_chart_of_finite_ones(values: list[float]) -> None:
    text = chart("Loss", ("epoch", [1, 2]), "loss", [("bar", HEAD, values)])
    numbers = re.findall(r"\[([^\]\"]*)\]$", text.split("\n")[-2])[0].split(", ")
    assert len(numbers) == 2
    assert np.isfinite([float(number) for number in numbers]).all()
    low, high = map(float, re.findall(r'y-axis "loss" (\S+) --> (\S+)', text)[0])
    assert low < high


@pytest.mark.parametrize("name", ['a"b', "a]b", "```", "a\nb", "%%{init}%%", "<b>", "", "-->", "x" * 99, "www.x", "@x"])
def test_names_lose_what_mermaid_would_read(name: str) -> None:
    text = chart(name, (name, [name]), name, [("bar", HEAD, [1])])
    assert len(lines(text)) == 6
    assert not re.search(r"<|@|www\.", text)
    assert text.count("```") == 2
    assert not set(plain(name)) & set('"[]{}%<>`\n')

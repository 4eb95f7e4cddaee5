"""What a change concerns, as `dvc status` sees it: a report, a server or a test retrains nothing, a plot neither."""

from __future__ import annotations

import py_compile
from pathlib import Path
from typing import Any

import pytest
from projects import changed_stages, write_params

Params = dict[str, dict[str, Any]]


@pytest.mark.parametrize(
    ("pattern", "stages"),
    [
        ("src/specimen/serving/**/*", set()),
        ("src/specimen/reporting/**/*", set()),
        ("src/specimen/integrations/[!t]*", set()),  # all but tracking.py
        ("src/specimen/integrations/tracker*", set()),
        ("src/specimen/inference/*", set()),
        ("src/specimen/experiments/*", set()),
        ("src/report.py", set()),
        ("src/serve.py", set()),
        ("tools/*", set()),
        ("src/specimen/evaluation/plots/*", {"evaluate"}),
        ("src/specimen/integrations/tracking.py", {"train", "evaluate", "export"}),
        ("src/specimen/onnx/*", {"export"}),
        ("src/specimen/config/report.py", {"validate"}),
    ],
)
def test_a_comment_concerns_only_the_stages_that_use_the_code(repository: Path, pattern: str, stages: set[str]) -> None:
    files = [path for path in repository.glob(pattern) if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes() + (b"\n# A comment.\n" if path.suffix == ".py" else b"\n"))
    assert changed_stages(repository) == stages


def test_a_key_of_the_report_concerns_no_stage(repository: Path, tiny_params: Params) -> None:
    write_params(repository, tiny_params, report={"fail_on": "worse"})
    assert changed_stages(repository) == set()


def test_a_key_of_evaluate_concerns_that_stage_alone(repository: Path, tiny_params: Params) -> None:
    """And validate, which looks through all params before anything runs."""
    write_params(repository, tiny_params, evaluate={"gallery": 5})
    assert changed_stages(repository) == {"validate", "evaluate"}


def test_what_python_compiles_concerns_no_stage(repository: Path) -> None:
    for path in (repository / "src").rglob("*.py"):
        py_compile.compile(str(path), cfile=str(path.parent / "__pycache__" / f"{path.stem}.pyc"), doraise=True)
    assert changed_stages(repository) == set()

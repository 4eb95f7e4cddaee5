"""What a pull request could have made up in its own report is said at the top of it."""

import re

import pytest

from specimen.reporting.claims import Origin, claim_section


def said(*files: str, complete: bool = True, trained: bool = False) -> str:
    return claim_section(Origin(files, complete, trained)).body


@pytest.mark.parametrize("path", [
    "src/specimen/reporting/verdict.py", ".github/workflows/report.yml", ".github/scripts/render_report.py", "Makefile",
    "dvc.yaml", "data/dvc.yaml", "folds/dvc.yaml", "seeds/dvc.yaml", "tools/ci_repro.py", ".dvc/config", ".dvcignore",
    "requirements/dev.txt", "pyproject.toml", "conftest.py", "plots/predictions.csv", "sitecustomize.py",
    "metrics/x.py", "docs", "tests", "",
])  # fmt: skip
def test_code_of_the_pull_request_may_have_written_any_number(path: str) -> None:
    for trained in (False, True):
        text = said("params.yaml", path, trained=trained)
        assert re.match(r"\*\*Its own claim:\*\* this pull request changes (`|<code>)", text)


def test_the_folders_are_named_once() -> None:
    text = said("src/a.py", "src/specimen/b.py", ".github/workflows/report.yml", "Makefile", "docs/a.md")
    assert "changes `src/`, `.github/`, `Makefile`, which made this report." in text


@pytest.mark.parametrize("path", [
    "dvc.lock", "data/dvc.lock", "metrics/test.json", "folds/dvc.lock", "folds/folds.yaml", "seeds/dvc.lock",
    "seeds/seeds.yaml",
])  # fmt: skip
def test_results_that_were_committed_are_a_claim_until_ci_has_run(path: str) -> None:
    assert "somebody else's machine has made what CI only read" in said(path, "params.yaml")
    assert said(path, "params.yaml", trained=True).startswith(
        "Run in CI by the code of the base, without the run cache"
    )


def test_trainings_with_other_seeds_stay_a_claim_where_ci_has_run() -> None:
    text = said("params.yaml", "dvc.lock", "seeds/dvc.lock", "seeds/seeds.yaml", "metrics/seeds.json", trained=True)
    assert text.startswith("Run in CI by the code of the base")
    assert "other seeds (`seeds/`, `metrics/`) are its own claim" in text
    assert "claim" not in said("params.yaml", "dvc.lock", "metrics/test.json", trained=True)


def test_params_data_docs_and_tests_make_no_claim() -> None:
    files = ("params.yaml", "data/raw.dvc", "photos.dvc", "data/labels.csv", "docs/a.md", "tests/unit/test_a.py",
             "bench/train.py", "README.md")  # fmt: skip
    assert said(*files) == ""


def test_where_not_all_files_are_known_it_is_a_claim() -> None:
    assert said("params.yaml", complete=False, trained=True).startswith("**Its own claim:**")


def test_names_of_files_are_escaped() -> None:
    assert "<b>" not in said("<b>@everyone/x.py")
    assert "@&#8203;" in said("<b>@everyone/x.py").replace("&#64;", "@")

"""Dagster in a real browser, on the real pipeline: what is written in the launchpad is trained, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from needs import needs_browser
from pages.chromium import open_chromium, page_text, wait_for
from pages.dagster_pages import DagsterPages, serve_dagster
from projects import commit_all, dvc_here, git, write_params

pytest.importorskip("dagster_webserver", reason="needs the extra dagster")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
    needs_browser,
]


def test_a_run_config_written_in_the_launchpad_is_trained_and_params_stay(
    repository: Path, tiny_params: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    write_params(repository, tiny_params, train={"epochs": 3, "seed": 2})  # another seed: nothing is in the cache
    commit_all(repository, "Three epochs")
    params, old = (repository / "params.yaml").read_bytes(), history(repository)
    with serve_dagster(repository, tmp_path / "dagster") as address, open_chromium() as chrome:
        pages = DagsterPages(chrome, address)
        pages.configure("epochs: 0\n")
        pages.launch()
        refusal = "train.epochs: Input should be greater than or equal to 1, got 0."
        wait_for(chrome, lambda: refusal in page_text(chrome))
        pages.configure("epochs: 2\n")
        pages.launch()
        assert pages.wait_for_run() == "Success", page_text(chrome)
        name = f"dagster-{chrome.current_url.rpartition('/')[2][:8]}"
        pages.open("/assets/evaluate", f"dvc exp apply {name}")
        assert pages.show_plots() > 3
    assert git(repository, "status", "--porcelain") == ""
    assert (repository / "params.yaml").read_bytes() == params
    assert history(repository) == old, "the workspace keeps its own"
    dvc_here(repository, "exp", "apply", name)
    assert len(history(repository)) == 1 + 2
    assert history(repository) != old
    train = yaml.safe_load((repository / "params.yaml").read_text())["train"]
    assert (train["epochs"], train["seed"]) == (2, 2)


def history(repository: Path) -> list[str]:
    return (repository / "plots/history.csv").read_text().splitlines()

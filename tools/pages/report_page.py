"""`report.html` as a reviewer sees it: the demo, as a change of a training that was too short."""

from __future__ import annotations

from pathlib import Path

from pages.chromium import open_chromium, save_picture, set_viewport, wait_for
from pages.clone import commit, revert, run_dvc, run_python
from specimen.config.params_edit import edit_params

BASE_EPOCHS = 2
"""Of the training that is compared with."""
WIDTH, HEIGHT = 1180, 632


def take_pictures(clone: Path, docs: Path) -> None:
    """Make a base in a clone, let the demo be the change of a pull request, and save the photos that changed most."""
    params = clone / "params.yaml"
    demo = params.read_text(encoding="utf-8")
    params.write_text(edit_params(demo, {"train": {"epochs": BASE_EPOCHS}}), encoding="utf-8")
    run_dvc(clone, "repro", "--quiet", "evaluate")
    commit(clone, "Train for a short time")
    revert(clone)
    run_dvc(clone, "checkout", "--quiet")
    run_python(clone, "src/report.py", "--base", "HEAD~1")
    with open_chromium() as chrome:
        set_viewport(chrome, WIDTH, HEIGHT)
        chrome.get((clone / "report.html").as_uri())
        wait_for(chrome, lambda: chrome.find_elements("css selector", ".chart svg"))
        photos = "[...document.querySelectorAll('h2')].find(one => one.textContent === 'Photos')"
        chrome.execute_script(f"{photos}.scrollIntoView()")
        save_picture(chrome, docs / "report.webp")

"""Dagster as people use it: `dagster dev` on this machine, and its pages in a browser."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome

from pages.chromium import open_chromium, page_text, save_picture, wait_for
from pages.server import DIRECT, free_port, serve
from specimen.common.errors import SpecimenError

MODULE = "specimen.integrations.dagster_assets"
SETTINGS = "telemetry: {enabled: false}\nnux: {enabled: false}\n"
PLAYGROUND = f"/locations/{MODULE}/jobs/pipeline/playground"
RUN_CONFIG = """\
epochs: 5
lr: 0.0005
overrides:
  - train.augment.flip=0.3
"""
SECONDS_TO_SETTLE = 3.0
"""What moves on a page has come to rest then."""
SECONDS_OF_A_RUN = 3600.0
SECONDS_TO_ANSWER = 60.0
ENDS = {"SUCCESS": "Success", "FAILURE": "Failure"}
"""How a run can end, in Dagster's words and on its page."""


@contextmanager
def serve_dagster(repository: Path, home: Path) -> Iterator[str]:
    """Run `dagster dev` on the pipeline of a repository, as `make dagster` does; yield its address.

    `home` gets Dagster's database and a log. At the end all processes are gone.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(SETTINGS, encoding="utf-8")
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    where = ["--host", "127.0.0.1", "--port", port, "--working-directory", str(repository)]
    command = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", *where, "--module-name", MODULE]
    own = {"DAGSTER_HOME": str(home), "PYTHONPATH": str(repository / "src"), "DVC_NO_ANALYTICS": "1"}
    with serve(command, repository, home / "log.txt", f"{address}/server_info", **own):
        yield address


class DagsterPages:
    """The pages of Dagster, and what people do there."""

    def __init__(self, chrome: Chrome, address: str) -> None:
        self.chrome = chrome
        self.address = address

    def open(self, path: str, text: str) -> None:
        """Open a page and wait until it shows a text."""
        self.chrome.get(self.address + path)
        wait_for(self.chrome, lambda: text in page_text(self.chrome))

    def configure(self, run_config: str) -> None:
        """Open the launchpad of the job and write a run config."""
        self.open(PLAYGROUND, "Launch Run")
        wait_for(self.chrome, lambda: self.chrome.find_elements("css selector", ".CodeMirror"))
        write = "document.querySelector('.CodeMirror').CodeMirror.setValue(arguments[0])"
        self.chrome.execute_script(write, run_config)

    def launch(self) -> None:
        """Press the button, as soon as Dagster has looked at the run config."""
        button = "//button[contains(., 'Launch Run') and not(@disabled)]"
        wait_for(self.chrome, lambda: self.chrome.find_elements("xpath", button))[0].click()

    def wait_for_run(self) -> str:
        """Wait for the end of the run that was launched, and open its page; return `Success` or `Failure`.

        Meanwhile the browser shows nothing: the page of a run draws it live, which takes a core from the run.
        """
        wait_for(self.chrome, lambda: "/runs/" in self.chrome.current_url)
        page = self.chrome.current_url
        self.chrome.get("about:blank")
        wait_for(self.chrome, lambda: self._status(page.rpartition("/")[2]) in ENDS, SECONDS_OF_A_RUN, every=0.5)
        self.chrome.get(page)
        return wait_for(
            self.chrome,
            lambda: next((end for end in ENDS.values() if f"\n{end}\n" in page_text(self.chrome)), None),
        )

    def _status(self, run: str) -> str:
        """Ask Dagster how a run is."""
        query = json.dumps({"query": f'{{ runOrError(runId: "{run}") {{ ... on Run {{ status }} }} }}'})
        asked = urllib.request.Request(f"{self.address}/graphql", query.encode(), {"Content-Type": "application/json"})
        with DIRECT.open(asked, timeout=SECONDS_TO_ANSWER) as answer:
            return str(json.load(answer)["data"]["runOrError"]["status"])

    def save(self, path: Path, bottom: int | None = None) -> None:
        """Save a picture of the page, down to row `bottom`, when nothing moves any more."""
        time.sleep(SECONDS_TO_SETTLE)
        save_picture(self.chrome, path, bottom)

    def show_plots(self) -> int:
        """On the page of an asset, open the Markdown of its plots; return how many pictures the browser has drawn."""
        row = "//tr[td[contains(., 'plots')]]//*[text()='[Show Markdown]']"
        wait_for(self.chrome, lambda: self.chrome.find_elements("xpath", row))[0].click()
        drawn = """
            const pictures = [...document.querySelectorAll("img[src^='data:image/png']")];
            return pictures.every((one) => one.naturalWidth) ? pictures.length : 0;
        """
        return wait_for(self.chrome, lambda: int(self.chrome.execute_script(drawn)))


def take_pictures(clone: Path, docs: Path) -> None:
    """Run the pipeline of a clone from the launchpad, and save lineage, run config and plots."""
    with serve_dagster(clone, clone.parent / "dagster") as address, open_chromium() as chrome:
        pages = DagsterPages(chrome, address)
        pages.configure(RUN_CONFIG)
        pages.save(docs / "dagster-launchpad.png")
        pages.launch()
        if (end := pages.wait_for_run()) != "Success":
            raise SpecimenError(f"The run in Dagster ended with {end}:\n{page_text(chrome)}")
        chrome.set_window_size(1500, 900)
        pages.open("/asset-groups", "Hide navigation")
        chrome.find_element("xpath", "//*[text()='Hide navigation']").click()
        pages.save(docs / "dagster-lineage.png", bottom=600)
        pages.open("/assets/evaluate", "dvc exp apply")
        pages.show_plots()
        chrome.execute_script("document.querySelector(\"img[alt='predicted_vs_true']\").scrollIntoView()")
        pages.save(docs / "dagster-plots.png")

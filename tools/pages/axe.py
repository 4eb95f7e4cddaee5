"""What axe-core finds in a page that keeps people from using it: the rules of WCAG 2.2 A and AA, and good practice.

https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

from pathlib import Path

from selenium import webdriver

SCRIPT = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  ({violations}) => done(violations.flatMap(({id, help, nodes}) =>
    nodes.map(({html, any}) => `${id}: ${help}: ${html} ${any.map(({message}) => message).join("; ")}`))),
  (error) => done([String(error)]));
"""


def find_violations(chrome: webdriver.Chrome) -> list[str]:
    """Return each violation of a rule in the page as it is shown now, with the element that violates it."""
    if not chrome.execute_script("return 'axe' in window"):
        chrome.execute_script(SCRIPT.read_text(encoding="utf-8"))
    return [str(one) for one in chrome.execute_async_script(_RUN)]

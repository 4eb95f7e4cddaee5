"""The page with a diary, and with answers that need no model: what it keeps, writes and shows can be tested at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from javascript import run_javascript

from specimen.site.sheet import BatchSheet

SOURCE = Path(__file__).parents[1] / "src/specimen"
FOLDERS = (SOURCE / "serving/page", SOURCE / "site/page")
"""As in the site, the files of the second take the place of the first ones with the same name."""

ANSWERS = """
const model = MODEL;
export const explain = async () => ({ heat: [[1]], change: 0 });
export const setKey = () => null;
export const onNewer = () => null;
export const words = { en: {}, de: {} };
export const getModel = async () => model;
export async function predict(file, features) {
  const version = model.version;
  const grams = { prediction: file.size / 1000, low: 0, high: 1, unit: "g", unlike: false, version };
  if (model.task === "regression") return grams;
  const top = model.classes.map((name) => ({ name, probability: 1 / model.classes.length }));
  return { prediction: "red", confidence: 0.5, top, prediction_set: ["red"], unlike: false, version };
}
"""


def make_page(folder: Path, sheet: BatchSheet, **facts: Any) -> None:
    """Write the page; `facts` of the model replace those of one that predicts grams."""
    for source in FOLDERS:
        shutil.copytree(source, folder / "page", dirs_exist_ok=True)
    model = {
        "task": "regression", "target": sheet.target, "unit": "g", "classes": None, "features": [], "metrics": None,
        "limits": {"file_bytes": 25_000_000, "pixels": 50_000_000}, "version": "0123456789abcdef", "resize": "pad",
        "coverage": 0.9, "commit": None, "sheet": sheet.model_dump(mode="json"),
    } | facts  # fmt: skip
    (folder / "page/answers.js").write_text(ANSWERS.replace("MODEL", json.dumps(model)), encoding="utf-8")
    (folder / "page/model.json").write_text(json.dumps(model), encoding="utf-8")
    (folder / "page/package.json").write_text('{"type": "module"}', encoding="utf-8")
    shutil.move(folder / "page/index.html", folder / "index.html")


SETUP = """
globalThis.navigator ??= { language: "en" };
const model = JSON.parse(readFileSync("page/model.json", "utf8"));
const load = (name) => import(`${page}/${name}`);
"""


def run_in_page(folder: Path, program: str, given: Any) -> Any:
    """Return what a program returns for `given`, the body of a function that may `load` from `page/`."""
    return run_javascript(SETUP + program, given, folder / "page")

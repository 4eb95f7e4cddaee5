"""Runs modules of the site in Node.js, without a browser."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import specimen.site

PAGE = Path(specimen.site.__file__).parent / "page"


def run_javascript(program: str, given: Any, page: Path = PAGE) -> Any:
    """Return what a program returns for `given`: the body of a function, which may import from `page`.

    It runs in the folder above `page`.
    """
    script = f"""
        import {{ readFileSync, writeFileSync }} from "node:fs";
        const page = {json.dumps(page.as_uri())};
        const given = JSON.parse(readFileSync(0, "utf8"));
        const result = await (async () => {{ {program} }})();
        writeFileSync(1, JSON.stringify(result ?? null));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=page.parent,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

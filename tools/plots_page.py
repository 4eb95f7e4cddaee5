"""Let `dvc plots diff` and `dvc plots show` write pages that draw without a network; `make env` runs this.

DVC's own page loads three scripts from a CDN. This writes a template that has them in it, made from an installed
package, and names it in `.dvc/config.local`. Git ignores both.
"""

from __future__ import annotations

import sys
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.reporting.page.vega import vega_script
from specimen.versioning.dvc_commands import run_dvc

TEMPLATE = Path(".dvc/plots.html")
PAGE = """<!doctype html>
<html lang="en">
<head>
{refresh_tag}
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DVC plots</title>
<style>
body { font-family: system-ui, sans-serif; margin: 1rem; color: #1d2320; background: #fff; }
div { margin-bottom: 1rem; overflow-x: auto; }
img { max-width: 100%; height: auto; }
table { border-spacing: 1rem; }
</style>
<script>SCRIPT</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def main() -> None:
    """Write the template and let DVC use it."""
    if not TEMPLATE.parent.is_dir():
        raise SpecimenError(f"{Path.cwd()} has no .dvc; run from the root of the repository.")
    with replace_atomically(TEMPLATE) as new:
        new.write_text(PAGE.replace("SCRIPT", vega_script()), encoding="utf-8")
    if status := run_dvc("config", "--local", "plots.html_template", TEMPLATE.name):
        sys.exit(status)  # DVC has said why


if __name__ == "__main__":
    errors.run_cli(main)

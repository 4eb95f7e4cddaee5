"""What tests need that is not a package of Python."""

import os
import shutil
from pathlib import Path

import pytest
from pages.chromium import BROWSER, DRIVER, INSTALL

needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER) and os.environ.get("REQUIRE_BROWSER") != "1", reason=INSTALL
)

NODE_MODULES = Path(__file__).parents[1] / "node_modules"
needs_node = pytest.mark.skipif(
    not (shutil.which("node") and (NODE_MODULES / ".made").exists()) and os.environ.get("REQUIRE_NODE") != "1",
    reason="no packages of npm (with Node.js installed, `make test` installs them)",
)

needs_gh = pytest.mark.skipif(
    shutil.which("gh") is None and os.environ.get("REQUIRE_GH") != "1",
    reason="no gh on this machine (Debian: apt-get install gh)",
)

needs_javascript = pytest.mark.skipif(
    not shutil.which("node") and os.environ.get("REQUIRE_NODE") != "1", reason="no node (Node.js, 20 or newer)"
)

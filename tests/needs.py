"""What tests need that is not a package of Python."""

import os

import pytest
from pages.chromium import BROWSER, DRIVER, INSTALL

needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER) and os.environ.get("REQUIRE_BROWSER") != "1", reason=INSTALL
)

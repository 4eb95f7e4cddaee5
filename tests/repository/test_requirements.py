"""Each pin has the hashes of its files, and whatever installs the pins asks for them."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
INSTALLS = re.compile(r"pip install\b.*?(?:--requirement|-r) requirements/\w+\.txt")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_pin_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pins = re.findall(r"^\S.*(?:\n .*)*", text, re.MULTILINE)
    assert pins
    for pin in pins:
        assert re.match(r"[a-z0-9.-]+==\S+", pin)
        assert "--hash=sha256:" in pin, pin
    assert "://" not in text


def test_whatever_installs_the_pins_asks_for_their_hashes() -> None:
    places = [ROOT / "Makefile", *ROOT.glob("*Dockerfile"), *ROOT.glob("docker/*Dockerfile"),
              *(ROOT / ".github/workflows").iterdir(), ROOT / ".gitlab-ci.yml"]  # fmt: skip
    installs = [found for place in places for found in INSTALLS.findall(place.read_text(encoding="utf-8"))]
    assert len(installs) >= 4
    assert [install for install in installs if "--require-hashes" not in install] == []


def test_each_package_of_npm_has_one_version_a_hash_and_no_address() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version, "exactly, not ^1.2 or ~1.2"
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert "://" not in text
    assert "resolved" not in text

"""A laboratory: Amazon's services (moto) and GitHub (a stand-in for gh) on this machine."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from gh_stand_in import put_gh
from github_server import serving
from projects import ROOT, fail_script, forget_settings, init_git, run_script

REGION = "eu-central-1"


@dataclass
class Lab:
    """A copy of the repository's config in a folder, and what surrounds it."""

    root: Path
    state: Path
    endpoint: str

    def connect(self, *arguments: str) -> None:
        """Run `tools/connect.py` without questions."""
        run_script(self.root, "connect", "--yes", *arguments)

    def fail(self, *arguments: str) -> str:
        return fail_script(self.root, "connect", *arguments)

    def client(self, service: str, region: str = REGION) -> Any:
        import boto3

        return boto3.client(service, region_name=region)

    @property
    def github(self) -> dict[str, Any]:
        known: dict[str, Any] = json.loads(self.state.read_text())
        return known

    def tell_github(self, **known: Any) -> None:
        self.state.write_text(json.dumps(self.github | known))


@pytest.fixture(scope="session")
def amazon() -> Iterator[str]:
    """The address of a server that has S3, IAM and STS."""
    from moto.server import ThreadedMotoServer  # not by each test that needs none of it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def lab(tmp_path: Path, amazon: str, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """An empty account, a new repository on GitHub, and a clone of it."""
    forget_settings(monkeypatch, tmp_path / "settings")
    for name in os.environ:
        if name.startswith(("S3_", "GH_")):
            monkeypatch.delenv(name)
    connection = HTTPConnection(amazon.removeprefix("http://"))
    connection.request("POST", "/moto-api/reset")
    assert connection.getresponse().status == 200
    connection.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", amazon)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-account")
    monkeypatch.setenv("HOME", str(tmp_path))  # without ~/.aws
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    put_gh(tmp_path / "bin", tmp_path / "gh.json")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    root = tmp_path / "clone"
    (root / ".dvc").mkdir(parents=True)
    shutil.copyfile(ROOT / ".dvc/config", root / ".dvc/config")
    init_git(root)
    return Lab(root, tmp_path / "gh.json", amazon)


@pytest.fixture
def real_gh(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the real gh ask about the laboratory's repository, in place of the stand-in."""
    (lab.root.parent / "bin/gh").unlink()
    with serving(lab.state) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield

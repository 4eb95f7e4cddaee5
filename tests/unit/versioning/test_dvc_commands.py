"""Commands of DVC that are read to the end."""

import sys
from pathlib import Path

import pytest

from specimen.versioning import dvc_commands
from specimen.versioning.errors import NotAvailableError


def test_a_command_that_takes_too_long_is_stopped_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dvc_commands, "dvc_command", lambda *_: [sys.executable, "-c", "import time; time.sleep(99)"])
    with pytest.raises(NotAvailableError, match=r"`dvc data status` gave no answer within 0\.2 s"):
        dvc_commands.read_dvc(tmp_path, "data", "status", "--json", seconds=0.2)

"""What `make mlflow` starts. Its picture in the docs comes from that command, and from runs that it has taken."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def recipe(*settings: str) -> str:
    """Return the command of `make mlflow` with some settings, without running it."""
    make = ["make", "--dry-run", "--old-file", ".venv/.all", "mlflow", *settings]
    env = {name: value for name, value in os.environ.items() if not re.match("MAKE|PORT|ADDRESS", name)}
    done = subprocess.run(make, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return " ".join(done.stdout.replace("\\\n", " ").split())


def test_the_server_listens_on_this_machine_alone_unless_told_otherwise() -> None:
    assert " --host 127.0.0.1 --port 5001 " in recipe()
    assert " --host 0.0.0.0 --port 8080 " in recipe("ADDRESS=0.0.0.0", "PORT=8080")


def test_the_server_reads_the_database_that_the_client_of_the_same_version_writes() -> None:
    (client,) = re.findall(r"^mlflow-skinny==(\S+)", (ROOT / "requirements/all.txt").read_text(), re.MULTILINE)
    assert f" mlflow=={client} mlflow server " in recipe()
    assert " --backend-store-uri sqlite:///mlflow.db " in recipe()

"""A rented machine that is taken away in the middle of a training, and the next one that goes on."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml
from projects import commit_all, environment, git

from specimen.versioning.cloud_run import CloudRun
from specimen.versioning.remote_files import RemoteFiles

EPOCHS = 12


def start(machine: Path, base: str, commit: str) -> subprocess.Popen[str]:
    """Start what cloud/train.yaml runs on a machine."""
    asked = {"BASE": base, "COMMIT": commit, "RUN": "7-1", "MINUTES": "30", "CHECKPOINT_SECONDS": "0.05"}
    command = [sys.executable, "tools/rented.py"]
    variables = environment(machine) | asked
    return subprocess.Popen(
        command, cwd=machine, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_the_next_machine_goes_on_from_the_checkpoint_in_the_remote(repository: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    (repository / ".dvc/config.local").write_text(f"['remote \"storage\"']\n    url = {remote}\n")
    base = git(repository, "rev-parse", "HEAD").strip()
    params = yaml.safe_load((repository / "params.yaml").read_text())
    params["train"]["epochs"] = EPOCHS
    (repository / "params.yaml").write_text(yaml.safe_dump(params))
    commit_all(repository, "More epochs")
    commit = git(repository, "rev-parse", "HEAD").strip()
    first, second = (Path(shutil.copytree(repository, tmp_path / name, symlinks=True)) for name in ("first", "second"))

    checkpoint = remote / "cloud" / commit / "checkpoint.pt"
    taken = start(first, base, commit)
    while not checkpoint.exists():
        assert taken.poll() is None, taken.communicate()[0]
        time.sleep(0.01)
    taken.terminate()
    assert "The machine is being taken away." in taken.communicate()[0]
    run = CloudRun(RemoteFiles(repository), commit, "7-1")
    assert run.take_results(repository) is None

    finished = start(second, base, commit)
    said = finished.communicate()[0]
    assert finished.returncode == 0, said
    assert "models/checkpoint.pt of an earlier machine is here" in said
    assert "goes on after epoch" in said
    assert run.take_results(repository) == 0
    lock = yaml.safe_load((repository / "dvc.lock").read_text())
    model = next(out["md5"] for out in lock["stages"]["train"]["outs"] if out["path"] == "models/model.pt")
    assert (remote / "files/md5" / model[:2] / model[2:]).exists()
    assert lock["stages"]["train"]["params"]["params.yaml"]["train"]["epochs"] == EPOCHS

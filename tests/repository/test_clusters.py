"""The job script for SLURM and the page on clusters, without a cluster: what would be started where."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from specimen.config.train import Train

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "cloud/train.sbatch"
PAGE = (ROOT / "docs/clusters.md").read_text(encoding="utf-8")
LAUNCHER = "torchrun --nnodes 3 --nproc-per-node 4"

# Each writes what it was called with; DVC's training takes until the other nodes have begun.
PRETENDERS = {
    "scontrol": 'printf "node1\nnode2\nnode3\n"',
    "srun": """
        [[ "$*" == "--relative=1 --nodes=2 --ntasks=2 bash -c "* ]] || exit 9
        for node in 0 1; do SLURM_NODEID=$node bash -c "${@: -1}" & done
        trap 'kill $(jobs -p); exit' TERM; wait; sleep 60 & wait""",
    "torchrun": 'echo "node $PET_NODE_RANK of $PET_MASTER_ADDR:$PET_MASTER_PORT: torchrun $*" >> calls',
    "dvc": """
        echo "dvc $* as ${PET_NODE_RANK-none}" >> calls
        [ "${2-}" != train ] || until [ "$(grep -c torchrun calls)" = 2 ]; do sleep 0.05; done
        [ "${2-}" != "${FAILS-nothing}" ]""",
}


def submit(folder: Path, nodes: int, **env: str) -> tuple[int, list[str]]:
    """Run the script as SLURM would on its first node; return its status and what was called, sorted."""
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/activate").touch()
    (folder / "params.yaml").write_text(yaml.safe_dump({"train": {"launcher": LAUNCHER}}))
    for name, text in PRETENDERS.items():
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    variables = {"SLURM_JOB_NUM_NODES": str(nodes), "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "node[1-3]"}
    variables |= {"SLURM_SUBMIT_DIR": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", str(SCRIPT)], env=os.environ | variables | env, timeout=50, check=False, start_new_session=True
    )
    return done.returncode, sorted((folder / "calls").read_text().splitlines())


def test_each_node_runs_the_launcher_of_the_params_and_dvc_that_of_the_first(tmp_path: Path) -> None:
    assert submit(tmp_path, 3) == (
        0,
        [
            "dvc repro as none",
            "dvc repro prepare as none",
            "dvc repro train as 0",
            "node 1 of node1:20007: torchrun --nnodes 3 --nproc-per-node 4 src/train.py",
            "node 2 of node1:20007: torchrun --nnodes 3 --nproc-per-node 4 src/train.py",
        ],
    )


def test_a_failed_training_ends_the_job(tmp_path: Path) -> None:
    status, calls = submit(tmp_path, 3, FAILS="train")
    assert status == 1
    assert "dvc repro as none" not in calls


def test_where_the_data_are_at_fault_no_other_node_begins(tmp_path: Path) -> None:
    assert submit(tmp_path, 3, FAILS="prepare") == (1, ["dvc repro prepare as none"])


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_the_launchers_of_the_page_are_accepted() -> None:
    found = re.findall(r"(torchrun --[^`#]*?)(?: src/train.py)?(?:`|$)", PAGE + SCRIPT.read_text(), re.MULTILINE)
    assert len(found) >= 4
    for launcher in found:
        assert Train(launcher=launcher.strip()).launcher

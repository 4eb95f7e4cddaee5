"""From the template to the first comment, with the commands of the README: a laboratory of Amazon and GitHub around it.

The programs gh and git are the real ones; git reaches its server as it does over SSH. The stages are stand-ins that
write what the real ones write, and packages are not installed; all else is as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from actions import Job, download_from, runner_environment, upload_to
from comment_check import checked
from github_api import PREFIX
from github_server import TOKEN
from laboratory import REGION, Lab
from needs import needs_gh
from post_comment import MARK
from projects import GIT_IDENTITY, ROOT, commit_all, git, init_git, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
STAGES = ("sample", "validate", "prepare", "train", "evaluate", "export")
STAGE = """
import csv, json, random, sys
from pathlib import Path
import yaml

params = yaml.safe_load(Path("params.yaml").read_text())

def write(path, names, rows=()):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\\n").writerows([names, *rows])

def sample():
    write("data/sample/labels.csv", ["filename"])

def validate():
    Path("data/validated.json").write_text("{}")

def prepare():
    draw = random.Random(0)
    rows = [(n + 2, f"photo_{n}.jpg", f"plant {n // 2}", "test" if n % 4 < 2 else "train", draw.uniform(1, 9))
            for n in range(120)]
    write("data/prepared/samples.csv", ["row", "image", "group", "split", "target"], rows)
    write("data/prepared/rejected.csv", ["row", "image", "rule", "value"])
    write("data/prepared/ignored.csv", ["file", "reason"])
    write("plots/data/missing.csv", ["column", "share"])

def train():
    Path("models").mkdir(exist_ok=True)
    epochs = params["train"]["epochs"]
    Path("models/model.pt").write_text(json.dumps({"error": 5 / epochs}))
    write("plots/history.csv", ["epoch", "train_loss", "val_loss"], [(n, 1 / n, 2 / n) for n in range(1, epochs + 1)])

def evaluate():
    error = json.loads(Path("models/model.pt").read_text())["error"]
    with open("data/prepared/samples.csv", newline="") as file:
        test = [row for row in csv.DictReader(file) if row["split"] == "test"]
    draw = random.Random(4)
    for row in test:
        row["prediction"] = float(row["target"]) + error * draw.gauss()
    write("plots/predictions.csv", list(test[0]), [list(row.values()) for row in test])
    write("plots/test/note.csv", ["a"])
    write("plots/tables/errors.csv", ["share", "error"])
    score = (sum((row["prediction"] - float(row["target"])) ** 2 for row in test) / len(test)) ** 0.5
    Path("metrics").mkdir(exist_ok=True)
    scores = {"rmse": float(f"{score:.6g}"), "samples": len(test), "groups": len({row["group"] for row in test})}
    details = {"baseline": {"mean": {"rmse": 2.5}}}
    for name, content in {"test": scores, "details": details, "data": {"rows": 120}}.items():
        Path(f"metrics/{name}.json").write_text(json.dumps(content))

def export():
    Path("models/small").mkdir(parents=True, exist_ok=True)
    Path("models/model.onnx").write_text("onnx")
    Path("metrics/export.json").write_text("{}")

globals()[Path(sys.argv[0]).stem]()
"""
PYTHON = """#!/bin/sh
# Makes a .venv of what is installed already.
if [ "$1 $2" != "-m venv" ]; then exec {python} "$@"; fi
mkdir -p .venv/bin
printf '#!/bin/sh\\nPYTHONPATH="%s/src" exec {python} "$@"\\n' "$PWD" > .venv/bin/python
printf '#!/bin/sh\\nexec "%s/.venv/bin/python" -m dvc "$@"\\n' "$PWD" > .venv/bin/dvc
printf '#!/bin/sh\\n' | tee .venv/bin/pip > .venv/bin/uv
printf 'export PATH="%s/.venv/bin:$PATH"\\n' "$PWD" > .venv/bin/activate
chmod +x .venv/bin/*
"""
SERVER = "server/you/plants"
SSH = """#!/bin/sh
# What ssh does on the server: HOST COMMAND, in the folder with the repositories.
cd {folder} && eval "$2"
"""
SUBJECT = f"{PREFIX}:pull_request"
PULL = {
    "github.event.number": 7,
    "github.base_ref": "main",
    "github.event.pull_request.head.repo.full_name": "You/Plants",
}


def commands_of_the_readme() -> str:
    section = README.split("## Your own copy")[1].split("\n## ")[0]
    # A failure before && would not end the shell.
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)).replace(" && ", "\n")


def make_template(folder: Path) -> None:
    """Put this repository with its stand-ins into a bare one, as GitHub makes it from a template."""
    work = folder / "work"
    for name in git(ROOT, "ls-files", "-z").split("\0"):
        if name and not name.startswith(("tests/", "bench/", "docs/")) and (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, work / name)
    for name in STAGES:
        (work / f"src/{name}.py").write_text(STAGE)
    init_git(work)
    commit_all(work, "Initial commit")
    (folder / "server/you").mkdir(parents=True)
    git(folder, "clone", "--quiet", "--bare", str(work), str(folder / SERVER))


def put_programs(folder: Path) -> None:
    """Put stand-ins for what would load packages next to that for gh."""
    for name in ("python3", "pip", "npm"):
        text = PYTHON.format(python=sys.executable) if name == "python3" else "#!/bin/sh\n"
        text = "#!/bin/sh\nexit 1\n" if name == "npm" else text  # then gh posts the comment
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def talk(command: str, folder: Path, env: Mapping[str, str], answers: Mapping[str, str]) -> str:
    """Run a command on a terminal and answer each question once; return what the terminal showed."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown, left = "", dict(answers)
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the other end is closed: all have ended
            break
        if not read:
            break
        shown += read.decode("utf-8", errors="replace")
        for question in [question for question in left if question in shown]:
            os.write(ours, f"{left.pop(question)}\n".encode())
    os.close(ours)
    assert process.wait(300) == 0, shown
    assert left == {}, shown
    return shown


def lend(job: Job, options: Mapping[str, str], lab: Lab) -> None:
    """Lend a role as Amazon does: to a workflow whose subject its trust policy accepts."""
    arn = options["role-to-assume"]
    [statement] = lab.client("iam").get_role(RoleName=arn.split("/")[1])["Role"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    [pattern] = statement["Condition"]["StringLike"].values()
    assert fnmatchcase(SUBJECT, pattern)
    lent = lab.client("sts").assume_role_with_web_identity(
        RoleArn=arn, RoleSessionName="GitHubActions", WebIdentityToken="token-of-a-workflow"
    )["Credentials"]
    job.env |= {
        "AWS_ACCESS_KEY_ID": lent["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": lent["SecretAccessKey"],
        "AWS_SESSION_TOKEN": lent["SessionToken"],
        "AWS_REGION": options["aws-region"],
    }


def run_on_github(lab: Lab, folder: Path, workflow: str, commit: str, **values: Any) -> Job:
    """Run the job of a workflow that is called like it, on a checkout of a commit."""
    checkout = folder / workflow / "checkout"
    git(folder, "clone", "--quiet", str(folder / SERVER), str(checkout))
    git(checkout, "checkout", "--quiet", "--detach", commit)
    env = runner_environment(folder / workflow, "GH_CONFIG_DIR") | {
        "GITHUB_REPOSITORY": "You/Plants",
        "GITHUB_SERVER_URL": "https://github.com",
    }
    known = {
        "github.repository": "You/Plants",
        "github.token": TOKEN,
        **{f"vars.{name}": value for name, value in lab.github["variables"].items()},
        **values,
    }
    artifacts = folder / "artifacts"
    actions = {
        "aws-actions/configure-aws-credentials": lambda job, options: lend(job, options, lab),
        "actions/upload-artifact": upload_to(artifacts),
        "actions/download-artifact": download_from(artifacts),
    }
    job = Job(checkout, known, env, actions)
    job.run(checkout / f".github/workflows/{workflow}.yml", workflow)
    return job


@needs_gh
@pytest.mark.usefixtures("real_gh")
def test_from_the_template_to_the_first_comment(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_template(tmp_path)
    put_programs(tmp_path / "bin")
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    user = {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "GIT_TERMINAL_PROMPT": "0", "DVC_NO_ANALYTICS": "1"}
    user["CI"] = "true"  # so that DVC does not look for a newer DVC
    (tmp_path / "ssh").write_text(SSH.format(folder=tmp_path / "server"))
    (tmp_path / "ssh").chmod(0o755)
    server = {"url.git@github.com:.insteadOf": "https://github.com/", "core.sshCommand": str(tmp_path / "ssh")}
    server["ssh.variant"] = "simple"
    for key, value in (GIT_IDENTITY | server | {"init.defaultBranch": "main"}).items():
        run("git", "config", "--global", key, value, cwd=tmp_path, **user)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    env = dict(os.environ) | user
    answers = {"Address of the bucket": "s3://plants/specimen", "Region of the bucket": REGION, "[y/N]": "y"}

    shown = talk(commands_of_the_readme(), tmp_path, env, answers)
    print(shown)

    assert "https://github.com/You/Plants/pull/7" in shown
    assert lab.github["pulls"] == [
        {"headRefName": "longer", "baseRefName": "main", "title": "Train for 20 epochs"}
    ]  # fmt: skip
    assert lab.github["environments"]["train"]
    head, base = (git(tmp_path / SERVER, "rev-parse", name).strip() for name in ("longer", "main"))
    report = run_on_github(lab, tmp_path, "report", head, **PULL)
    assert not report.failed, "\n".join(report.log)

    lab.tell_github(pages={
        "pulls/7": {"head": {"sha": head}, "base": {"sha": base}},
        "pulls/7/commits": [{"sha": head}],
        f"compare/{base}...{head}": {"files": [{"filename": "params.yaml"}]},
        "actions/runs/12/artifacts": {"artifacts": [{"id": 344, "name": "report"}, {"id": 345, "name": "report.html"}]},
    })  # fmt: skip
    run_of_report = {
        "github.event.workflow_run.head_sha": head,
        "github.event.workflow_run.id": 12,
        "github.event.workflow_run.name": "report",
        "github.event.workflow_run.conclusion": "success",
    }
    comment = run_on_github(lab, tmp_path, "comment", base, **run_of_report)
    assert not comment.failed, "\n".join(comment.log)
    [text] = [one["body"].removesuffix(f"\n\n{MARK}") for one in lab.github["comments"]]
    assert "**Verdict: better. RMSE fell by 55 %" in checked(text)
    assert "actions/runs/12/artifacts/345" in text
    assert "| `train.epochs` | 9 | 20 |" in text
    assert "**Yes.** `dvc.lock` is what code, params and data give, and the remote has every output." in text


def test_the_first_pull_request_of_a_copy_without_a_bucket_is_run_and_reported(lab: Lab, tmp_path: Path) -> None:
    """And its report says what to do; nobody is asked for the bucket of the template."""
    make_template(tmp_path)
    put_programs(tmp_path / "bin")
    work = tmp_path / "work"
    git(work, "switch", "--quiet", "-c", "longer")
    params = work / "params.yaml"
    params.write_text(params.read_text().replace("epochs: 9", "epochs: 20"))
    commit_all(work, "Train for 20 epochs")
    git(work, "push", "--quiet", str(tmp_path / SERVER), "longer")

    job = run_on_github(lab, tmp_path, "report", "origin/longer", **PULL)

    log = "\n".join(job.log)
    assert not job.failed, log
    assert "::notice::Neither a role nor keys for a bucket are set; `make connect` sets them." in log
    assert "so everything runs: no bucket is connected yet; `make connect` does it." in log
    assert "Running stage 'train'" in log
    text = checked((job.folder / "report.md").read_text(encoding="utf-8"))
    assert "**Verdict: not comparable" in text
    assert "no bucket is connected yet; `make connect` does it" in text
    assert "| `train.epochs` | 9 | 20 |" in text
    assert "| `rmse` | 0.0" in text, "of the base, from Git"
    assert {path.name for path in (tmp_path / "artifacts/report").iterdir()} == {"report.json", "number"}

"""GitHub's Actions on this machine, as far as the steps of our workflows are commands; its actions are stood in for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[\w-]+)+|&&|\|\||!=|!")
LOGIC = {"&&": " and ", "||": " or ", "!": " not ", "!=": "!="}
Action = Callable[["Job", Mapping[str, str]], None]


@dataclass
class Job:
    """A job of a workflow, in a folder of its own."""

    folder: Path
    values: dict[str, Any]
    """What expressions such as `github.event.number` mean; what is not here is empty, as on GitHub."""
    env: dict[str, str]
    actions: Mapping[str, Action]
    """What happens in place of an action, by its name; all others do nothing."""
    failed: bool = False
    log: list[str] = field(default_factory=list)

    def run(self, workflow: Path, name: str) -> None:
        """Run the steps of a job."""
        for step in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"][name]["steps"]:
            condition = str(step.get("if", "success()"))
            if self.failed and not re.search(r"\b(cancelled|always)\(", condition):
                continue
            if not self.evaluate(condition):
                continue
            good = self._step(step)
            if "id" in step:
                self.values[f"steps.{step['id']}.outcome"] = "success" if good else "failure"
            self.failed = self.failed or not (good or step.get("continue-on-error"))

    def evaluate(self, text: str) -> Any:
        """Return what an expression means, with `${{ }}` around it or without."""

        def translate(match: re.Match[str]) -> str:
            token = match[0]
            return token if token[0] == "'" else LOGIC.get(token, f"look({token!r})")

        code = TOKEN.sub(translate, text.replace("${{", "").replace("}}", "").replace("\n", " ")).strip()
        names = {
            "look": lambda name: self.values.get(name, ""),
            "success": lambda: not self.failed,
            "cancelled": lambda: False,
            "always": lambda: True,
            "contains": lambda values, value: value in values,
            "fromJSON": json.loads,
        }
        return eval(code, names)

    def fill(self, text: object) -> str:
        """Return a text with what its expressions mean."""
        return re.sub(r"\$\{\{.*?\}\}", lambda match: str(self.evaluate(match[0])), str(text))

    def _step(self, step: Mapping[str, Any]) -> bool:
        if "uses" in step:
            act = self.actions.get(step["uses"].split("@")[0])
            if act is not None:
                act(self, {key: self.fill(value) for key, value in step.get("with", {}).items()})
            return True
        files = {name: self.folder.parent / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        own = {key: self.fill(value) for key, value in step.get("env", {}).items()}
        env = self.env | own | {name: str(file) for name, file in files.items()}
        command = ["bash", "-e", "-c", step["run"]]
        done = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        self.log.append(f"$ {step['run']}\n{done.stdout}{done.stderr}")
        self.env |= dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode == 0


def upload_to(artifacts: Path) -> Action:
    """Return a stand-in for actions/upload-artifact that keeps files in a folder."""

    def upload(job: Job, options: Mapping[str, str]) -> None:
        folder = artifacts / options.get("name", "files")
        folder.mkdir(parents=True, exist_ok=True)
        for name in options["path"].split():
            shutil.copy(job.folder / name, folder)

    return upload


def download_from(artifacts: Path) -> Action:
    """Return a stand-in for actions/download-artifact."""

    def download(job: Job, options: Mapping[str, str]) -> None:
        shutil.copytree(artifacts / options["pattern"], job.folder / options["path"], dirs_exist_ok=True)

    return download


def runner_environment(folder: Path, *more: str) -> dict[str, str]:
    """Return the environment of GitHub's machine: of who runs these tests, the way to the programs and `more` alone."""
    kept = ("PATH", "LANG", "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED", "OMP_NUM_THREADS", *more)
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return inherited | {"HOME": str(folder), "CI": "true", "GITHUB_ACTIONS": "true", "GIT_CONFIG_GLOBAL": os.devnull}

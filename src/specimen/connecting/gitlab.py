"""What GitLab must know: the pair of keys that reads, as variables of the project; through `glab`, or as a list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from specimen.common.errors import SpecimenError
from specimen.connecting.cli_program import Program
from specimen.connecting.keys import Keys
from specimen.connecting.plan import Step

GLAB = Program("glab", "https://gitlab.com/gitlab-org/cli has it; then `glab auth login`.")
NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Where the jobs of .gitlab-ci.yml look for keys, as all AWS tools do."""
MARK = "made by `make connect` of Specimen"
"""The description of a variable that was made here."""
PUBLIC = "gitlab.com"


@dataclass(frozen=True)
class Project:
    """A project on GitLab."""

    host: str
    path: str
    """GROUP/NAME, with as many groups as there are."""

    @property
    def variables(self) -> str:
        """The path of its variables in GitLab's API."""
        return f"projects/{quote(self.path, safe='')}/variables"


def parse_project(text: str) -> Project:
    """Return the project that GROUP/NAME or a whole address means. Raises `SpecimenError`."""
    parts = urlsplit(text if "://" in text else f"https://{PUBLIC}/{text}")
    path = parts.path.strip("/").removesuffix(".git")
    if not parts.hostname or path.count("/") < 1 or parts.query:
        raise SpecimenError("--gitlab: write GROUP/NAME, or the address of the project, https://HOST/GROUP/NAME.")
    return Project(parts.hostname, path)


def variable_steps(project: Project, keys: Keys, *, renew: bool) -> list[Step]:
    """Return a step for each half of the pair that reads; those that are there stay, unless `renew` says otherwise."""
    known = [_variable(project, name) for name in NAMES]
    # Half a pair may be of another one than the half that is entered now.
    renew = renew or any(known) != all(known)
    return [_step(project, name, keys, half, renew=renew) for half, name in enumerate(NAMES)]


def _step(project: Project, name: str, keys: Keys, half: int, *, renew: bool) -> Step:
    def apply() -> None:
        value = keys.tried("read")[half]
        body = {"key": name, "value": value, "masked": True, "description": MARK}
        there = _variable(project, name) is not None
        method, path = ("PUT", f"{project.variables}/{name}") if there else ("POST", project.variables)
        _api(project, "--method", method, path, "--header", "Content-Type: application/json", "--input", "-", body=body)

    def undo() -> None:
        _api(project, "--method", "DELETE", f"{project.variables}/{name}")

    return Step(
        f"masked variable {name} of {project.path}",
        "glab api, the value on stdin",
        lambda: not renew and _variable(project, name) is not None,
        apply,
        lambda: (_variable(project, name) or {}).get("description") == MARK,
        undo,
    )


def _variable(project: Project, name: str) -> dict[str, Any] | None:
    text = GLAB.find("api", "--hostname", project.host, f"{project.variables}/{name}")
    return None if text is None else json.loads(text)


def _api(project: Project, *arguments: str, body: dict[str, Any] | None = None) -> None:
    GLAB.ask("api", "--hostname", project.host, *arguments, stdin=None if body is None else json.dumps(body))


def printed_list(project: Project) -> list[str]:
    """Return what somebody without `glab` enters by hand."""
    return [
        "The program glab is not here. Set these, masked and not protected so that merge requests get them, on",
        f"https://{project.host}/{project.path}/-/settings/ci_cd, Variables:",
        f"  {NAMES[0]}      the id of a key that may read, and no more",
        f"  {NAMES[1]}  its secret",
    ]

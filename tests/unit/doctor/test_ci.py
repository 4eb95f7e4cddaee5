"""What the doctor says of CI, from what a stand-in for `gh` answers."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import projects
import pytest

from specimen.connecting.cli_program import Program
from specimen.doctor import ci
from specimen.doctor.examine import examine
from specimen.doctor.findings import Finding
from specimen.doctor.place import Place

GH = """\
#!{python}
import json, sys
answers = json.load(open({answers!r}))
question = sys.argv[2] if sys.argv[1] == "api" else " ".join(sys.argv[1:3])
answer = answers.get(question.removeprefix("repos/you/plants/").split("?")[0])
if isinstance(answer, str):
    sys.exit(answer)
if answer is None:
    sys.exit("gh: Not Found (HTTP 404)")
print(json.dumps(answer))
"""
READ, WRITE = "arn:aws:iam::123456789012:role/read", "arn:aws:iam::123456789012:role/write"


def variables(**values: str) -> dict[str, Any]:
    return {"variables": [{"name": name, "value": value} for name, value in values.items()]}


GOOD: dict[str, Any] = {
    "repo view": {"nameWithOwner": "you/plants", "defaultBranchRef": {"name": "main"}, "isPrivate": True},
    "actions/variables": variables(AWS_READ_ROLE=READ, AWS_WRITE_ROLE=WRITE, AWS_REGION="eu-central-1"),
    "environments/train": {
        "protection_rules": [{"type": "required_reviewers", "reviewers": [{"reviewer": {"login": "me"}}]}]
    },
    "branches/main": {"protected": True},
    "actions/workflows": {"workflows": [{"path": ".github/workflows/report.yml", "state": "active"}]},
}
"""What `gh` answers, by the path of the API, where all is well."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a bucket and a workflow, and a program `gh` that answers `gh.json`."""
    projects.forget_settings(monkeypatch, tmp_path / "settings")
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(GH.format(python=sys.executable, answers=str(tmp_path / "gh.json")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    root = tmp_path / "work"
    (root / ".github/workflows").mkdir(parents=True)
    (root / ".github/workflows/report.yml").touch()
    (root / ".dvc").mkdir()
    write_config(root, "    region = eu-central-1\n")
    projects.init_git(root)
    projects.git(root, "remote", "add", "origin", "https://github.com/you/plants.git")
    return root


def write_config(root: Path, more: str = "", bucket: str = "plants") -> None:
    text = f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = s3://{bucket}/specimen\n"
    (root / ".dvc/config").write_text(text + more)


def examined(root: Path, **answers: Any) -> dict[str, Finding]:
    """Examine with the good answers, but these; a text is what `gh` says as it fails, None is `not found`."""
    (root.parent / "gh.json").write_text(json.dumps(GOOD | answers))
    return {line.name: line.finding for line in examine(Place(root), {"ci": ci.CHECKS})}


def test_a_repository_that_is_set_up_is_well(root: Path) -> None:
    found = examined(root)
    assert list(found) == list(ci.CHECKS)
    assert {finding.status for finding in found.values()} == {"ok"}, found
    assert found["GitHub"].what == "you/plants, private, default branch main"
    assert found["environment"].what == "train, reviewed by me"


def test_without_gh_or_its_login_ci_is_not_examined_and_one_line_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examined(root, **{"repo view": "To get started with GitHub CLI, please run:  gh auth login"})
    assert list(found) == ["GitHub"]
    assert found["GitHub"].status == "warning"
    assert "please run: gh auth login" in found["GitHub"].what
    monkeypatch.setattr(Program, "is_there", lambda program: False)
    assert "not installed" in examined(root)["GitHub"].what


def test_other_hosts_are_not_asked(root: Path) -> None:
    projects.git(root, "remote", "set-url", "origin", "git@gitlab.com:you/plants.git")
    assert examined(root) == {"GitHub": Finding("ok", "origin is on GitLab, whose CI is not examined (docs/teams.md)")}
    projects.git(root, "remote", "remove", "origin")
    assert examined(root)["GitHub"].status == "warning"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"AWS_REGION": "eu-central-1"}, "no variable AWS_READ_ROLE, AWS_WRITE_ROLE"),
        ({"AWS_READ_ROLE": "read"}, "AWS_READ_ROLE is not the ARN of a role: read"),
        ({"AWS_READ_ROLE": WRITE}, "are one role"),
        ({"AWS_REGION": "us-east-1"}, "AWS_REGION is us-east-1, but DVC's remote says eu-central-1"),
    ],
)
def test_variables_that_cannot_work_are_named(root: Path, values: dict[str, str], text: str) -> None:
    good = {"AWS_READ_ROLE": READ, "AWS_WRITE_ROLE": WRITE, "AWS_REGION": "eu-central-1"}
    given = values if "no variable" in text else good | values
    found = examined(root, **{"actions/variables": variables(**given)})["variables"]
    assert found.status == "warning"
    assert text in found.what


def test_variables_of_the_organisation_count_too(root: Path) -> None:
    shared = variables(AWS_READ_ROLE=READ, AWS_REGION="eu-central-1")
    own = variables(AWS_WRITE_ROLE=WRITE)
    answers = {"actions/organization-variables": shared, "actions/variables": own}
    assert examined(root, **answers)["variables"].status == "ok"


def names(*secrets: str) -> dict[str, Any]:
    return {"secrets": [{"name": name} for name in secrets]}


def test_another_store_needs_secrets_instead_of_roles(root: Path) -> None:
    write_config(root, "    endpointurl = https://s3.example.org\n")
    none = {"actions/variables": variables()}
    read = names("S3_READ_ACCESS_KEY_ID", "S3_READ_SECRET_ACCESS_KEY", "OTHER")
    write = names("S3_WRITE_ACCESS_KEY_ID", "S3_WRITE_SECRET_ACCESS_KEY")
    good = {"actions/secrets": read, "environments/train/secrets": write}
    assert examined(root, **none, **good)["variables"].status == "ok"
    found = examined(root, **none, **good | {"environments/train/secrets": None})["variables"]
    assert found.what.startswith("no secret S3_WRITE_ACCESS_KEY_ID, S3_WRITE_SECRET_ACCESS_KEY:")
    open_to_all = names(*(entry["name"] for entry in (*read["secrets"], *write["secrets"])))
    found = examined(root, **none, **good | {"actions/secrets": open_to_all})["variables"]
    assert "whoever can push a branch can write" in found.what


def test_without_a_bucket_ci_needs_no_variables(root: Path) -> None:
    write_config(root, bucket="your-bucket")  # the address of a fresh copy
    assert "variables" not in examined(root, **{"actions/variables": variables()})


def test_an_environment_that_nobody_guards_is_a_warning(root: Path) -> None:
    found = examined(root, **{"environments/train": None})["environment"]
    assert (found.status, found.what[:34]) == ("warning", "there is no environment 'train'; G")
    found = examined(root, **{"environments/train": {"protection_rules": [{"type": "wait_timer"}]}})["environment"]
    assert "no required reviewers" in found.what


def test_a_branch_is_protected_by_the_old_rules_or_the_new(root: Path) -> None:
    bare = {"branches/main": {"protected": False}}
    found = examined(root, **bare, **{"rules/branches/main": []})["default branch"]
    assert found.status == "warning"
    ruled = examined(root, **bare, **{"rules/branches/main": [{"type": "pull_request"}]})["default branch"]
    assert ruled.status == "ok"


def test_workflows_that_are_off_or_not_pushed_are_named(root: Path) -> None:
    off = {"workflows": [{"path": ".github/workflows/report.yml", "state": "disabled_fork"}]}
    found = examined(root, **{"actions/workflows": off})["workflows"]
    assert found.what == "switched off: report.yml (disabled_fork)"
    assert found.way_out.startswith("`gh workflow enable report.yml`")
    found = examined(root, **{"actions/workflows": {"workflows": []}})["workflows"]
    assert found.what == "GitHub does not know report.yml"


def test_what_the_token_may_not_read_is_a_warning_and_not_a_crash(root: Path) -> None:
    refused = "gh: Resource not accessible by personal access token (HTTP 403)"
    paths = ("actions/variables", "environments/train", "branches/main", "actions/workflows")
    found = examined(root, **dict.fromkeys(paths, refused))
    assert {name: finding.status for name, finding in found.items() if name != "GitHub"} == dict.fromkeys(
        ("variables", "environment", "default branch", "workflows"), "warning"
    )
    assert all("HTTP 403" in finding.what for name, finding in found.items() if name != "GitHub")

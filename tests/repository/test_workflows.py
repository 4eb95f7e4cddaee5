"""The workflows: least privilege, pinned actions, no programs in YAML."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from specimen.connecting.keys import NAMES as SECRETS

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """Return a workflow; YAML 1.1 reads its key `on` as true."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in content.items()}


WORKFLOWS = {path.stem: read(path) for path in FILES}
KEYS = "python3 .github/scripts/take_keys.py"
STEPS = [(name, step) for name, flow in WORKFLOWS.items() for job in flow["jobs"].values() for step in job["steps"]]


def test_these_are_all() -> None:
    assert set(WORKFLOWS) == {
        *("check", "report", "comment", "train", "release", "images", "docs", "site", "drift", "cloud"),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_their_version(path: Path) -> None:
    used = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_one_action_has_one_commit() -> None:
    pins = {step["uses"] for _, step in STEPS if "uses" in step}
    assert len(pins) == len({pin.split("@")[0] for pin in pins})


def test_a_step_is_one_command() -> None:
    for name, step in STEPS:
        if command := step.get("run"):
            assert not re.search(r"\n.|;|&&|\|\||(?<!\|)\|(?!\|)|\$\(", command.strip()), (name, command)
            assert "${{" not in command, f"{name}: a value of GitHub goes through env, or it could hold a command"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_is_permitted_but_what_a_job_names(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}
    granted = {
        f"{key}: {value}" for job in WORKFLOWS[name]["jobs"].values() for key, value in job["permissions"].items()
    }
    accepted = {
        "check": {"contents: read"},
        "report": {"contents: read", "id-token: write"},
        "comment": {"actions: read", "contents: read", "pull-requests: write"},
        "train": {"contents: write", "id-token: write"},
        "cloud": {"contents: write", "id-token: write"},
        "release": {"contents: write", "id-token: write", "attestations: write"},
        "drift": {"contents: read", "id-token: write", "issues: write"},
        "images": {"contents: read", "packages: write", "id-token: write", "attestations: write"},
        "docs": {"contents: read", "pages: write", "id-token: write"},
        "site": {"contents: read", "pages: write", "id-token: write"},
    }
    assert granted == accepted[name]


def test_the_job_that_writes_issues_has_no_role_and_that_with_the_role_writes_none() -> None:
    compare, issue = (WORKFLOWS["drift"]["jobs"][name]["permissions"] for name in ("compare", "issue"))
    assert compare == {"contents": "read", "id-token": "write"}
    assert issue == {"contents": "read", "issues": "write"}


def test_the_drift_is_looked_for_once_its_variable_is_set() -> None:
    jobs = WORKFLOWS["drift"]["jobs"]
    assert jobs["compare"]["if"].startswith("vars.STATISTICS && ")
    assert jobs["issue"]["needs"] == "compare"


def test_one_of_two_sites_is_published_once_its_variable_is_set() -> None:
    docs, site = (WORKFLOWS[name]["jobs"] for name in ("docs", "site"))
    assert site["build"]["if"] == "vars.PUBLISH_SITE == 'true'"
    assert docs["build"]["if"] == "vars.PUBLISH_DOCS == 'true' && vars.PUBLISH_SITE != 'true'"
    for jobs in (docs, site):
        assert jobs["publish"]["needs"] == "build"
    assert WORKFLOWS["docs"]["concurrency"] == WORKFLOWS["site"]["concurrency"]


def test_the_job_that_publishes_the_site_runs_nothing_else() -> None:
    build, publish = (WORKFLOWS["site"]["jobs"][name] for name in ("build", "publish"))
    assert "pages" not in build["permissions"]
    assert [step["uses"].split("@")[0] for step in publish["steps"]] == ["actions/deploy-pages"]


def test_checkouts_keep_no_token() -> None:
    for name, step in STEPS:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, name


def test_the_workflow_that_may_comment_runs_nothing_of_the_pull_request() -> None:
    flow = WORKFLOWS["comment"]
    assert set(flow["on"]) == {"workflow_run"}
    assert flow["on"]["workflow_run"]["workflows"] == ["report", "train", "cloud"]
    for name, step in STEPS:
        if name == "comment":
            assert "ref" not in step.get("with", {}), "the default branch, not the one of the pull request"
            assert "make" not in step.get("run", "").split()
            assert "artifact/report" not in step.get("run", ""), "what is posted was rendered here"


def test_a_comment_is_made_of_a_run_that_ended_by_itself_alone() -> None:
    condition = WORKFLOWS["comment"]["jobs"]["comment"]["if"]
    assert """contains(fromJSON('["success", "failure"]'), github.event.workflow_run.conclusion)""" in condition


def test_where_there_is_no_report_nothing_is_posted() -> None:
    steps = WORKFLOWS["comment"]["jobs"]["comment"]["steps"]
    assert [step["with"].get("name") for step in steps if "download-artifact" in step.get("uses", "")] == [None]
    install, post, fall_back = steps[-3:]
    assert install["if"] == "steps.rendered.outputs.number"
    assert post["if"] == "steps.npm.outcome == 'success'"
    assert fall_back["if"].startswith("steps.rendered.outputs.number && ")


def test_the_token_comes_after_what_npm_installs_and_without_its_scripts() -> None:
    install, post, fall_back = WORKFLOWS["comment"]["jobs"]["comment"]["steps"][-3:]
    assert re.fullmatch(r"npm install .*--ignore-scripts.* @dvcorg/cml@\d+\.\d+\.\d+", install["run"])
    assert "env" not in install
    assert "--publish=false" in post["run"]
    assert fall_back["if"] == "steps.rendered.outputs.number && steps.cml.outcome != 'success'"
    assert fall_back["run"].split()[-1] == post["run"].split()[-1] == "artifact/comment.md"


def test_no_other_step_uses_a_package_by_name() -> None:
    for name, step in STEPS:
        command = step.get("run", "")
        assert not re.search(r"\b(pip|uv|npx)\b", command) or "--require-hashes" in command, (name, command)


def test_both_ends_of_the_pythons_are_tested_and_make_says_the_same() -> None:
    tested = {entry["python"] for entry in WORKFLOWS["check"]["jobs"]["test"]["strategy"]["matrix"]["include"]}
    assert tested == {"3.11", "3.14"}
    makefile = (ROOT / "Makefile").read_text()
    refused = re.search(r"import sys; sys\.exit\((.*)\)'", makefile)[1]
    versions = ((3, 10, 9), (3, 11, 0), (3, 14, 9), (3, 15, 0))
    found = [eval(refused, {"sys": SimpleNamespace(version_info=version)}) for version in versions]
    assert found == [True, False, False, True]
    assert "Specimen needs Python 3.11 to 3.14" in makefile
    assert 'requires-python = ">=3.11,<3.15"' in (ROOT / "pyproject.toml").read_text()


def test_torch_is_tested_pinned_and_newest() -> None:
    job = WORKFLOWS["check"]["jobs"]["test"]
    assert {entry["torch"] for entry in job["strategy"]["matrix"]["include"]} == {"pinned", "newest"}
    assert [step["run"] for step in job["steps"] if "newest" in step.get("if", "")] == ["make torch-newest"]


@pytest.mark.parametrize("name", ["REQUIRE_BROWSER", "REQUIRE_GH", "REQUIRE_PROMTOOL"])
def test_where_there_is_a_program_its_tests_are_not_skipped(name: str) -> None:
    [value] = [step["env"][name] for _, step in STEPS if name in step.get("env", {})]
    assert value == "${{ runner.os == 'Linux' && '1' || '0' }}"
    assert f"{name}=1" in (ROOT / ".ci/run").read_text()


def test_training_in_ci_takes_nothing_from_the_run_cache() -> None:
    runs = [step["run"] for step in WORKFLOWS["train"]["jobs"]["train"]["steps"] if "run" in step]
    assert "make retrain-ci" in runs
    assert "make repro-ci" not in runs
    assert WORKFLOWS["train"]["jobs"]["train"]["environment"] == "train"


def test_a_training_longer_than_the_role_lasts_is_sent_all_the_same() -> None:
    steps = WORKFLOWS["train"]["jobs"]["train"]["steps"]
    takes = [index for index, step in enumerate(steps) if "configure-aws-credentials" in step.get("uses", "")]
    train, push = (
        next(index for index, step in enumerate(steps) if step.get("run") == run)
        for run in ("make retrain-ci", "make push-ci")
    )
    assert takes[0] < train < takes[1] == push - 1


def test_the_report_of_a_training_is_handed_on_after_a_failure() -> None:
    steps = WORKFLOWS["train"]["jobs"]["train"]["steps"]
    written = next(index for index, step in enumerate(steps) if step.get("run") == "make report")
    assert {step["if"] for step in steps[written:]} == {"${{ !cancelled() && github.event_name == 'pull_request' }}"}


def test_keys_of_the_bucket_are_for_branches_of_the_repository_alone() -> None:
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    job = WORKFLOWS["report"]["jobs"]["report"]
    for step in job["steps"]:
        if "configure-aws-credentials" in step.get("uses", "") or step.get("run") in ("make repro-ci", KEYS):
            assert own in step["if"]
    assert job["runs-on"].startswith("${{ " + own)
    for name in ("train", "cloud"):
        assert own in WORKFLOWS[name]["jobs"]["train"]["if"]
        assert WORKFLOWS[name]["jobs"]["train"]["environment"] == "train"


def test_a_workflow_takes_a_role_or_the_keys_of_a_store_that_lends_none() -> None:
    """Each without an edit: what `make connect` has set says which."""
    found = {}
    for name, step in STEPS:
        if step.get("run") == KEYS:
            values = {variable: value.strip("${} ") for variable, value in step["env"].items()}
            kind = "WRITE" if name in ("train", "cloud") else "READ"
            assert values["ACCESS_KEY_ID"] == f"secrets.{SECRETS[kind.lower()][0]}"
            assert values["SECRET_ACCESS_KEY"] == f"secrets.{SECRETS[kind.lower()][1]}"
            assert f"!vars.AWS_{kind}_ROLE" in step["if"]
            found[name] = step
    assert set(found) == {"report", "train", "cloud", "release", "images", "site", "drift"}
    for name, step in STEPS:
        if name in found and step.get("with", {}).get("role-to-assume", "").endswith(("READ_ROLE }}", "WRITE_ROLE }}")):
            assert step["with"]["role-to-assume"].strip("${} ") in step["if"]
    secrets = {name for name, step in STEPS if "secrets." in str(step)}
    assert secrets == set(found), "no other step sees a secret"


def test_the_rented_machine_is_ended_whatever_happens_and_sky_alone_may_rent() -> None:
    job = WORKFLOWS["cloud"]["jobs"]["train"]
    assert job["if"].startswith("vars.AWS_RENT_ROLE && ")
    rent, bucket = (step for step in job["steps"] if "configure-aws-credentials" in step.get("uses", ""))
    assert rent["with"]["output-env-credentials"] is False
    assert bucket["with"]["role-to-assume"] == "${{ vars.AWS_WRITE_ROLE }}"
    end = next(step for step in job["steps"] if step.get("run", "").startswith("sky down"))
    assert end["if"] == "always()"
    renting = next(step for step in job["steps"] if "tools/rent.py" in step.get("run", ""))
    keys = {name for name in renting["env"] if "AWS" in name}
    assert keys == {f"RENT_AWS_{key}" for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")}
    assert job["steps"].index(end) == job["steps"].index(renting) + 1


def test_the_report_is_written_and_handed_on_after_a_failed_run() -> None:
    steps = WORKFLOWS["report"]["jobs"]["report"]["steps"]
    run = next(index for index, step in enumerate(steps) if step.get("run") == "make repro-ci")
    assert {step["if"] for step in steps[run + 1 :]} == {"${{ !cancelled() }}"}
    assert steps[0]["with"]["fetch-depth"] == 0


def test_the_report_runs_whatever_file_has_changed() -> None:
    assert WORKFLOWS["report"]["on"] == "pull_request"


def test_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {step["run"].split()[1] for _, step in STEPS if step.get("run", "").startswith("make ")}
    ci = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    gitlab = [ci["test"]["script"], *ci["report"]["script"]]
    assert used | {line.split()[1] for line in gitlab} <= targets


def test_the_file_for_gitlab_comments_and_stays_short() -> None:
    text = (ROOT / ".gitlab-ci.yml").read_text()
    assert len(text.splitlines()) <= 20
    job = yaml.safe_load(text)["comment"]
    assert job["needs"] == ["report"]
    assert job["script"][0].startswith("cml comment update ")
    assert "--publish=false report.md" in job["script"][0]

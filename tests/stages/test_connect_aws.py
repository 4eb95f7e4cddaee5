"""`make connect` with Amazon: what it makes, what it leaves alone, and how it goes on after an interruption."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import boto3
import botocore.client
import pytest
from github_api import PREFIX
from laboratory import REGION, Lab
from projects import ROOT, run

from specimen.connecting.cli_program import Program
from specimen.connecting.roles import LONGEST_NAME, role_name

FLAGS = ("--url", "s3://plants/specimen", "--region", REGION, "--github", "you/plants")
READ, WRITE = "specimen-You-Plants-read", "specimen-You-Plants-write"
ARN = "arn:aws:iam::123456789012"
VARIABLE = "gh api repos/You/Plants/actions/variables/AWS_WRITE_ROLE"
READS = ("Get", "Head", "List")
Calls = list[str]


@pytest.fixture
def changes(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls that change something, at Amazon and on GitHub, as they come."""
    calls: Calls = []
    watch(monkeypatch, calls.append)
    return calls


def watch(monkeypatch: pytest.MonkeyPatch, happened: Callable[[str], None]) -> None:
    """Let a function hear of each change after it has happened."""
    make, ask = botocore.client.BaseClient._make_api_call, Program.ask

    def make_api_call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        answer = make(client, name, arguments)
        if not name.startswith(READS):
            happened(name)
        return answer

    def ask_program(program: Program, *arguments: str, stdin: str | None = None) -> str:
        answer = ask(program, *arguments, stdin=stdin)
        if arguments[0] != "api" or "--method" in arguments:
            happened(f"{program.name} {' '.join(arguments[:3])}")
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make_api_call)
    monkeypatch.setattr(Program, "ask", ask_program)


ALL = [
    "CreateBucket", "PutPublicAccessBlock", "PutBucketEncryption", "gh api --method PUT",
    "CreateOpenIDConnectProvider", "CreateRole", "PutRolePolicy", "CreateRole", "PutRolePolicy",
    *["gh api --method POST"] * 3,
]  # fmt: skip


def state_of(lab: Lab) -> dict[str, Any]:
    """Return all that connect is there for."""
    iam, s3 = lab.client("iam"), lab.client("s3")
    known = lab.github
    return {
        "buckets": [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]],
        "providers": [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
        "roles": {
            role["RoleName"]: [
                role["AssumeRolePolicyDocument"],
                [
                    iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                    for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
                ],
            ]
            for role in iam.list_roles()["Roles"]
        },
        "config": (lab.root / ".dvc/config").read_text(),
        **{key: known[key] for key in ("variables", "secrets", "environments", "env_secrets")},
    }


def test_a_bucket_two_roles_and_the_variables_of_the_workflows_are_made(lab: Lab, changes: Calls) -> None:
    lab.connect(*FLAGS)
    assert changes == ALL
    s3, iam = lab.client("s3"), lab.client("iam")
    assert s3.get_bucket_location(Bucket="plants")["LocationConstraint"] == REGION
    assert all(s3.get_public_access_block(Bucket="plants")["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_encryption(Bucket="plants")["ServerSideEncryptionConfiguration"]["Rules"]
    [provider] = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    facts = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert facts["ClientIDList"] == ["sts.amazonaws.com"]
    roles = {"AWS_READ_ROLE": f"{ARN}:role/{READ}", "AWS_WRITE_ROLE": f"{ARN}:role/{WRITE}"}
    assert lab.github["variables"] == roles | {"AWS_REGION": REGION}
    [rule] = lab.github["environments"]["train"]["protection_rules"]
    assert [one["reviewer"]["id"] for one in rule["reviewers"]] == [11]
    config = (lab.root / ".dvc/config").read_text()
    assert "url = s3://plants/specimen\n" in config
    assert f"region = {REGION}\n" in config
    assert "verify = true\n" in config
    assert "autostage = true\n" in config


def test_the_writing_role_is_for_the_environment_alone(lab: Lab) -> None:
    """By the subject that GitHub names: that of a new repository has the ids of owner and repository in it."""
    lab.connect(*FLAGS)
    iam = lab.client("iam")
    subjects = {}
    for name in (READ, WRITE):
        [statement] = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Condition"]["StringEquals"] == {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com"
        }
        subjects[name] = statement["Condition"]["StringLike"]["token.actions.githubusercontent.com:sub"]
    assert subjects == {READ: f"{PREFIX}:*", WRITE: f"{PREFIX}:environment:train"}


def test_an_old_repository_has_a_subject_without_ids(lab: Lab) -> None:
    lab.tell_github(sub={"use_default": True})
    lab.connect(*FLAGS)
    policy = lab.client("iam").get_role(RoleName=WRITE)["Role"]["AssumeRolePolicyDocument"]
    assert '"repo:You/Plants:environment:train"' in json.dumps(policy)


def test_a_repository_with_a_subject_of_its_own_is_refused(lab: Lab, changes: Calls) -> None:
    lab.tell_github(sub={"use_default": False, "include_claim_keys": ["repo"]})
    assert "a subject of its own (repo)" in lab.fail("--yes", *FLAGS)
    assert changes == []


def test_a_second_run_changes_nothing(lab: Lab, changes: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    lab.connect(*FLAGS)
    changes.clear()
    before = state_of(lab)
    capsys.readouterr()
    lab.connect("--github", "you/plants")  # the rest is in .dvc/config by now
    assert changes == []
    assert state_of(lab) == before
    assert "Nothing to do" in capsys.readouterr().out


def test_the_plan_names_each_call_and_policy_and_changes_nothing(
    lab: Lab, changes: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state_of(lab)
    lab.client("s3").create_bucket(Bucket="plants", CreateBucketConfiguration={"LocationConstraint": REGION})
    changes.clear()
    lab.connect("--plan", *FLAGS)
    assert changes == []
    assert state_of(lab) == before | {"buckets": ["plants"]}
    plan = capsys.readouterr().out
    assert re.findall(r"^  there  (.*?)  \[", plan, re.MULTILINE) == [f"bucket plants in {REGION}"]
    for name in ("s3:PutBucketPublicAccessBlock", "iam:CreateRole", VARIABLE):
        assert f"[{name}]" in plan
    for part in ("s3:AbortMultipartUpload", f"{PREFIX}:environment:train", "arn:aws:s3:::plants/specimen/*"):
        assert part in plan


def test_interrupted_after_each_call_the_next_run_goes_on_and_nothing_is_done_twice(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Calls = []

    def interrupt(name: str) -> None:
        done.append(name)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        watch(patch, interrupt)
        for count in range(len(ALL)):
            with pytest.raises(KeyboardInterrupt):
                lab.connect(*FLAGS)
            assert done == ALL[: count + 1]
        lab.connect(*FLAGS)
    assert done == ALL
    assert {len(policies) for _, policies in state_of(lab)["roles"].values()} == {1}


def test_undo_takes_back_all_but_the_bucket(lab: Lab, changes: Calls) -> None:
    before = state_of(lab)
    lab.connect(*FLAGS)
    lab.client("s3").put_object(Bucket="plants", Key="specimen/files/md5/aa", Body=b"photo")
    lab.connect("--undo", *FLAGS)
    assert state_of(lab) | {"config": ""} == before | {"buckets": ["plants"], "config": ""}
    assert "url = s3://your-bucket/specimen\n" in (lab.root / ".dvc/config").read_text()
    assert lab.client("s3").get_object(Bucket="plants", Key="specimen/files/md5/aa")["Body"].read() == b"photo"
    changes.clear()
    lab.connect("--undo", *FLAGS)
    assert changes == []


def test_undo_spares_what_was_not_made_here(lab: Lab) -> None:
    """A provider that other repositories use, an environment with a wait, a variable of another value."""
    iam = lab.client("iam")
    iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )
    waiting = {"protection_rules": [{"type": "wait_timer", "wait_timer": 5}], "deployment_branch_policy": None}
    lab.tell_github(environments={"train": waiting}, variables={"RUNNER": "gpu"})
    lab.connect(*FLAGS)
    rules = {rule["type"]: rule for rule in lab.github["environments"]["train"]["protection_rules"]}
    assert set(rules) == {"wait_timer", "required_reviewers"}, "a setting that was there has stayed"
    lab.tell_github(variables=lab.github["variables"] | {"AWS_REGION": "us-east-1"})
    lab.connect("--undo", *FLAGS)
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    assert lab.github["variables"] == {"RUNNER": "gpu", "AWS_REGION": "us-east-1"}
    assert list(lab.github["environments"]) == ["train"]


def test_undo_spares_a_provider_that_a_later_repository_uses(lab: Lab) -> None:
    lab.connect(*FLAGS)
    iam = lab.client("iam")
    trust = iam.get_role(RoleName=READ)["Role"]["AssumeRolePolicyDocument"]
    iam.create_role(RoleName="of-another", AssumeRolePolicyDocument=json.dumps(trust))
    lab.connect("--undo", *FLAGS)
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["of-another"]


def test_another_prefix_brings_the_policies_up_to_date(lab: Lab, changes: Calls) -> None:
    lab.connect(*FLAGS)
    changes.clear()
    lab.connect("--url", "s3://plants/leaves", *FLAGS[2:])
    assert changes == ["PutRolePolicy", "PutRolePolicy"]
    policy = lab.client("iam").get_role_policy(RoleName=READ, PolicyName="specimen-storage")["PolicyDocument"]
    assert "plants/leaves/*" in json.dumps(policy)


def test_a_variable_of_another_value_is_changed(lab: Lab) -> None:
    lab.tell_github(variables={"AWS_REGION": "us-east-1"})
    lab.connect(*FLAGS)
    assert lab.github["variables"]["AWS_REGION"] == REGION


def test_a_role_that_somebody_else_made_is_not_touched(lab: Lab, changes: Calls) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    lab.client("iam").create_role(RoleName=READ, AssumeRolePolicyDocument=json.dumps(trust))
    changes.clear()
    assert f"role {READ}: somebody else has made it" in lab.fail("--yes", *FLAGS)
    assert changes == []


def test_a_bucket_in_another_region_is_named(lab: Lab, changes: Calls) -> None:
    elsewhere = {"LocationConstraint": "eu-west-1"}
    lab.client("s3", "eu-west-1").create_bucket(Bucket="plants", CreateBucketConfiguration=elsewhere)
    changes.clear()
    assert f"--region: bucket plants is in eu-west-1, not in {REGION}" in lab.fail("--yes", *FLAGS)
    assert changes == []


def test_without_a_plan_that_has_reviewers_the_way_out_is_named(lab: Lab) -> None:
    lab.tell_github(reviews=False, private=True)
    message = lab.fail("--yes", *FLAGS)
    assert "A private repository needs GitHub Enterprise" in message
    assert "--no-reviewers" in message
    assert not lab.client("iam").list_roles()["Roles"], "no role that writes before what protects it"
    lab.connect("--no-reviewers", *FLAGS)
    assert "AWS_WRITE_ROLE" in lab.github["variables"]
    assert lab.github["environments"] == {}, "which a private repository may not have at all"


def test_whom_gh_does_not_let_is_one_message(lab: Lab, changes: Calls) -> None:
    lab.tell_github(admin=False)
    assert "you do not administer you/plants" in lab.fail("--yes", *FLAGS)
    lab.tell_github(admin=True)
    assert "GitHub does not know me/elsewhere" in lab.fail("--yes", *FLAGS[:-1], "me/elsewhere")
    assert "GitHub does not know nobody" in lab.fail("--yes", *FLAGS[:-1], "you/plants", "--reviewer", "nobody")
    assert changes == []


def test_without_credentials_or_gh_there_is_one_message(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "the program gh is not here. https://cli.github.com has it" in lab.fail("--yes", *FLAGS)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "sts:GetCallerIdentity: there are no credentials" in lab.fail("--yes", *FLAGS)
    assert "--profile: " in lab.fail("--yes", *FLAGS, "--profile", "nobody")


def test_a_refusal_of_amazon_names_the_call_and_the_way_out(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = botocore.client.BaseClient._make_api_call

    def make_api_call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        if name == "CreateRole":
            raise botocore.client.ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, name)
        return refuse(client, name, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", make_api_call)
    message = lab.fail("--yes", *FLAGS)
    assert "iam:CreateRole: refused with AccessDenied: not you. These credentials may not do this" in message


@pytest.mark.parametrize(("flags", "fault"), [
    (("--url", "plants"), "'plants' is not the address of a bucket"),
    (("--url", "s3://Plants/x"), "is not the address of a bucket"),
    (("--url", "s3://plants/a*"), "the prefix 'a*' may have"),
    (("--region", "Europe"), "'Europe' is not a region"),
    (("--endpoint-url", "https://me:secret@store.example"), "'https://...@store.example' is not an address"),
])  # fmt: skip
def test_what_is_wrong_with_an_address_is_said_before_anything_is_asked(
    lab: Lab, flags: tuple[str, str], fault: str
) -> None:
    message = lab.fail("--yes", *FLAGS, *flags)
    assert fault in message
    assert "secret" not in message
    assert lab.github["calls"] == []


def test_nothing_is_changed_without_a_yes(lab: Lab, changes: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--yes applies the plan" in lab.fail(*FLAGS)
    with mock.patch("sys.stdin.isatty", return_value=True), mock.patch("builtins.input", return_value="n"):
        assert "nothing was changed" in lab.fail(*FLAGS)
    assert changes == []


def test_ctrl_d_is_no_answer(lab: Lab, changes: Calls) -> None:
    with mock.patch("sys.stdin.isatty", return_value=True), mock.patch("builtins.input", side_effect=EOFError):
        assert "nothing was changed" in lab.fail(*FLAGS)
        assert "'' is not the address of a bucket" in lab.fail()
    assert changes == []


def test_make_hands_its_variables_on() -> None:
    given = {
        "URL": "s3://plants/x", "REGION": "eu-west-1", "ENDPOINT": "https://s3.example.org",
        "GITHUB": "you/plants", "GITLAB": "lab/plants", "PROFILE": "lab",
    }  # fmt: skip
    said = run(
        "make", "--dry-run", "connect", *(f"{name}={value}" for name, value in given.items()), "PLAN=1", cwd=ROOT
    )
    [line] = [line for line in said.replace("\\\n", " ").splitlines() if "tools/connect.py" in line]
    options = {"REGION": "region", "ENDPOINT": "endpoint-url", "GITHUB": "github", "PROFILE": "profile"}
    for name, value in given.items():
        assert f'--{options.get(name, name.lower())} "{value}"' in line
    assert line.split()[-1] == "--plan"


def test_what_no_flag_says_is_asked_or_taken_from_origin(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from projects import git

    assert "--url is missing, and nobody is here to answer" in lab.fail("--yes")
    git(lab.root, "remote", "add", "origin", "git@github.com:You/Plants.git")
    answers = {"Address": "s3://plants/specimen", "Region": REGION}
    with (
        mock.patch("sys.stdin.isatty", return_value=True),
        mock.patch("builtins.input", side_effect=lambda question: answers[question.split()[0]]),
    ):
        lab.connect()
    assert "AWS_READ_ROLE" in lab.github["variables"]


def test_without_github_the_bucket_alone_is_set_up(
    lab: Lab, changes: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.connect(*FLAGS[:4])
    assert changes == ALL[:3]
    assert "the bucket alone is set up" in capsys.readouterr().out


def test_the_roles_may_do_what_their_names_say_and_nothing_else(lab: Lab) -> None:
    """Asked of a server that holds the policies against each call; its bucket has another prefix, too."""
    lab.connect(*FLAGS)
    s3 = lab.client("s3")
    for key in ("specimen/files/md5/aa", "private/aa"):
        s3.put_object(Bucket="plants", Key=key, Body=b"photo")
    allowed: dict[str, list[str]] = {}
    for name in (READ, WRITE):
        lent = lab.client("sts").assume_role(RoleArn=f"{ARN}:role/{name}", RoleSessionName="test")["Credentials"]
        with mock.patch("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0):
            theirs = boto3.client(
                "s3",
                region_name=REGION,
                aws_access_key_id=lent["AccessKeyId"],
                aws_secret_access_key=lent["SecretAccessKey"],
                aws_session_token=lent["SessionToken"],
            )
            for key in ("specimen/files/md5/aa", "private/aa"):
                allowed[name] = allowed.get(name, []) + [
                    f"{what} {key}" for what in ("read", "write", "delete") if _may(theirs, what, key)
                ]
    assert allowed == {
        READ: ["read specimen/files/md5/aa"],
        WRITE: ["read specimen/files/md5/aa", "write specimen/files/md5/aa"],
    }


def _may(s3: Any, what: str, key: str) -> bool:
    try:
        if what == "read":
            s3.get_object(Bucket="plants", Key=key)
        elif what == "write":
            s3.put_object(Bucket="plants", Key=key, Body=b"other")
        else:
            s3.delete_object(Bucket="plants", Key=key)
    except s3.exceptions.ClientError as error:
        return error.response["Error"]["Code"] != "AccessDenied"
    return True


@pytest.mark.parametrize("repository", ["you/plants", "an-organisation-with-a-name/and-a-repository-with-another-one"])
def test_the_name_of_a_role_is_one_that_amazon_takes(repository: str) -> None:
    names = {role_name(repository, kind) for kind in ("read", "write")}
    assert len(names) == 2
    assert all(re.fullmatch(rf"[\w-]{{1,{LONGEST_NAME}}}", name) for name in names)

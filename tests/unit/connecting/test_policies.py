"""The policies, read as Amazon reads them: what they allow, and to whom."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from specimen.connecting.policies import READ, WRITE, Policy, storage_policy, trust_policy
from specimen.connecting.store import Store

STORE = Store("plants", "specimen", "eu-central-1")
OBJECT = "arn:aws:s3:::plants/specimen/files/md5/aa/bb"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
SUBJECT = "repo:You@11/Plants@22"


def is_like(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(expression, text) is not None


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(policy: Policy, action: str, resource: str, **context: str) -> bool:
    """Evaluate a policy as the documentation of AWS says: without a statement that allows it, nothing is allowed.

    `context` are the values of condition keys, with `_` in place of the `:`.
    """
    values = {key.replace("_", ":", 1): value for key, value in context.items()}
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        tests = [
            any(is_like(pattern, action) for pattern in listed(statement["Action"])),
            any(is_like(pattern, resource) for pattern in listed(statement.get("Resource", "*"))),
        ]
        for operator, conditions in statement.get("Condition", {}).items():
            for key, patterns in conditions.items():
                same = {"StringLike": is_like, "StringEquals": str.__eq__}[operator]
                value = values.get(key.removeprefix("token.actions.githubusercontent.com:"))
                tests.append(value is not None and any(same(pattern, value) for pattern in listed(patterns)))
        if all(tests):
            return True
    return False


@pytest.mark.parametrize("actions", [READ, WRITE], ids=["read", "write"])
def test_both_list_and_read_what_is_below_the_prefix_and_nothing_else(actions: tuple[str, ...]) -> None:
    policy = storage_policy(STORE, actions)
    assert allows(policy, "s3:GetObject", OBJECT)
    assert not allows(policy, "s3:GetObject", "arn:aws:s3:::plants/specimen-2/aa")
    assert not allows(policy, "s3:GetObject", "arn:aws:s3:::plants-2/specimen/aa")
    for prefix, may in {"specimen": True, "specimen/files/": True, "specimen-2/": False, "": False}.items():
        assert allows(policy, "s3:ListBucket", "arn:aws:s3:::plants", s3_prefix=prefix) is may
    assert not allows(policy, "s3:ListBucket", "arn:aws:s3:::plants")


def test_the_one_that_reads_cannot_put_and_the_one_that_writes_cannot_delete() -> None:
    read, write = storage_policy(STORE, READ), storage_policy(STORE, WRITE)
    may_write = {action for action in ("s3:PutObject", "s3:AbortMultipartUpload") if allows(write, action, OBJECT)}
    assert len(may_write) == 2
    assert not any(allows(read, action, OBJECT) for action in may_write)
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutBucketPolicy"):
        for resource in (OBJECT, "arn:aws:s3:::plants"):
            assert not allows(write, action, resource)


def test_the_docs_show_the_policy_that_is_made() -> None:
    page = (Path(__file__).parents[3] / "docs/s3.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(shown) == storage_policy(Store("your-bucket", "specimen", "eu-central-1"), READ)
    assert all(f'"{action}"' in page for action in WRITE)


def test_a_whole_bucket_needs_no_prefix() -> None:
    policy = storage_policy(Store("plants", "", "eu-central-1"), READ)
    assert allows(policy, "s3:ListBucket", "arn:aws:s3:::plants")
    assert allows(policy, "s3:GetObject", "arn:aws:s3:::plants/files/md5/aa/bb")


@pytest.mark.parametrize(("subject", "reads", "writes"), [
    ("repo:You@11/Plants@22:environment:train", True, True),
    ("repo:You@11/Plants@22:pull_request", True, False),
    ("repo:You@11/Plants@22:ref:refs/heads/main", True, False),
    ("repo:You@11/Plants@22:ref:refs/heads/environment:train", True, False),
    ("repo:You@11/Plants@22:environment:training", True, False),
    ("repo:You@99/Plants@98:environment:train", False, False),
    ("repo:You/Plants:environment:train", False, False),
    ("repo:You@11/Plants@22-fork@5:environment:train", False, False),
])  # fmt: skip
def test_a_workflow_gets_the_role_that_its_subject_may_have(subject: str, reads: bool, writes: bool) -> None:
    trusts = [trust_policy(PROVIDER, f"{SUBJECT}:{rest}") for rest in ("*", "environment:train")]
    context = {"aud": "sts.amazonaws.com", "sub": subject}
    found = [allows(trust, "sts:AssumeRoleWithWebIdentity", "*", **context) for trust in trusts]
    assert found == [reads, writes]
    assert not allows(trusts[0], "sts:AssumeRoleWithWebIdentity", "*", sub=subject, aud="elsewhere")

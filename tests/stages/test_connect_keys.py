"""`make connect` with a store that lends no roles: two pairs of keys become secrets, and nothing else has them."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import connect
import pytest
import take_keys
from github_server import serving
from laboratory import Lab
from needs import needs_gh
from projects import commit_all, git, run

READ, WRITE = ("s3:GetObject",), ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
NAMES = {kind: (f"S3_{kind}_ACCESS_KEY_ID", f"S3_{kind}_SECRET_ACCESS_KEY") for kind in ("READ", "WRITE")}
Pair = tuple[str, str]


@pytest.fixture
def keys(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Pair]]:
    """Two users of a store that has a bucket and holds the policies against each call."""
    lab.client("s3").create_bucket(Bucket="plants", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    pairs = {"READ": new_pair(lab, "reader", READ), "WRITE": new_pair(lab, "writer", WRITE)}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)  # this is not Amazon
    with mock.patch("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0):
        yield pairs


def new_pair(lab: Lab, name: str, actions: tuple[str, ...]) -> Pair:
    iam = lab.client("iam")
    iam.create_user(UserName=name)
    statements = [
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:HeadBucket"], "Resource": "arn:aws:s3:::plants"},
        {"Effect": "Allow", "Action": list(actions), "Resource": "arn:aws:s3:::plants/specimen/*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="storage", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def export(monkeypatch: pytest.MonkeyPatch, **pairs: Pair) -> None:
    for kind, pair in pairs.items():
        for name, value in zip(NAMES[kind], pair, strict=True):
            monkeypatch.setenv(name, value)


def flags(lab: Lab) -> tuple[str, ...]:
    return ("--url", "s3://plants/specimen", "--endpoint-url", lab.endpoint, "--github", "you/plants")


def secrets_of(lab: Lab) -> dict[str, Any]:
    return {"repository": lab.github["secrets"], "train": lab.github["env_secrets"].get("train", {})}


def expected(keys: dict[str, Pair]) -> dict[str, Any]:
    """The pair that writes is in the environment, which reviewers guard; the other one is for all workflows."""
    read, write = (dict(zip(NAMES[kind], keys[kind], strict=True)) for kind in ("READ", "WRITE"))
    return {"repository": read, "train": write}


def test_two_pairs_become_secrets_and_the_one_that_writes_is_for_the_environment(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export(monkeypatch, **keys)
    lab.connect(*flags(lab))
    assert secrets_of(lab) == expected(keys)
    assert lab.github["variables"] == {"AWS_REGION": "us-east-1", "S3_ENDPOINT_URL": lab.endpoint}
    config = (lab.root / ".dvc/config").read_text()
    assert f"endpointurl = {lab.endpoint}\n" in config
    assert "verify = true\n" in config

    for kind in keys:  # with another pair in the environment, or none, those that GitHub has stay
        monkeypatch.delenv(NAMES[kind][0])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["READ"][0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["READ"][1])
    capsys.readouterr()
    lab.connect("--github", "you/plants")
    assert "Nothing to do" in capsys.readouterr().out
    assert lab.github["variables"]["S3_ENDPOINT_URL"] == lab.endpoint


def test_no_secret_is_in_what_is_printed_run_or_kept(lab: Lab, keys: dict[str, Pair]) -> None:
    """Each program that is started has noted its arguments."""
    commit_all(lab.root, "A copy")
    printed = connect_in_a_process(lab, keys)
    assert secrets_of(lab) == expected(keys)
    commit_all(lab.root, "Connected")
    files = [path.read_bytes() for path in lab.root.rglob("*") if path.is_file()]
    kept = b"".join(files) + git(lab.root, "log", "--patch").encode()
    for value in itertools.chain.from_iterable(keys.values()):
        assert value not in printed
        assert value not in json.dumps(lab.github["calls"])
        assert value.encode() not in kept


@needs_gh
def test_the_real_gh_keeps_the_secrets_and_the_list_of_processes_shows_none(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works on the same machine may read the list; it is looked at whenever gh waits for GitHub."""
    (lab.root.parent / "bin/gh").unlink()
    lists: list[str] = []

    def look() -> None:
        lists.append(run("ps", "-Aww", "-o", "args=", cwd=lab.root))

    with serving(lab.state, look) as variables:
        connect_in_a_process(lab, keys, **variables)
    assert secrets_of(lab) == expected(keys)
    shown = "\n".join(lists)
    for call in ("connect.py", f"gh secret set {NAMES['READ'][1]}", f"gh secret set {NAMES['WRITE'][1]}"):
        assert call in shown
    for value in itertools.chain.from_iterable(keys.values()):
        assert value not in shown


def connect_in_a_process(lab: Lab, keys: dict[str, Pair], **variables: str) -> str:
    """Run `make connect` with the keys in its environment; return what it printed."""
    variables |= {name: value for kind in keys for name, value in zip(NAMES[kind], keys[kind], strict=True)}
    return run(sys.executable, connect.__file__, "--yes", *flags(lab), cwd=lab.root, **variables)


def test_interrupted_between_the_halves_of_a_pair_both_are_set_again(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run may be given another pair, and half of each would be no key at all."""
    export(monkeypatch, **keys)
    lab.tell_github(secrets={NAMES["READ"][0]: "of the pair of yesterday"})
    lab.connect(*flags(lab))
    assert secrets_of(lab) == expected(keys)


def test_what_nobody_exported_is_asked_for_without_an_echo(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = {
        f"The key that {kind.lower()}s, {what}: ": keys[kind][n]
        for kind in keys
        for n, what in enumerate(("its id", "its secret"))
    }
    with (
        mock.patch("sys.stdin.isatty", return_value=True),
        mock.patch("getpass.getpass", side_effect=entered.pop),
        mock.patch("builtins.input", side_effect=AssertionError),
    ):
        lab.connect(*flags(lab))
    assert entered == {}
    assert secrets_of(lab) == expected(keys)


@pytest.mark.parametrize("kind", ["READ", "WRITE"])
def test_a_wrong_key_is_found_before_it_is_kept(
    lab: Lab, keys: dict[str, Pair], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(monkeypatch, **keys)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["READ"][0])
    monkeypatch.setenv(NAMES[kind][1], "not-this-one")
    message = lab.fail("--yes", *flags(lab))
    assert "not-this-one" not in message
    assert not lab.github["env_secrets"]
    assert not (set(lab.github["secrets"]) & set(NAMES[kind]))
    assert "refused with" in message
    assert NAMES[kind][0] in message


def test_a_key_for_reading_that_writes_is_refused_unless_that_is_accepted(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    export(monkeypatch, READ=keys["WRITE"], WRITE=keys["WRITE"])
    message = lab.fail("--yes", *flags(lab))
    assert "the key that reads (S3_READ_ACCESS_KEY_ID) may write to s3://plants/specimen as well" in message
    assert not lab.github["secrets"]
    lab.connect(*flags(lab), "--read-key-may-write")
    assert secrets_of(lab) == expected({"READ": keys["WRITE"], "WRITE": keys["WRITE"]})


def test_a_key_for_writing_that_only_reads_is_refused(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    export(monkeypatch, READ=keys["READ"], WRITE=keys["READ"])
    assert "the key that writes (S3_WRITE_ACCESS_KEY_ID) may not write" in lab.fail("--yes", *flags(lab))
    assert not lab.github["env_secrets"]


def test_new_keys_replace_old_ones_and_undo_removes_them(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    export(monkeypatch, **keys)
    lab.connect(*flags(lab))
    with mock.patch("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", float("inf")):
        monkeypatch.setenv("AWS_ENDPOINT_URL", lab.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
        newer = {"READ": new_pair(lab, "reader-2", READ), "WRITE": new_pair(lab, "writer-2", WRITE)}
    export(monkeypatch, **newer)
    lab.connect(*flags(lab))
    assert secrets_of(lab) == expected(keys)
    lab.connect(*flags(lab), "--new-keys")
    assert secrets_of(lab) == expected(newer)
    lab.connect(*flags(lab), "--undo")
    assert secrets_of(lab) == {"repository": {}, "train": {}}
    assert lab.github["environments"] == lab.github["variables"] == {}


def test_without_reviewers_both_pairs_are_secrets_of_the_repository(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private repository may have no environment that could hold one."""
    export(monkeypatch, **keys)
    lab.tell_github(reviews=False, private=True)
    lab.connect(*flags(lab), "--no-reviewers")
    wanted = expected(keys)
    assert secrets_of(lab) == {"repository": wanted["repository"] | wanted["train"], "train": {}}
    lab.connect(*flags(lab), "--no-reviewers", "--undo")
    assert secrets_of(lab) == {"repository": {}, "train": {}}


def test_what_cannot_be_a_store_is_one_message(
    lab: Lab, keys: dict[str, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    export(monkeypatch, **keys)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # boto3 tries again for ten seconds where nobody answers
    url = ("--url", "s3://plants/specimen", "--github", "you/plants")
    assert "--endpoint-url: Invalid endpoint" in lab.fail("--yes", *url, "--endpoint-url", "http://-store")
    message = lab.fail("--yes", *url, "--endpoint-url", "http://127.0.0.1:9")
    assert "s3:HeadBucket: Could not connect to the endpoint URL" in message
    assert lab.github["secrets"] == {}


def test_without_a_key_there_is_one_message(lab: Lab, keys: dict[str, Pair]) -> None:
    assert "export S3_WRITE_ACCESS_KEY_ID and S3_WRITE_SECRET_ACCESS_KEY" in lab.fail("--yes", *flags(lab))


def test_a_step_of_the_workflows_hands_the_keys_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "env"
    monkeypatch.setenv("GITHUB_ENV", str(file))
    values = {"ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "a/b+c=", "REGION": "eu", "ENDPOINT_URL": ""}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert take_keys.main() == 0
    assert file.read_text() == "AWS_ACCESS_KEY_ID=id\nAWS_SECRET_ACCESS_KEY=a/b+c=\nAWS_REGION=eu\n"


def test_without_keys_the_runner_keeps_what_it_has_and_the_log_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    monkeypatch.setenv("ACCESS_KEY_ID", "")
    assert take_keys.main() == 0
    assert not (tmp_path / "env").exists()
    assert "`make connect`" in capsys.readouterr().out


def test_a_key_with_a_line_break_sets_no_further_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    monkeypatch.setenv("ACCESS_KEY_ID", "id")
    monkeypatch.setenv("SECRET_ACCESS_KEY", "secret\nPATH=/elsewhere")
    assert take_keys.main() == 2
    assert not (tmp_path / "env").exists()
    printed = capsys.readouterr()
    assert "SECRET_ACCESS_KEY has a space or a line break" in printed.err
    assert "elsewhere" not in printed.err + printed.out

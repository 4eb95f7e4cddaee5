"""What the doctor says of a remote, with a real S3 protocol on loopback and faults in it."""

import datetime
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from pathlib import Path

import pytest
from faulty_store import Faulty, serve_faulty
from projects import ROOT, capture_dvc, commit_all, dvc_here, forget_settings, git, init_git

from specimen.doctor import remote, s3_store
from specimen.doctor.examine import Line, examine
from specimen.doctor.messages import explain
from specimen.doctor.place import Place
from specimen.versioning import dvc_commands

SECRET = "wJalrXUtnFEMI/EXAMPLEKEY"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """None of the settings for Git, DVC and AWS that this machine has, but keys in the environment."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "empty").touch()
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch, folder)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, str(folder / "empty"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setattr(dvc_commands, "_capture_dvc", capture_dvc)
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[Faulty]:
    with serve_faulty() as faulty:
        yield faulty


@pytest.fixture(scope="module")
def repository_in_store(settings: None, server: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose data are in the store."""
    root = tmp_path_factory.mktemp("repository")
    init_git(root)
    dvc_here(root, "init", "--quiet")
    write_config(root, server.endpoint)
    (root / "photos").mkdir()
    (root / "photos/leaf.jpg").write_bytes(bytes(range(256)))
    dvc_here(root, "add", "--quiet", "photos")
    commit_all(root, "Photos")
    dvc_here(root, "push")
    return root


@pytest.fixture
def store(server: Faulty) -> Iterator[Faulty]:
    yield server
    server.faults.clear()
    server.date = None


@pytest.fixture
def pushed(repository_in_store: Path, store: Faulty, tmp_path: Path) -> Path:
    """A copy of it, to do things to."""
    return Path(shutil.copytree(repository_in_store, tmp_path / "work", symlinks=True))


def write_config(root: Path, endpoint: str, bucket: str = "specimen", more: str = "") -> None:
    text = f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = s3://{bucket}/dvc\n    verify = true\n"
    (root / ".dvc/config").write_text(f"{text}    endpointurl = {endpoint}\n    region = us-east-1\n{more}")


def examined(root: Path, *, write: bool = False) -> dict[str, Line]:
    return {line.name: line for line in examine(Place(root, write=write), {"remote": remote.CHECKS})}


def test_a_remote_that_has_everything_is_well(pushed: Path, store: Faulty) -> None:
    store.seen.clear()
    lines = examined(pushed)
    assert {name: line.finding.status for name, line in lines.items()} == dict.fromkeys(
        ("address", "verify", "credentials", "store", "clock", "complete"), "ok"
    )
    assert re.fullmatch(r"arn:aws:.*, from the environment", lines["credentials"].finding.what)
    assert not [request for request in store.seen if request.startswith(("PUT", "DELETE"))], "nothing is written"


def no_credentials(root: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def no_bucket(root: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(root, store.endpoint, bucket="specimens")


def nobody_there(root: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        write_config(root, f"http://127.0.0.1:{free.getsockname()[1]}")


def unknown_certificate(root: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(root, store.endpoint)  # the test that serves TLS writes the address


def not_pushed(root: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "photos/leaf.jpg").write_bytes(b"another photo")
    dvc_here(root, "add", "--quiet", "photos")
    git(root, "commit", "--quiet", "--all", "--message", "Not pushed")


def answers(status: int, code: str, message: str, method: str = "GET") -> Callable[..., None]:
    def inject(root: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
        store.fail(method, status, code, message)

    return inject


FAULTS: dict[str, Callable[..., None]] = {
    "Unable to locate credentials": no_credentials,
    "InvalidAccessKeyId": answers(
        403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
    ),
    "SignatureDoesNotMatch": answers(403, "SignatureDoesNotMatch", "The signature we calculated does not match"),
    "NoSuchBucket": no_bucket,
    "Access Denied": answers(403, "AccessDenied", "Access Denied"),
    "Could not connect to the endpoint URL": nobody_there,
    "SSL validation failed": unknown_certificate,
    "missing-files": not_pushed,
    "failed to pull data from the cloud": not_pushed,
    "MissingContentMD5": answers(400, "MissingContentMD5", "Missing required header: Content-MD5.", "PUT"),
    "RequestTimeTooSkewed": answers(403, "RequestTimeTooSkewed", "The difference between the times is too large."),
}
"""For each row of the table in docs/s3.md what brings it about."""


def rows_of_the_table() -> list[list[str]]:
    """Return the messages of each row of the section on DVC's messages."""
    text = (ROOT / "docs/s3.md").read_text(encoding="utf-8")
    section = text.split("What DVC's messages mean")[1].split("\n## ")[0]
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in section.splitlines() if row.startswith("| `")]


def test_every_message_of_the_docs_is_tried_here() -> None:
    rows = rows_of_the_table()
    assert rows
    assert [row for row in rows if len(FAULTS.keys() & set(row)) != 1] == []
    assert len(rows) == len(FAULTS)


@pytest.mark.parametrize("message", [message for row in rows_of_the_table() for message in row])
def test_every_message_of_the_docs_has_a_way_out(message: str) -> None:
    known = explain(message.replace("bucket 'x'", "bucket 'plants'"))
    assert known is not None
    assert known.way_out


@pytest.mark.parametrize("message", FAULTS)
def test_a_fault_of_the_store_is_named_with_its_way_out(
    pushed: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    FAULTS[message](pushed, store, monkeypatch)
    if message == "SSL validation failed":
        with serve_faulty(tls=True) as other:
            write_config(pushed, other.endpoint)
            lines = examined(pushed)
    else:
        lines = examined(pushed, write=message == "MissingContentMD5")
    known = explain(message)
    assert known is not None
    wrong = [line.finding for line in lines.values() if line.finding.status != "ok"]
    if known is explain("missing-files"):
        assert [finding.status for finding in wrong] == ["warning"]
        assert "photos/" in wrong[0].what
        assert "`dvc push`" in wrong[0].way_out
    else:
        named = [finding for finding in wrong if message in finding.what and known.meaning in finding.what]
        assert named, wrong
        assert {finding.status for finding in named} == {"fault"}
        assert {finding.way_out for finding in named} == {known.way_out}
    assert SECRET not in str(lines)


def test_a_store_that_is_silent_is_not_waited_for(pushed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_store, "SECONDS_TO_READ", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_config(pushed, f"http://127.0.0.1:{silent.getsockname()[1]}")
        lines = examined(pushed)
    assert lines["store"].finding.status == "fault"
    assert "nobody answers there" in lines["store"].finding.what
    assert "complete" not in lines, "DVC would wait for minutes"


def test_what_dvc_pull_says_of_data_that_nobody_pushed_is_known(
    pushed: Path, store: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_pushed(pushed, store, monkeypatch)
    shutil.rmtree(pushed / ".dvc/cache")
    shutil.rmtree(pushed / "photos")
    done = capture_dvc(pushed, "pull")
    assert done.returncode
    assert explain(done.stderr) is explain("missing-files")


@pytest.mark.parametrize(
    ("hours", "status"), [(2, "fault"), (-2, "fault"), (-0.1, "warning")], ids=["behind", "ahead", "a little ahead"]
)
def test_a_clock_that_is_wrong_is_compared_with_that_of_the_store(
    pushed: Path, store: Faulty, hours: float, status: str
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    store.date = format_datetime(now + datetime.timedelta(hours=hours), usegmt=True)
    store.fail("GET", 403, "AccessDenied", "Access Denied")  # whose answer has a date too
    line = examined(pushed)["clock"].finding
    assert line.status == status
    assert ("behind" if hours > 0 else "ahead of") in line.what


def test_without_the_service_the_store_does_not_say_whose_the_keys_are(pushed: Path, store: Faulty) -> None:
    store.fail("POST", 400, "InvalidRequest", "no such service")
    assert examined(pushed)["credentials"].finding.what == (
        "from the environment; the store does not say whose they are"
    )


def test_a_key_in_the_config_that_git_keeps_is_a_fault_and_is_not_shown(pushed: Path, store: Faulty) -> None:
    write_config(pushed, store.endpoint, more=f"    access_key_id = AKIA\n    secret_access_key = {SECRET}x\n")
    lines = examined(pushed)
    assert lines["secrets"].finding.status == "fault"
    assert "storage: access_key_id, storage: secret_access_key" in lines["secrets"].finding.what
    assert SECRET not in str(lines)


def test_a_try_to_write_leaves_one_small_file_and_no_more(pushed: Path, store: Faulty) -> None:
    store.seen.clear()
    assert examined(pushed, write=True)["writing"].finding.status == "ok"
    assert [request for request in store.seen if not request.startswith(("GET", "HEAD", "POST"))] == [
        "PUT /specimen/dvc/doctor"
    ]


def test_verify_that_is_off_and_the_address_of_the_template_are_warnings(pushed: Path) -> None:
    config = pushed / ".dvc/config"
    text = config.read_text()
    config.write_text(text.replace("verify = true", "verify = false"))
    assert examined(pushed)["verify"].finding.status == "warning"
    config.write_text("[core]\n    remote = storage\n['remote \"storage\"']\n    url = s3://your-bucket/specimen\n")
    assert list(examined(pushed)) == ["address", "verify"]
    assert examined(pushed)["address"].finding.status == "warning"
    config.write_text("")
    assert list(examined(pushed)) == ["address"]


def test_a_remote_that_is_a_folder_is_looked_at_too(pushed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "remote"
    (pushed / ".dvc/config").write_text(f"[core]\n    remote = f\n['remote \"f\"']\n    url = {folder}\n")
    assert examined(pushed)["store"].finding.what.endswith("remote: no such folder")
    folder.mkdir()
    lines = examined(pushed)
    assert lines["store"].finding.status == "ok"
    assert "photos" in lines["complete"].finding.what

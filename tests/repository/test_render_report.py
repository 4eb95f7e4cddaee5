"""The comment is written by the default branch, from data that somebody else's code has handed over."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import render_report
from comment_check import checked
from report_facts import FACTS

SRC = Path(__file__).parents[2] / "src"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GH = """#!{python}
import json, sys
known = json.loads({known!r})
path, query = sys.argv[2].removeprefix("repos/{{owner}}/{{repo}}/"), sys.argv[4]
if f"{{path}} {{query}}" not in known:
    sys.exit(f"no {{path}}")
print("\\n".join(known[f"{{path}} {{query}}"]))
"""


def let_gh_know(folder: Path, *files: str, count: int | None = None, pages: Sequence[str] = ()) -> None:
    """Put a `gh` into a folder that knows pull request 7, and run 12 with these artifacts called report.html."""
    compared = f"compare/{'b' * 40}...{COMMIT}"
    known = {
        "pulls/7 .head.sha": ["f" * 40], "pulls/7 .base.sha": ["b" * 40],
        "pulls/7/commits?per_page=100 .[].sha": [COMMIT],
        f"{compared} .files[] | .filename, (.previous_filename // empty)": files,
        'actions/runs/12/artifacts?per_page=100 .artifacts[] | select(.name == "report.html") | .id': pages,
        f"{compared} .files | length": [str(len(files) if count is None else count)],
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "gh").write_text(GH.format(python=sys.executable, known=json.dumps(known)))
    (folder / "gh").chmod(0o755)


@pytest.fixture
def artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good report, and a `gh` that knows pull request 7, which changes params alone."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "report.json").write_text(FACTS.model_dump_json())
    (folder / "number").write_text("7\n")
    let_gh_know(tmp_path / "bin", "params.yaml")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("PYTHONPATH", str(SRC))
    monkeypatch.setenv("COMMIT", COMMIT)
    monkeypatch.setenv("WORKFLOW", "report")
    return folder


def rendered(folder: Path, status: int = 0) -> str:
    """Render as the workflow does; return what was printed, and for a comment, the comment."""
    command = [sys.executable, render_report.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    if status:
        assert not (folder / "comment.md").exists()
        return done.stderr
    assert done.stdout == "number=7\n"
    return checked((folder / "comment.md").read_text(encoding="utf-8"))


def test_a_good_report_becomes_a_comment(artifact: Path) -> None:
    text = rendered(artifact)
    assert "\n\n**Verdict: better." in text
    assert "claim" not in text


def test_a_run_that_failed_before_its_report_is_no_further_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, render_report.__file__, str(tmp_path / "artifact")]
    monkeypatch.setenv("PYTHONPATH", str(SRC))
    for conclusion, status in (("failure", 0), ("success", 2)):
        monkeypatch.setenv("CONCLUSION", conclusion)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (status, "")
    assert "artifact/number: does not exist" in done.stderr


def test_what_the_commit_changes_is_asked_of_github(artifact: Path, tmp_path: Path) -> None:
    """A whole forged verdict is still under this line, also when a later commit has taken the change back."""
    let_gh_know(tmp_path / "bin", "params.yaml", "src/report.py")
    assert rendered(artifact).startswith("**Its own claim:** this pull request changes `src/`")
    let_gh_know(tmp_path / "bin", "params.yaml", count=300)
    assert rendered(artifact).startswith("**Its own claim:** this pull request changes too many files")


def test_the_page_with_photos_is_one_click_away(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "you/specimen")
    monkeypatch.setenv("RUN", "12")
    assert "Photos and charts" not in rendered(artifact)
    let_gh_know(tmp_path / "bin", "src/report.py", pages=["345", "344"])
    link = "[Photos and charts](https://github.com/you/specimen/actions/runs/12/artifacts/345)"
    assert link in rendered(artifact).split("**Verdict")[0]


def test_a_training_in_ci_proves_what_params_do(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKFLOW", "train")
    let_gh_know(tmp_path / "bin", "params.yaml", "dvc.lock")
    monkeypatch.setenv("CONCLUSION", "failure")
    assert rendered(artifact).startswith("**Its own claim:**")
    monkeypatch.setenv("CONCLUSION", "success")
    assert rendered(artifact).startswith("Run in CI by the code of the base, without the run cache")


@pytest.mark.parametrize("content", [
    b"", b"{}", b"[]", b"\xff", b'{"markdown": "# Approved"}', b"[" * 100_000, FACTS.model_dump_json().encode()[:-1],
    FACTS.model_dump_json().replace('"better"', '"great"').encode(),
    FACTS.model_dump_json().replace('"schema_version":1', '"schema_version":2').encode(),
    FACTS.model_dump_json().replace('"base":', '"@everyone <b>":1,"base":').encode(),
])  # fmt: skip
def test_what_is_no_report_is_named_in_the_comment(artifact: Path, content: bytes) -> None:
    (artifact / "report.json").write_bytes(content)
    text = rendered(artifact)
    assert re.match(r"\*\*No report here:\*\* (`|<code>)", text)
    assert len(text) < 500


@pytest.mark.parametrize("number", ["", "0", "-1", "7; id", "7\nfoo=bar", "$(id)", "../7", "\u0667", "7" * 11])
def test_a_number_is_digits_and_nothing_else(artifact: Path, number: str) -> None:
    (artifact / "number").write_text(number, encoding="utf-8")
    assert "number" in rendered(artifact, 2)


def test_another_pull_request_is_refused(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMIT", "e" * 40)
    assert "does not have commit" in rendered(artifact, 2)


def test_a_pull_request_that_is_not_there_is_refused(artifact: Path) -> None:
    (artifact / "number").write_text("8")
    assert "gh cannot ask for pulls/8: no pulls/8" in rendered(artifact, 2)


def test_a_file_that_is_too_long_is_not_read(artifact: Path) -> None:
    (artifact / "report.json").write_bytes(b" " * 2_000_001)
    assert "2000001 bytes, at most 2000000 are accepted" in rendered(artifact, 2)


def test_a_link_is_not_followed(artifact: Path, tmp_path: Path) -> None:
    (artifact / "report.json").rename(tmp_path / "secret")
    (artifact / "report.json").symlink_to(tmp_path / "secret")
    assert "not a regular file" in rendered(artifact, 2)

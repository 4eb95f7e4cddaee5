"""The check of a report that somebody else's code has written, before it is posted with the right to check_report."""

import subprocess
import sys
from pathlib import Path

import check_report
import pytest

GOOD = """**Verdict: better. RMSE fell by 5.0 % (from 1.00 to 0.95 g).**

| | base |
| :-- | --: |
| <code>a&#124;b&#64;&#8203;</code> | 1 |

<details>
<summary>More</summary>

```mermaid
%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#8c8c8c, #1f77b4"}}}}%%
xychart-beta
  y-axis "loss" 0 --> 1
```

</details>
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good report, and a `gh` that knows pull request 7."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "report.md").write_text(GOOD, encoding="utf-8")
    (folder / "number").write_text("7\n")
    gh = tmp_path / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f"""#!/bin/sh
[ "$3" = 7 ] || {{ echo "no pull request $3" >&2; exit 1; }}
echo '{{"headRefOid": "{"f" * 40}", "commits": [{{"oid": "{COMMIT}"}}]}}'
""")
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", str(gh.parent), prepend=":")
    monkeypatch.setenv("COMMIT", COMMIT)
    return folder


def check(folder: Path, status: int) -> str:
    command = [sys.executable, check_report.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def test_a_good_report_gives_the_number_for_the_next_step(artifact: Path) -> None:
    assert check(artifact, 0) == "number=7\n"


@pytest.mark.parametrize("number", ["", "0", "-1", "7; id", "7\nfoo=bar", "$(id)", "../7", "\u0667", "7" * 11])
def test_a_number_is_digits_and_nothing_else(artifact: Path, number: str) -> None:
    (artifact / "number").write_text(number, encoding="utf-8")
    assert "number" in check(artifact, 2)


def test_another_pull_request_is_refused(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMIT", "e" * 40)
    assert "does not have commit" in check(artifact, 2)


def test_a_pull_request_that_is_not_there_is_refused(artifact: Path) -> None:
    (artifact / "number").write_text("8")
    assert "gh cannot see pull request 8: no pull request 8" in check(artifact, 2)


@pytest.mark.parametrize(
    "foreign",
    [
        "@everyone", "<script>alert(1)</script>", "<img src=x>", "<details open>", "[x](y)", "![x](y)", "https://x.example",
        "www.x.example", "[x]: y", "fixes #1", "a\u202eb", "\x1b[31m",
    ],
)  # fmt: skip
def test_what_a_report_never_holds_is_refused(artifact: Path, foreign: str) -> None:
    (artifact / "report.md").write_text(f"{GOOD}\n{foreign}\n", encoding="utf-8")
    assert "which a report of Specimen never has" in check(artifact, 2)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"x" * 60_001, b"x" * 300_000])
def test_an_empty_long_or_unreadable_report_is_refused(artifact: Path, content: bytes) -> None:
    (artifact / "report.md").write_bytes(content)
    assert str(artifact / "report.md") in check(artifact, 2)


def test_a_link_is_not_followed(artifact: Path, tmp_path: Path) -> None:
    (artifact / "report.md").rename(tmp_path / "secret")
    (artifact / "report.md").symlink_to(tmp_path / "secret")
    assert "not a regular file" in check(artifact, 2)


def test_it_needs_nothing_but_python(artifact: Path) -> None:
    """In that job nothing is installed."""
    folder = str(Path(check_report.__file__).parent)
    code = f"import sys; sys.path.insert(0, {folder!r}); import check_report; print(check_report.LIMIT)"
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "60000\n"

"""One issue about the drift: opened once, then kept up to date; tried with a stand-in for gh."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".github/scripts/drift_issue.py"
GH = """#!{python}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
calls = folder / "calls.json"
known = json.loads(calls.read_text()) if calls.exists() else []
body = sys.argv[sys.argv.index("--body-file") + 1] if "--body-file" in sys.argv else None
calls.write_text(json.dumps([*known, [sys.argv[1:], body and pathlib.Path(body).read_text()]]))
if sys.argv[1:3] == ["issue", "list"]:
    print((folder / "open").read_text())
if (folder / "broken").exists():
    sys.exit("HTTP 403: Resource not accessible by integration")
"""


@pytest.fixture
def gh(tmp_path: Path) -> Path:
    """A folder with a program gh that notes its calls, and says that the issues in the file `open` are open."""
    program = tmp_path / "gh"
    program.write_text(GH.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "open").write_text("")
    return tmp_path


def run(gh: Path, *, drift: bool) -> tuple[subprocess.CompletedProcess[str], list[list[str]], str]:
    """Run the script; return how it ended, the calls that change something, and the text of the issue."""
    (gh / "drift.json").write_text(json.dumps({"drift": drift}))
    (gh / "summary.md").write_text("**Drift in 2 of 3 comparisons.**\n")
    env = os.environ | {"PATH": f"{gh}{os.pathsep}{os.environ['PATH']}", "RUN": "https://github.com/a/b/actions/runs/7"}
    done = subprocess.run([sys.executable, SCRIPT, str(gh)], env=env, capture_output=True, text=True, check=False)
    calls = json.loads((gh / "calls.json").read_text())
    changes = [(call, body) for call, body in calls if call[1] not in ("list",) and call[0] == "issue"]
    return done, [call for call, _ in changes], changes[0][1] if changes else ""


def test_a_drift_opens_an_issue_with_the_summary_and_the_run(gh: Path) -> None:
    done, [call], text = run(gh, drift=True)
    assert done.returncode == 0, done.stderr
    assert call[:2] == ["issue", "create"]
    assert call[call.index("--label") + 1] == "drift"
    assert text.startswith("**Drift in 2 of 3 comparisons.**\n")
    assert "[The run](https://github.com/a/b/actions/runs/7)" in text


@pytest.mark.parametrize("drift", [True, False])
def test_an_open_issue_is_brought_up_to_date_and_no_second_one_opened(gh: Path, drift: bool) -> None:
    (gh / "open").write_text("12\n9\n")
    done, [call], _ = run(gh, drift=drift)
    assert call[:3] == ["issue", "edit", "9"]
    assert done.stdout == "issue 9 has the new numbers\n"


def test_without_a_drift_nothing_is_opened(gh: Path) -> None:
    done, calls, _ = run(gh, drift=False)
    assert (done.returncode, calls) == (0, [])


def test_what_gh_says_is_handed_on(gh: Path) -> None:
    (gh / "broken").touch()
    done, _, _ = run(gh, drift=True)
    assert done.returncode == 2
    assert done.stderr == "error: gh issue list: HTTP 403: Resource not accessible by integration\n"

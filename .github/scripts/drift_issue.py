"""Keep one issue about the drift up to date: `drift_issue.py FOLDER`, with what tools/drift.py has written there.

A drift opens an issue with the label `drift`, unless one is open; then its text is replaced. Without a drift, an open
issue gets the new numbers too, and people close it. Needs Python alone, and gh with a token in GH_TOKEN.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

LABEL = "drift"
TITLE = "The photos have changed"


def main() -> None:
    """Open or update the issue and print which; else print one message and end with status 2."""
    folder = Path(sys.argv[1])
    try:
        found = json.loads((folder / "drift.json").read_text(encoding="utf-8"))
        text = (folder / "summary.md").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.exit(_failed(f"{folder}: not what tools/drift.py writes ({error})."))
    run = os.environ.get("RUN", "")
    body = folder / "issue.md"
    body.write_text(f"{text}\n[The run]({run}) has the plot, in its artifact `drift`.\n", encoding="utf-8")
    listed = _gh("issue", "list", "--label", LABEL, "--state", "open", "--json", "number", "--jq", ".[].number")
    numbers = sorted(map(int, listed.split()))
    if numbers:
        _gh("issue", "edit", str(numbers[0]), "--body-file", str(body))
        print(f"issue {numbers[0]} has the new numbers")
    elif found["drift"]:
        _gh("label", "create", LABEL, "--force", "--description", "Photos are no longer like the training photos")
        print(_gh("issue", "create", "--title", TITLE, "--label", LABEL, "--body-file", str(body)).strip())
    else:
        print("no drift, and no open issue")


def _gh(*arguments: str) -> str:
    done = subprocess.run(["gh", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(_failed(f"gh {' '.join(arguments[:2])}: {done.stderr.strip()}"))
    return done.stdout


def _failed(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()

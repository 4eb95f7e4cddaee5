"""Post a report on a pull request, in place of its last one: `post_comment.py NUMBER FILE`, where CML cannot.

`gh pr comment --edit-last` would overwrite whatever a workflow wrote last, a linter's comment too. So a report has a
mark that no reader sees, and only what the workflows wrote is replaced.
Needs Python alone, and gh with GH_TOKEN and GH_REPO.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

AUTHOR = "github-actions[bot]"
MARK = "<!-- Specimen report -->"
CML = '"CML watermark Specimen report")'
"""What the last line of a report by CML ends with (`--watermark-title` in comment.yml)."""


def main() -> None:
    """Post the file and print the address of the comment."""
    number, path = sys.argv[1], Path(sys.argv[2])
    body = path.read_text(encoding="utf-8").rstrip()
    query = f'.[] | select(.user.login == "{AUTHOR}") | {{id, body}}'
    comments = f"repos/{{owner}}/{{repo}}/issues/{number}/comments"
    written = map(json.loads, _gh("api", "--paginate", f"{comments}?per_page=100", "--jq", query).splitlines())
    reports = [comment for comment in written if _last_line(comment).endswith((MARK, CML))]
    if not reports:
        address = _send("POST", comments, f"{body}\n\n{MARK}")
    else:  # with the mark that it has, so that CML finds it again
        place = f"repos/{{owner}}/{{repo}}/issues/comments/{reports[-1]['id']}"
        address = _send("PATCH", place, f"{body}\n\n{_last_line(reports[-1])}")
    print(address)


def _last_line(comment: dict[str, Any]) -> str:
    return str(comment["body"]).rstrip().rpartition("\n")[2]


def _send(method: str, path: str, body: str) -> str:
    sent = json.dumps({"body": body})
    return _gh("api", "--method", method, path, "--input", "-", "--jq", ".html_url", stdin=sent).strip()


def _gh(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["gh", *arguments], input=stdin, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        print(f"error: gh cannot post the comment: {done.stderr.strip()}", file=sys.stderr)
        sys.exit(2)
    return done.stdout


if __name__ == "__main__":
    main()

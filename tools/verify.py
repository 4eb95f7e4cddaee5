"""Check a downloaded model: against the `dvc.lock` of this repository, and the attestation that GitHub signed.

`python tools/verify.py model.onnx --rev model-onnx@v1.2.0`
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.git_commands import ask_git, find_commit, read_git
from specimen.versioning.lock import read_lock
from specimen.versioning.parsing import parse_yaml
from specimen.versioning.revisions import LOCK

HERE = Path()


def main() -> None:
    """Print a line for each check; end with status 1 unless the file passes both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="model.pt or model.onnx, as downloaded")
    parser.add_argument("--rev", default="HEAD", help="tag or commit whose dvc.lock names the model (default: HEAD)")
    parser.add_argument("--repo", help="OWNER/NAME on GitHub (default: that of the remote origin)")
    options = parser.parse_args()
    if not options.file.is_file():
        raise SpecimenError(f"{options.file}: no such file.")
    checks = (check_lock(options.file, options.rev, HERE), check_attestation(options.file, options.repo, HERE))
    for passed, line in checks:
        print(f"{'ok' if passed else 'FAULT'}: {line}")
    if not all(passed for passed, _ in checks):
        sys.exit(1)


def check_lock(file: Path, rev: str, root: Path) -> tuple[bool, str]:
    """Return whether the `dvc.lock` of a revision names this very content as an output, and what to say.

    Raises `SpecimenError` for a revision that Git does not know, or without a readable lock.
    """
    md5 = file_md5(file)
    if found := outputs(rev, root).get(md5):
        return True, f"{file} is {found} of {rev}"
    tags = [tag for tag in ask_git(root, "tag", "--sort=-creatordate").splitlines() if md5 in _known(tag, root)]
    hint = f"It is a model of {', '.join(tags)}." if tags else "No tag of this repository knows it."
    return False, f"{file} (md5 {md5}) is not in {LOCK} of {rev}. {hint}"


def outputs(rev: str, root: Path) -> dict[str, str]:
    """Return the paths of the outputs that the lock of a revision names, by MD5. Raises `SpecimenError`."""
    commit = find_commit(root, rev)
    if not commit:
        raise SpecimenError(f"--rev: Git does not know '{rev}' here. `git fetch --tags` brings what the server has.")
    try:
        content = parse_yaml(read_git(root, "show", f"{commit}:./{LOCK}").encode(), f"{LOCK} of {rev}")
        stages = read_lock(content, f"{LOCK} of {rev}")
    except NotAvailableError as error:
        raise SpecimenError(f"--rev: {error}") from error
    return {md5: path for stage in stages.values() for path, md5 in stage.outputs.items() if md5}


def _known(tag: str, root: Path) -> dict[str, str]:
    try:
        return outputs(tag, root)
    except SpecimenError:
        return {}  # a tag from before the pipeline


def check_attestation(file: Path, repository: str | None, root: Path) -> tuple[bool, str]:
    """Return whether GitHub attests that a workflow of the repository made the file, and what to say."""
    if not repository and not (repository := github_repository(ask_git(root, "remote", "get-url", "origin"))):
        return (
            False,
            "no attestation was looked for: the remote origin is not on GitHub; name one with --repo OWNER/NAME",
        )
    if not (program := shutil.which("gh")):
        return False, "no attestation was looked for: this needs GitHub's command line program, gh, at least 2.49"
    command = [program, "attestation", "verify", str(file), "--repo", repository]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        return False, f"no workflow of {repository} vouches for {file}: {reason}"
    return True, f"a workflow of {repository} made {file}, as its attestation says"


def github_repository(url: str) -> str | None:
    """Return OWNER/NAME of the address of a remote on github.com, `None` for any other."""
    for start in ("https://github.com/", "git@github.com:", "ssh://git@github.com/"):
        if url.startswith(start):
            return url.removeprefix(start).removesuffix("/").removesuffix(".git")
    return None


if __name__ == "__main__":
    errors.run_cli(main)

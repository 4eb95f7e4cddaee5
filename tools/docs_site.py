"""Build README.md, CONTRIBUTING.md and docs/ as a site with search, in build/docs/site.

    make docs

The pages stay where GitHub shows them. They are copied with their links rewritten: to a page, to its place in the site;
to another file, to the repository on the web, if its address is known (GITHUB_REPOSITORY, or Git's origin).
"""

import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.versioning.git_commands import ask_git

CONFIG = Path("docs/zensical.toml")
FOLDER = Path("build/docs")
FRONT_PAGE = "README.md"
PICTURES = (".png", ".webp")
LINK = re.compile(
    r"```.*?```|`[^`\n]*`"  # code, which stays
    r"|(!?)\[((?:`[^`]*`|[^\]`])*)\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)",
    re.DOTALL,
)


def pages(root: Path) -> dict[str, str]:
    """The name that each page has in the site, by its path in the repository."""
    names = {path.relative_to(root).as_posix(): path.name for path in sorted((root / "docs").glob("*.md"))}
    return {FRONT_PAGE: "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", **names}


def rewrite(text: str, source: str, names: dict[str, str], repository: str | None) -> str:
    """The page with links that hold in the site; code keeps what only looks like a link.

    Args:
        text: Markdown of the page.
        source: its path in the repository.
        names: as `pages` returns them.
        repository: address of the repository on the web; without it, links to its other files become plain text.
    """

    def link(match: re.Match[str]) -> str:
        image, label, target, anchor = match.groups()
        if target is None:  # code
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if path in names:
            return f"[{label}]({names[path]}{anchor or ''})"
        if image:
            return f"![{label}]({posixpath.basename(path)})"
        return f"[{label}]({repository}/blob/HEAD/{quote(path)}{anchor or ''})" if repository else label

    return LINK.sub(link, text)


def repository_address() -> str | None:
    """Where the repository is on the web, or None."""
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    origin = ask_git(Path(), "remote", "get-url", "origin")
    match = re.fullmatch(r"(?:https://|git@|ssh://git@)(?:[^@/]+@)?([\w.-]+)[:/](.+?)(?:\.git)?/?", origin)
    return f"https://{match[1]}/{match[2]}" if match else None


def copy_pages(root: Path, folder: Path, repository: str | None) -> None:
    """Write config, pages and pictures of the site into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "pages").mkdir(parents=True)
    shutil.copy(root / CONFIG, folder)
    names = pages(root)
    for source, name in names.items():
        text = (root / source).read_text(encoding="utf-8")
        (folder / "pages" / name).write_text(rewrite(text, source, names, repository), encoding="utf-8")
    for picture in (root / "docs").iterdir():
        if picture.suffix in PICTURES:
            shutil.copy(picture, folder / "pages")


def main() -> None:
    """Copy the pages and let zensical build them."""
    copy_pages(Path(), FOLDER, repository_address())
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(FOLDER / CONFIG.name)]
    if subprocess.run(command, check=False).returncode:
        raise SpecimenError("The site was not built; the lines of zensical above name the page and the link.")
    print(f"{FOLDER / 'site'} has the site. To look at it: python -m http.server --directory {FOLDER / 'site'}")


if __name__ == "__main__":
    errors.run_cli(main)

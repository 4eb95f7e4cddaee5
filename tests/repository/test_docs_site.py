"""The site of the docs has every page, and links that hold."""

import subprocess
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import docs_site
import pytest

ROOT = Path(__file__).parents[2]
NAMES = {"README.md": "index.md", "docs/serve.md": "serve.md", "docs/predict.md": "predict.md"}


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("README.md", "[serve](docs/serve.md#limits)", "[serve](serve.md#limits)"),
        ("docs/serve.md", "[start](../README.md)", "[start](index.md)"),
        ("docs/serve.md", "[a\nb](predict.md)", "[a\nb](predict.md)"),
        ("README.md", "![page](docs/page.webp)", "![page](page.webp)"),
        ("README.md", "[`config`](src/config)", "[`config`](https://host/me/it/blob/HEAD/src/config)"),
        ("docs/serve.md", "[DVC](https://dvc.org), [here](#limits)", "[DVC](https://dvc.org), [here](#limits)"),
        ("README.md", "`a[0](docs/serve.md)`", "`a[0](docs/serve.md)`"),
        ("README.md", "```sh\n[x](docs/serve.md)\n```", "```sh\n[x](docs/serve.md)\n```"),
    ],
)
def test_links_lead_to_pages_of_the_site_or_to_the_repository(source: str, text: str, expected: str) -> None:
    assert docs_site.rewrite(text, source, NAMES, "https://host/me/it") == expected


def test_a_file_of_an_unknown_repository_is_named_without_a_link() -> None:
    assert docs_site.rewrite("see [config](src/config)", "README.md", NAMES, None) == "see config"


@pytest.mark.parametrize(
    "origin",
    [
        "git@host.org:me/it.git",
        "https://host.org/me/it",
        "https://token@host.org/me/it.git",
        "ssh://git@host.org/me/it",
    ],
)
def test_the_address_comes_from_git(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    assert docs_site.repository_address() is None
    subprocess.run(["git", "remote", "add", "origin", origin], check=True)
    assert docs_site.repository_address() == "https://host.org/me/it"


def test_navigation_has_every_page_once() -> None:
    def paths(items: list[dict[str, object]]) -> list[str]:
        values = [value for item in items for value in item.values()]
        return [path for value in values for path in (paths(value) if isinstance(value, list) else [str(value)])]

    nav = tomllib.loads((ROOT / docs_site.CONFIG).read_text(encoding="utf-8"))["project"]["nav"]
    assert sorted(paths(nav)) == sorted(docs_site.pages(ROOT).values())


class Loaded(HTMLParser):
    """Collects what a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = {"script": "src", "img": "src", "link": "href"}.get(tag, "")
        self.addresses += [value for key, value in attrs if key == name and value]


def test_site_is_built_without_a_broken_link_and_loads_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(docs_site, "FOLDER", tmp_path)
    docs_site.main()
    loaded = Loaded()
    loaded.feed((tmp_path / "site" / "serve" / "index.html").read_text(encoding="utf-8"))
    assert loaded.addresses
    assert not [address for address in loaded.addresses if "//" in address]
    assert (tmp_path / "site" / "page.webp").exists()


def test_a_broken_link_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / docs_site.CONFIG).write_text('[project]\nsite_name = "x"\ndocs_dir = "pages"\n')
    (tmp_path / "README.md").write_text("# Start\n\n[lost](docs/a.md#nowhere)\n")
    (tmp_path / "CONTRIBUTING.md").write_text("# Contributing\n")
    (tmp_path / "docs" / "a.md").write_text("# A\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(docs_site.SpecimenError, match="not built"):
        docs_site.main()

"""The page has words for whatever the server may answer, in each of its languages, and asks for what it can read."""

import re
from pathlib import Path
from typing import get_args

import pytest

from specimen.serving.schemas import Code

PAGE = Path(__file__).parents[3] / "src/specimen/serving/page"
TEXTS = (PAGE / "texts.js").read_text(encoding="utf-8")
LANGUAGES = dict(re.findall(r"^  (\w\w): \{\n(.*?)^  \},$", TEXTS, re.MULTILINE | re.DOTALL))
OF_THE_PAGE = {"empty", "heic", "no_server", "other", "unreadable"}
"""Errors that the page finds itself."""


def keys(text: str, indent: int) -> list[str]:
    return re.findall(rf"^ {{{indent}}}(\w+): ", text, re.MULTILINE)


def test_all_languages_have_the_same_texts() -> None:
    assert sorted(LANGUAGES) == ["de", "en"]
    assert keys(LANGUAGES["de"], 4) == keys(LANGUAGES["en"], 4)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_each_error_of_the_server_has_a_text(language: str) -> None:
    texts = keys(LANGUAGES[language].split("    errors: {")[1], 6)
    assert sorted(texts) == sorted({*get_args(Code)} | OF_THE_PAGE)


def test_the_page_does_not_ask_for_heic_so_that_safari_converts_it() -> None:
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    accepted = re.findall(r'accept="([^"]*)"', index)
    assert ["image/jpeg" in one for one in accepted] == [True, True]
    assert not re.search("hei[cf]|image/\\*", " ".join(accepted))

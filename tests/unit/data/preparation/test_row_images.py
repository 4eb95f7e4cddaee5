"""From the label table to the images that its cells mean, and nothing taken twice or without a word."""

import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specimen.data.preparation.row_images import find_images
from specimen.data.readers.images import ImageNotFoundError


class Photos:
    """Photos that no test reads."""

    def __init__(self, *names: str) -> None:
        self.names = sorted(names or ("Early/a.png", "b.png"))
        self.others = ["film.gif"]

    def read(self, name: str) -> bytes:
        raise ImageNotFoundError


def find(*names: str | None) -> tuple[list[str | None], list[str | None], list[str]]:
    """Return the images, the errors and the notes of rows with these names."""
    rows, notes = find_images(pd.DataFrame({"image_name": [*names]}, dtype=object), Photos())
    return rows["image"].tolist(), rows["image_error"].tolist(), notes


def test_the_name_in_the_sheet_and_the_image_that_it_means_are_two_columns() -> None:
    labels = pd.DataFrame({"image_name": ["A.PNG", "c.png", None]}, index=[2, 3, 5], dtype=object)
    rows, _ = find_images(labels, Photos())
    assert rows["image_name"].tolist() == ["A.PNG", "c.png", None]
    assert rows["image"].tolist() == ["Early/a.png", None, None]
    assert rows["image_error"].tolist() == [None, "no such file", "no image named"]
    assert rows.index.tolist() == [2, 3, 5]


def test_without_images_a_row_is_called_by_its_name() -> None:
    rows, notes = find_images(pd.DataFrame({"image_name": ["plant 1", "plant 2"]}), None)
    assert rows["image"].tolist() == ["plant 1", "plant 2"]
    assert rows["image_error"].tolist() == [None, None]
    assert notes == []


def test_a_name_that_is_not_quite_that_of_the_file_is_taken_and_said() -> None:
    images, errors, notes = find("a.jpg", "C:\\x\\b")
    assert images == ["Early/a.png", "b.png"]
    assert errors == [None, None]
    assert notes == [
        "data.image_column: names that are not quite those of the files: 2 ('a.jpg' in row 0 means 'Early/a.png', "
        "'C:\\x\\b' in row 1 means 'b.png')"
    ]


def test_another_case_is_said() -> None:
    assert find("B.PNG")[2] == [
        "data.image_column: names that are not quite those of the files: 1 ('B.PNG' in row 0 means 'b.png')"
    ]


@pytest.mark.parametrize("name", ["b.png", "./b.png", "a.png", "Early\\a.png", "Early/a.png"])
def test_a_name_with_another_separator_or_without_its_folder_goes_without_saying(name: str) -> None:
    assert find(name)[2] == []


@pytest.mark.parametrize(
    ("names", "images"),
    [
        (["b.png", "b.jpg"], ["b.png", None]),
        (["x/b.png", "y/b.png"], [None, None]),
        (["b", "b.jpg"], [None, None]),
        (["B.PNG", "b"], ["b.png", None]),
        (["x/b.png", "X\\b.png"], ["b.png", "b.png"]),
        (["x/b.png", None, "nothing"], ["b.png", None, None]),
    ],
)
def test_a_file_that_two_rows_name_in_other_words_goes_to_the_row_that_names_it_as_it_is(
    names: list[str | None], images: list[str | None]
) -> None:
    assert find(*names)[0] == images


def test_the_row_that_does_not_get_the_file_says_why() -> None:
    assert find("b.png", "b.jpg")[1] == [
        None, "no such file, and b.png, which is similar, is named by another row"
    ]  # fmt: skip


FILES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "a/", "A/", "b/a/"]),
    st.sampled_from(["p1", "P1", "p2", "p\u00fc", "1.5"]),
    st.sampled_from([".png", ".jpg", ".JPG"]),
)
SPELLINGS: list[Callable[[str], str]] = [
    lambda name: name,
    str.upper,
    lambda name: str(PurePosixPath(name).with_suffix("")),
    lambda name: str(PurePosixPath(name).with_suffix(".tif")),
    lambda name: PurePosixPath(name).name,
    lambda name: "C:\\photos\\" + name.replace("/", "\\"),
    lambda name: f"images/{name}",
    lambda name: unicodedata.normalize("NFD", name),
]


@settings(derandomize=True, deadline=None, database=None)
@given(st.sets(FILES, min_size=1, max_size=6), st.data())
def test_no_spelling_of_a_name_gives_another_photo(files: set[str], data: st.DataObject) -> None:
    meant = data.draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=4))
    ways = data.draw(st.lists(st.sampled_from(SPELLINGS), min_size=len(meant), max_size=len(meant)))
    written = [way(name) for way, name in zip(ways, meant, strict=True)]
    rows, _ = find_images(pd.DataFrame({"image_name": written}, dtype=object), Photos(*files))
    for name, image, spelling in zip(meant, rows["image"], written, strict=True):
        names_another = f"/{image}".lower().endswith(f"/{spelling}".lower())  # p1.png of a/p1.png, next to p1.png
        assert image in (None, name) or names_another

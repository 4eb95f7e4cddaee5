"""From the label table to the images and values that its cells mean."""

import pandas as pd

from specimen.data.preparation.raw_dataset import find_images
from specimen.data.readers.images import ImageNotFoundError


class Photos:
    """Photos that no test reads."""

    names = ["Early/a.png", "b.png"]  # noqa: RUF012

    def read(self, name: str) -> bytes:
        raise ImageNotFoundError


def test_the_name_in_the_sheet_and_the_image_that_it_means_are_two_columns() -> None:
    labels = pd.DataFrame({"image_name": ["A.PNG", "c.png", None]}, index=[2, 3, 5], dtype=object)
    rows = find_images(labels, Photos())
    assert rows["image_name"].tolist() == ["A.PNG", "c.png", None]
    assert rows["image"].tolist() == ["Early/a.png", None, None]
    assert rows["image_error"].tolist() == [None, "no such file", "no image named"]
    assert rows.index.tolist() == [2, 3, 5]


def test_without_images_a_row_is_called_by_its_name() -> None:
    rows = find_images(pd.DataFrame({"image_name": ["plant 1", "plant 2"]}), None)
    assert rows["image"].tolist() == ["plant 1", "plant 2"]
    assert rows["image_error"].tolist() == [None, None]

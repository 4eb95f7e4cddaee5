"""Rejected rows in messages."""

import pandas as pd

from specimen.data.preparation.rejections import SHOWN, count_by_rule


def test_a_cell_of_a_thousand_letters_does_not_fill_the_screen() -> None:
    rejected = pd.DataFrame({"row": [2], "image": ["a.png"], "rule": ["label_not_a_number"], "value": ["x" * 1000]})
    assert count_by_rule(rejected).endswith(f"image 'a.png', {'x' * SHOWN}...")

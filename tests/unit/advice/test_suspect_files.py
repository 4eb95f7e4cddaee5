"""What is written about suspicious labels, for people."""

import pandas as pd

from specimen.advice.suspect_files import caption


def test_a_caption_says_how_sure_the_model_is_on_a_line_of_its_own() -> None:
    row = pd.Series({"image": "image_113.jpg", "target": 1.9724, "prediction": 0.95155, "low": 0.7614, "high": 1.163})
    assert caption(row, "g").splitlines() == ["image_113.jpg", "label 1.972 g", "model 0.9516 g", "(0.761 to 1.16)"]


def test_a_caption_is_not_wider_than_its_picture() -> None:
    row = pd.Series({
        "image": "Tomato___Tomato_mosaic_virus/0a7cc59f-b2b0-4201-9c4a-d91eca5c03a3___PSU_CG 2230.JPG",
        "target": "Tomato___Tomato_Yellow_Leaf_Curl_Virus", "prediction": "Tomato___Tomato_mosaic_virus",
        "confidence": 0.931,
    })  # fmt: skip
    lines = caption(row, "").splitlines()
    assert max(map(len, lines)) <= 28
    assert lines[1].endswith("_Curl_Virus")
    assert lines[3] == "(93 %)"

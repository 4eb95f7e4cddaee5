"""The table of predictions that people read."""

import pandas as pd

from specimen.integrations.prediction_rows import prediction_rows


def test_numbers_have_their_interval() -> None:
    table = pd.DataFrame(
        {"row": [7], "image": ["a.png"], "image_md5": ["0"], "split": ["test"], "target": [4.0], "age": [3]}
    ).assign(prediction=[5.0], low=[4.5], high=[None], distance=[0.5], unlike=[False])
    assert prediction_rows(table).to_dict("records") == [
        {"image": "a.png", "truth": 4.0, "prediction": 5.0, "low": 4.5, "high": None, "unlike": False}
    ]


def test_classes_have_their_set_as_text() -> None:
    columns = {"target": "a", "prediction": "b", "confidence": 0.7, "prediction_set": '["b", "ä"]', "p: a": 0.3}
    assert prediction_rows(pd.DataFrame([columns])).to_dict("records") == [
        {"truth": "a", "prediction": "b", "confidence": 0.7, "prediction_set": "b, ä"}
    ]

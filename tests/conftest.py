"""Small pictures on disk, for the tests that need some."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from specimen.models.task import Classification, Regression

COLOURS = {"red": (200, 60, 50), "green": (60, 180, 70), "blue": (50, 70, 190)}

DrawPhotos = Callable[..., pd.DataFrame]


def picture(seed: int, side: int = 32, colour: tuple[int, int, int] = (128, 128, 128)) -> Image.Image:
    """Draw a coloured picture of soft spots that no other seed gives."""
    spots = np.random.default_rng(seed).integers(-50, 50, (5, 5))
    soft = np.asarray(Image.fromarray(spots.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(soft[..., None] + np.array(colour), 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def draw_photos() -> DrawPhotos:
    """A function that draws `count` photos into `folder` and returns their table: filename, colour, weight, plant.

    `classes=True` sorts them into one folder per colour, `suffix` chooses their format. Two photos belong to a plant;
    the redder a photo, the heavier its plant.
    """

    def draw(folder: Path, count: int, *, classes: bool = False, suffix: str = ".png", side: int = 32) -> pd.DataFrame:
        rows = []
        for number in range(count):
            name = list(COLOURS)[number // 2 % len(COLOURS)]
            path = folder / (name if classes else "") / f"photo_{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(number, side, COLOURS[name]).save(path)
            weight = COLOURS[name][0] / 100 + number // 2 / 1000
            rows.append((path.relative_to(folder).as_posix(), name, weight, f"plant {number // 2}"))
        return pd.DataFrame(rows, columns=["filename", "colour", "weight", "plant"])

    return draw


REGRESSION = Regression(0.0, 1.0, "none", "mse", coverage=0.9, half_width=0.12)
CLASSES = Classification(("red", "green", "blue"), 0.0, coverage=0.9, threshold=0.05)
FEATURES = {"age": builders.AGE, "soil": builders.SOIL}


WriteOnnx = Callable[..., Path]


@pytest.fixture(scope="session")
def write_onnx() -> WriteOnnx:
    """A function that writes a `model.onnx` which looks at the mean colour alone, without any training.

    Numbers: the prediction is `scale` times the mean of red, 0 to 255, and each standard score of the age adds 1. With
    `classes=True` the class is the colour that prevails. With `novelty=True` there is a distance
    as well, a hundredth of the mean of red. What else is given goes into the facts of the data set.
    """

    def write(
        path: Path,
        *,
        classes: bool = False,
        features: bool = False,
        novelty: bool = False,
        scale: float = 0.01,
        **meta: Any,
    ) -> Path:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        weights = np.eye(3) / 5 if classes else np.array([[scale], [0], [0]])
        from_features = np.zeros((4, weights.shape[1]))
        from_features[0] = 1
        constants = {"axes": np.array([1, 2]), "weights": weights.astype("f4"), "more": from_features.astype("f4")}
        nodes = [
            helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["numbers", "axes"], ["colour"], keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["seen" if features else "logits"]),
        ]
        inputs = [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 32, 32, 3])]
        if features:
            nodes.append(helper.make_node("MatMul", ["features", "more"], ["added"]))
            nodes.append(helper.make_node("Add", ["seen", "added"], ["logits"]))
            inputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 4]))
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", weights.shape[1]])]
        if novelty:
            constants["red"] = np.array([0.01, 0, 0], "f4")
            nodes.append(helper.make_node("MatMul", ["colour", "red"], ["distance"]))
            outputs.append(helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["n"]))
        given = [numpy_helper.from_array(value, name) for name, value in constants.items()]
        graph = helper.make_graph(nodes, "colour", inputs, outputs, given)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        dataset = {
            "task": "classification" if classes else "regression",
            "class_names": CLASSES.class_names if classes else (),
            "features": FEATURES if features else {},
            "target": "colour" if classes else "fresh_weight",
            "unit": "" if classes else "g",
        }
        facts = builders.model_meta(
            CLASSES if classes else REGRESSION,
            dataset=builders.dataset_meta(**dataset | meta),
            novelty_photos=1 if novelty else None,
        )
        helper.set_model_props(model, {"specimen": facts.model_dump_json()})
        onnx.save(model, path)
        return path

    return write

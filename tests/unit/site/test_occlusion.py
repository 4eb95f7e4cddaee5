"""JavaScript finds what the model looks at where Python does."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from javascript import run_javascript
from needs import needs_javascript

from specimen.common.files import significant
from specimen.models.predictions import CONFIDENCE, PREDICTION, as_columns
from specimen.models.task import Classification, Regression
from specimen.serving import occlusion

pytestmark = needs_javascript

SIZE = 40
NAMES = ("red", "green", "blue")
LOOK = """
    const { look } = await import(`${page}/occlusion.js`);
    const significant = (value) => Number(value.toPrecision(6));
    const means = (picture) => [0, 1, 2].map((channel) => picture.reduce(
        (sum, value, index) => (index % 3 === channel ? sum + value * given.weights[(index - channel) / 3] : sum), 0));
    const numbers = (pictures) => pictures.map((one) => ({ number: significant(means(one)[0]) }));
    const classes = (pictures) => pictures.map((one) => {
        const odds = means(one).map((mean) => Math.exp(mean / 20));
        return { probabilities: odds.map((one) => significant(one / odds.reduce((sum, other) => sum + other, 0))) };
    });
    const picture = new Uint8Array(Buffer.from(given.picture, "base64"));
    return look(picture, given.size, async (pictures) => (given.classes ? classes : numbers)(pictures));
"""


@pytest.mark.parametrize("classes", [False, True])
def test_the_heat_is_that_of_the_server(classes: bool) -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 120, (SIZE, SIZE, 3), dtype=np.uint8)
    picture[5:14, 22:30] = (230, 90, 40)
    weights = rng.uniform(0, 2 / SIZE**2, (SIZE, SIZE))

    async def predict(pictures: npt.NDArray[np.uint8]) -> pd.DataFrame:
        means = (pictures * weights[:, :, None]).sum(axis=(1, 2))
        if not classes:
            return pd.DataFrame({PREDICTION: significant(means[:, 0])})
        odds = np.exp(means / 20)
        shares = significant(odds / odds.sum(axis=1, keepdims=True))
        best = np.array(NAMES, dtype=object)[shares.argmax(axis=1)]
        return pd.DataFrame({PREDICTION: best, CONFIDENCE: shares.max(axis=1), **as_columns(shares, NAMES)})

    async def search() -> occlusion.Look:
        task = Classification(NAMES, 0.0) if classes else Regression(0.0, 1.0, "none", "mse")
        return await occlusion.look(task, picture, await predict(picture[None]), predict)

    right = asyncio.run(search())
    given: dict[str, Any] = {"picture": base64.b64encode(picture.tobytes()).decode(), "size": SIZE, "classes": classes}
    made = run_javascript(LOOK, {**given, "weights": weights.ravel().tolist()})
    assert right.heat.max() == 1
    np.testing.assert_allclose(made["heat"], right.heat, atol=2e-3)
    assert made["change"] == pytest.approx(right.change, rel=1e-4)


def test_where_nothing_speaks_for_the_prediction_nothing_is_hot() -> None:
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    given = {"picture": base64.b64encode(picture.tobytes()).decode(), "size": SIZE, "classes": False}
    made = run_javascript(LOOK, {**given, "weights": [1e-3] * SIZE**2})
    assert made["change"] == 0
    assert not np.any(made["heat"])

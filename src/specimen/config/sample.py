"""Section `sample` of params.yaml."""

from typing import Annotated

from pydantic import Field

from specimen.config.base import Positive, Section, Seed


class Sample(Section):
    """The embedded data set, drawn by `src/sample.py`."""

    seed: Seed = 7
    plants: Positive = 240
    """Two photos are drawn of each plant."""
    image_size: Annotated[int, Field(ge=32, le=1024)] = 256
    """Side of a photo in pixels."""

"""Draw the embedded data set `data/sample`: photos of potted plants and the sheet of their labels."""

import specimen.common.interrupts  # isort: skip # noqa: F401

from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from tqdm import tqdm

from specimen.common import errors
from specimen.common.memory import keep_freed_memory
from specimen.common.prefetch import prefetch_map
from specimen.common.spreadsheets import write_without_times
from specimen.config.base import load_section
from specimen.config.sample import Sample
from specimen.data.sample.camera import photograph
from specimen.data.sample.canvas import OVERSAMPLING
from specimen.data.sample.faults import PHOTOS, QUALITY, mask_of, spoil
from specimen.data.sample.growth import LAMPS, STRESS, grow, label_plant
from specimen.data.sample.plant import draw_pot

FOLDER = Path("data/sample")
WIDTH_CM = 12  # what the side of a photo shows: the camera hangs at the same height everywhere


def main() -> None:
    """Draw the data set that `params.yaml` asks for."""
    keep_freed_memory()
    sample = load_section("sample", Sample)
    draw_sample(FOLDER, sample.seed, sample.plants, sample.image_size)


def draw_sample(folder: Path, seed: int, plants: int, image_size: int) -> None:
    """Replace a folder by `images/`, each about image_size x image_size pixels, `masks/` and `labels.xlsx`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        fresh = Path(aside, "fresh")
        images = fresh / "images"
        images.mkdir(parents=True)
        (fresh / "masks").mkdir()
        drawn = prefetch_map(partial(_draw_plant, images, seed, image_size), range(plants))
        labels = pd.DataFrame(chain.from_iterable(tqdm(drawn, total=plants, unit="plant", disable=None)))
        if plants >= 12:  # a handful of plants has no room for faults
            spoil(images, labels, np.random.default_rng([seed, plants]))  # a stream that no plant has
        _write_sheet(labels, fresh / "labels.xlsx")
        if folder.exists():
            folder.rename(Path(aside, "old"))
        fresh.rename(folder)


def _draw_plant(images: Path, seed: int, size: int, index: int) -> list[dict[str, object]]:
    """Draw the photos of one plant, whichever worker does it, and return their rows of the sheet."""
    rng = np.random.default_rng([seed, index, 0])
    age = int(rng.choice([7, 14, 21, 28], p=[0.27, 0.27, 0.24, 0.22]))
    condition = str(rng.choice(list(STRESS), p=[0.42, 0.24, 0.24, 0.10]))
    rosette = grow(age, condition, rng)
    pot = draw_pot(rosette, size, rng)
    leaf_area = max(int(pot[1].sum()), 1) * (WIDTH_CM / size / OVERSAMPLING) ** 2
    label = label_plant(index, age, condition, rosette.leaves, leaf_area, rng)
    tag = "{experiment_id}_{farmbot_name}_{plant_number}".format(**label)
    rows = []
    for number in range(1, PHOTOS + 1):
        photo, mask = photograph(pot, size, LAMPS[index % 4 + 1], tag, np.random.default_rng([seed, index, number]))
        filename = f"image_{index * PHOTOS + number}.jpg"
        photo.save(images / filename, quality=QUALITY)
        mask.save(mask_of(images / filename))
        rows.append({"filename": filename, **label})
    return rows


def _write_sheet(labels: pd.DataFrame, path: Path) -> None:
    content = BytesIO()
    labels.to_excel(content, sheet_name="labels", index=False)
    write_without_times(content.getvalue(), path)


if __name__ == "__main__":
    errors.run_cli(main)

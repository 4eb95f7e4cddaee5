"""Draw the embedded data set `data/sample`: photos of potted plants and the sheet of their labels."""

import math
import re
import shutil
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pandas as pd
from PIL import ExifTags, Image
from tqdm import tqdm

from specimen.common import errors
from specimen.common.memory import keep_freed_memory
from specimen.common.prefetch import prefetch_map
from specimen.config.base import load_section
from specimen.config.sample import Sample
from specimen.data.sample.plant import OVERSAMPLING, Rosette, draw_pot, photograph

FOLDER = Path("data/sample")
PHOTOS = 2  # of each plant
QUALITY = 90  # of the JPEG files
WIDTH_CM = 12  # what the side of a photo shows: the camera hangs at the same height everywhere
LAMPS = {1: (1.0, 1.0, 1.0), 2: (1.22, 0.84, 0.46), 3: (1.0, 1.0, 1.0), 4: (1.14, 0.80, 0.84)}  # tint by experiment
STRESS = {"control": 0.0, "drought": 0.15, "salinity": 0.2, "": 0.0}  # share of its growth that a plant loses


def main() -> None:
    """Draw the data set that `params.yaml` asks for."""
    keep_freed_memory()
    sample = load_section("sample", Sample)
    draw_sample(FOLDER, sample.seed, sample.plants, sample.image_size)


def draw_sample(folder: Path, seed: int, plants: int, image_size: int) -> None:
    """Fill a folder anew with `images/`, each about image_size x image_size pixels, `masks/` and `labels.xlsx`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        fresh = Path(aside, "fresh")
        images = fresh / "images"
        images.mkdir(parents=True)
        (fresh / "masks").mkdir()
        drawn = prefetch_map(partial(_draw_plant, images, seed, image_size), range(plants))
        labels = pd.DataFrame(chain.from_iterable(tqdm(drawn, total=plants, unit="plant", disable=None)))
        if plants >= 12:  # a handful of plants has no room for faults
            _plant_faults(images, labels, np.random.default_rng([seed, plants]))  # a stream that no plant has
        _write_sheet(labels, fresh / "labels.xlsx")
        if folder.exists():
            folder.rename(Path(aside, "old"))
        fresh.rename(folder)


def _draw_plant(images: Path, seed: int, size: int, index: int) -> list[dict[str, object]]:
    """Draw the photos of one plant, whichever worker does it, and return their rows of the sheet."""
    rng = np.random.default_rng([seed, index, 0])
    age = int(rng.choice([7, 14, 21, 28], p=[0.27, 0.27, 0.24, 0.22]))
    condition = str(rng.choice(list(STRESS), p=[0.42, 0.24, 0.24, 0.10]))
    rosette = _grow(age, condition, rng)
    pot = draw_pot(rosette, size, rng)
    leaf_area = max(int(pot[1].sum()), 1) * (WIDTH_CM / size / OVERSAMPLING) ** 2
    label = _label(index, age, condition, rosette.leaves, leaf_area, rng)
    tag = "{experiment_id}_{farmbot_name}_{plant_number}".format(**label)
    rows = []
    for number in range(1, PHOTOS + 1):
        photo, mask = photograph(pot, size, LAMPS[index % 4 + 1], tag, np.random.default_rng([seed, index, number]))
        filename = f"image_{index * PHOTOS + number}.jpg"
        photo.save(images / filename, quality=QUALITY)
        mask.save(_mask_of(images / filename))
        rows.append({"filename": filename, **label})
    return rows


def _mask_of(photo: Path) -> Path:
    return photo.parents[1] / "masks" / f"{photo.stem}.png"


def _grow(age: int, condition: str, rng: np.random.Generator) -> Rosette:
    """Grow a plant for `age` days."""
    spread = (0.125 + 0.0046 * age) * (1 - STRESS[condition]) * rng.normal(1, 0.24)
    leaves = 5 + 0.3 * age - 6 * STRESS[condition] + rng.normal(0, 2.6)
    severity = rng.uniform(0.5, 1)
    return Rosette(
        leaves=max(4, round(leaves)),
        radius=min(max(spread, 0.05), 0.35),  # every seed has come up, every plant fits into the picture
        drought=severity * (condition == "drought"),
        salinity=severity * (condition == "salinity"),
    )


def _label(
    index: int, age: int, condition: str, leaves: int, leaf_area: float, rng: np.random.Generator
) -> dict[str, object]:
    """Write down one plant as the laboratory does: grams, cm2, lux, with its errors and gaps."""
    experiment, number = index % 4 + 1, index // 4 + 1
    taken = datetime(2023, 3, 1, 8) + timedelta(days=60 * experiment + age, seconds=int(rng.integers(10 * 3600)))
    total = 0.0174 * leaf_area**1.4 * rng.lognormal(0, 0.09) if rng.random() > 0.14 else math.nan
    root_share = rng.normal(0.25, 0.04)
    shoot, root = total * (1 - root_share) * rng.normal(1, 0.01), total * root_share * rng.normal(1, 0.02)
    small = int(rng.binomial(leaves, 0.45))
    visible, infrared = round(rng.lognormal(8.6, 0.4)), round(rng.lognormal(7.4, 0.5))
    return {
        "experiment_id": f"exp_{experiment}",
        "farmbot_name": "farmbot_uzk" if number % 2 else "farmbot_uzk_2",
        "plant_number": number,
        "timestamp": taken,
        "temperature": round(rng.normal(22.5, 1.6), 1),
        "humidity": round(rng.normal(58, 7), 1),
        "illuminancelux": round(visible * rng.normal(0.9, 0.03)),
        "illuminanceinfrared": infrared,
        "illuminancevisible": visible,
        "illuminancefullspectrum": visible + infrared,
        "is_active": bool(rng.random() < 0.92),
        "fresh_weight_total": round(total, 4),
        "fresh_weight_shoot": round(shoot, 4),
        "fresh_weight_root": round(root, 4),
        "dry_weight_shoot": round(0.08 * shoot * rng.lognormal(0, 0.08), 5),
        "age_days": age if rng.random() > 0.11 else None,
        "condition": condition or None,
        "shoot_root_ratio_fresh": round(shoot / root, 3),
        "plant_surface_area": round(1.2 * leaf_area * rng.lognormal(0, 0.52), 2),
        "leaf_surface_area": round(leaf_area * rng.lognormal(0, 0.42), 2),
        "small_leaves": small,
        "big_leaves": leaves - small,
        "total_leaves": leaves,
        "artificial_light": LAMPS[experiment] != LAMPS[1],
        "lab_book_page": 40 * experiment + number // 3,
    }


def _plant_faults(images: Path, labels: pd.DataFrame, rng: np.random.Generator) -> None:
    """Spoil a few photos and one weight, in place, the way real collections are spoiled."""
    one_of_each_plant = labels["filename"].to_numpy()[::PHOTOS]
    grey, turned, cut, mixed_up, source, *others = (images / name for name in rng.permutation(one_of_each_plant))
    Image.open(grey).convert("L").save(grey, quality=QUALITY)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # stored a quarter turn to the left, to be shown turned back
    Image.open(turned).transpose(Image.Transpose.ROTATE_90).save(turned, quality=QUALITY, exif=exif)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    for one, other in ((source, mixed_up), (_mask_of(source), _mask_of(mixed_up))):
        shutil.copyfile(one, other)
    for lost in others[: max(1, len(labels) // 160)]:
        lost.unlink()
        _mask_of(lost).unlink()
    plant = rng.choice(labels.index[labels["fresh_weight_total"].notna()]) // PHOTOS
    labels.loc[labels.index // PHOTOS == plant, "fresh_weight_total"] *= -1


def _write_sheet(labels: pd.DataFrame, path: Path) -> None:
    """Write the labels to an Excel file without the times at which Excel files usually say they were made."""
    stamped = BytesIO()
    labels.to_excel(stamped, sheet_name="labels", index=False)
    with ZipFile(stamped) as source, ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2024-01-01T00:00:00Z", content)
            target.writestr(ZipInfo(name), content, ZIP_DEFLATED)


if __name__ == "__main__":
    errors.run_cli(main)

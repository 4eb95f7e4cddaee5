"""How a plant grows, and what the laboratory writes down of it."""

import math
from datetime import datetime, timedelta

import numpy as np

from specimen.data.sample.plant import Rosette

LAMPS = {1: (1.0, 1.0, 1.0), 2: (1.22, 0.84, 0.46), 3: (1.0, 1.0, 1.0), 4: (1.14, 0.80, 0.84)}  # tint by experiment
STRESS = {"control": 0.0, "drought": 0.15, "salinity": 0.2, "": 0.0}  # share of its growth that a plant loses


def grow(age: int, condition: str, rng: np.random.Generator) -> Rosette:
    """Grow a plant for `age` days."""
    spread = (0.125 + 0.0046 * age) * (1 - STRESS[condition]) * rng.normal(1, 0.24)
    leaves = 5 + 0.3 * age - 6 * STRESS[condition] + rng.normal(0, 2.6)
    severity = rng.uniform(0.5, 1)
    return Rosette(
        leaves=max(4, round(leaves)),
        radius=min(max(spread, 0.05), 0.35),  # every seed has come up, and every plant fits into the picture
        drought=severity * (condition == "drought"),
        salinity=severity * (condition == "salinity"),
    )


def label_plant(
    index: int, age: int, condition: str, leaves: int, leaf_area: float, rng: np.random.Generator
) -> dict[str, object]:
    """Write down one plant as the laboratory does: grams, cm2, lux, with its errors and gaps."""
    experiment = index % 4 + 1
    number = index // 4 + 1
    taken = datetime(2023, 3, 1, 8) + timedelta(days=60 * experiment + age, seconds=int(rng.integers(10 * 3600)))
    total = 0.0174 * leaf_area**1.4 * rng.lognormal(0, 0.09) if rng.random() > 0.14 else math.nan
    root_share = rng.normal(0.25, 0.04)
    shoot = total * (1 - root_share) * rng.normal(1, 0.01)
    root = total * root_share * rng.normal(1, 0.02)
    small = int(rng.binomial(leaves, 0.45))
    visible = round(rng.lognormal(8.6, 0.4))
    infrared = round(rng.lognormal(7.4, 0.5))
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

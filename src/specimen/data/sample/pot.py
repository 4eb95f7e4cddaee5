"""The ground of a photo: a tray, and on it the pot full of soil."""

import numpy as np

from specimen.data.sample.canvas import LIGHT, Plane, blend, cloud, relief, rgb

POT_RADIUS = 0.37  # in photo sides, like every length below


def draw_ground(x: Plane, y: Plane, scale: int, rng: np.random.Generator) -> Plane:
    """Draw the tray and the pot full of soil (S x S x 3, 0 to 1); x and y are in photo sides."""
    ribs = np.cos((x + np.float32(rng.uniform(0, 1))) * np.float32(np.pi / 0.115)) ** 24
    out = np.hypot(x - 0.02, y - 0.02) - POT_RADIUS  # the pot shades the tray away from the lamp
    ground = (0.8 + 0.9 * ribs + 0.1 * cloud(len(x), scale / 6, rng)) * (0.3 + out / 0.09).clip(0.3, 1)
    scene: Plane = ground[..., None] * rgb(0.115, 0.12, 0.13)
    radius = np.hypot(x, y)
    bulge = ((radius / POT_RADIUS - 0.96) / 0.04).clip(-1, 1)
    facing = bulge * (LIGHT[0] * x + LIGHT[1] * y) / radius.clip(0.01)
    plastic = rgb(0.54, 0.29, 0.19) if rng.random() < 0.35 else rgb(0.21, 0.21, 0.22)
    rim = 0.85 + 0.75 * facing + 0.9 * facing.clip(0) ** 4 + 0.04 * cloud(len(x), scale / 190, rng)
    blend(scene, ((POT_RADIUS - radius) * scale).clip(0, 1), rim[..., None] * plastic)
    deep = POT_RADIUS * 0.93 - np.maximum(radius, np.hypot(x + 0.012, y + 0.012))  # the rim shades the soil
    soil = _draw_soil(len(x), scale, rng) * (0.25 + deep / 0.05).clip(0.25, 1)[..., None]
    blend(scene, ((POT_RADIUS * 0.92 - radius) * scale).clip(0, 1), soil)
    return scene


def _draw_soil(side: int, scale: int, rng: np.random.Generator) -> Plane:
    """Draw lumpy soil with grains of perlite and bark (side x side x 3, 0 to 1)."""
    lumps = 2.2 * cloud(side, scale / 14, rng) + 1.2 * cloud(side, scale / 38, rng) + 0.9 * cloud(side, scale / 95, rng)
    light = 1 + 0.2 * cloud(side, scale / 190, rng) + 0.06 * relief(lumps, scale)
    soil: Plane = light[..., None] * rgb(0.275, 0.20, 0.145) * np.float32(rng.normal(1, 0.1)) + 0.018 * lumps[..., None]
    for rarity, blobs, colour in ((1.9, 95, rgb(0.50, 0.37, 0.24)), (1.95, 62, rgb(0.82, 0.80, 0.75))):
        bumps = cloud(side, scale / blobs, rng)
        blend(soil, (4 * (bumps - rarity)).clip(0, 1), (0.9 + 0.06 * relief(bumps, scale))[..., None] * colour)
    return soil

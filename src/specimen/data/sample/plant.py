"""A potted rosette plant seen from above, and the photos taken of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Plane = NDArray[np.floating]

OVERSAMPLING = 2  # scene pixels per photo pixel: smooth edges after shrinking
SCENE = 1.2  # scene side / photo side: a turned and shifted photo still lies inside the scene
POT_RADIUS = 0.37  # in photo sides, like every length below
GOLDEN_ANGLE = np.pi * (3 - 5**0.5)
LIGHT = np.array([-0.7, -0.7], np.float32)  # direction (x, y) to the lamp


@dataclass(frozen=True)
class Rosette:
    """The numbers that give one plant its look."""

    leaves: int
    radius: float  # reach of the longest leaf, in photo sides
    drought: float = 0.0  # 0 to 1
    salinity: float = 0.0  # 0 to 1


def draw_pot(rosette: Rosette, size: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw the plant in its pot: a scene (S x S x 3) and where the plant is in it (S x S), S = size * 2.4."""
    scale = size * OVERSAMPLING
    x, y = _grid(size * SCENE * OVERSAMPLING, scale)
    side = len(x)
    # The ground is softer than the leaves: it needs no oversampling.
    ground = Image.fromarray(_to_bytes(_draw_ground(*_grid(size * SCENE, size), size, rng)))
    scene = np.asarray(ground.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
    mask = np.zeros((side, side), np.bool_)
    heart = rng.uniform(-0.03, 0.03, 2).astype(np.float32)
    twist = rng.uniform(0, 2 * np.pi)
    tone = rng.normal(1, [0.07, 0.05, 0.08]) * rng.normal(1, 0.07)
    mottle = 1 + 0.05 * _cloud(side, scale / 45, rng) + 0.04 * _cloud(side, scale / 150, rng)
    for number in range(rosette.leaves):  # the oldest leaf first: the young ones lie on top
        youth = number / max(rosette.leaves - 1, 1)
        length = rosette.radius * (1 - 0.74 * youth**1.2) * rng.uniform(0.84, 1)
        angle = twist + number * GOLDEN_ANGLE + rng.normal(0, 0.13)
        box = _box_around(heart, angle, length, scale, side)
        cover, shade, edge, rib = _leaf_form(x[box] - heart[0], y[box] - heart[1], angle, length, scale, rng)
        shade = (shade * mottle[box])[..., None]
        leaf = shade * _rgb(*_leaf_colour(rosette, youth, rng) * tone)
        _blend(leaf, 0.3 * rib, shade * _rgb(0.72, 0.80, 0.52))
        _blend(leaf, 0.45 * rosette.salinity * edge, _rgb(0.70, 0.76, 0.64))
        _blend(scene[box], 0.6 * _cast_shadow(cover, 0.006 + 0.035 * length, scale), _rgb(0, 0, 0))
        _blend(scene[box], cover, leaf)
        mask[box] |= cover > 0.5
    return _to_bytes(scene), mask


def _draw_ground(x: Plane, y: Plane, scale: int, rng: np.random.Generator) -> Plane:
    """Draw the tray and the pot full of soil (S x S x 3, 0 to 1); x and y are in photo sides."""
    ribs = np.cos((x + np.float32(rng.uniform(0, 1))) * np.float32(np.pi / 0.115)) ** 24
    out = np.hypot(x - 0.02, y - 0.02) - POT_RADIUS  # the pot shades the tray away from the lamp
    ground = (0.8 + 0.9 * ribs + 0.1 * _cloud(len(x), scale / 6, rng)) * (0.3 + out / 0.09).clip(0.3, 1)
    scene: Plane = ground[..., None] * _rgb(0.115, 0.12, 0.13)
    radius = np.hypot(x, y)
    bulge = ((radius / POT_RADIUS - 0.96) / 0.04).clip(-1, 1)
    facing = bulge * (LIGHT[0] * x + LIGHT[1] * y) / radius.clip(0.01)
    plastic = _rgb(0.54, 0.29, 0.19) if rng.random() < 0.35 else _rgb(0.21, 0.21, 0.22)
    rim = 0.85 + 0.75 * facing + 0.9 * facing.clip(0) ** 4 + 0.04 * _cloud(len(x), scale / 190, rng)
    _blend(scene, ((POT_RADIUS - radius) * scale).clip(0, 1), rim[..., None] * plastic)
    deep = POT_RADIUS * 0.93 - np.maximum(radius, np.hypot(x + 0.012, y + 0.012))  # the rim shades the soil
    soil = _draw_soil(len(x), scale, rng) * (0.25 + deep / 0.05).clip(0.25, 1)[..., None]
    _blend(scene, ((POT_RADIUS * 0.92 - radius) * scale).clip(0, 1), soil)
    return scene


def _draw_soil(side: int, scale: int, rng: np.random.Generator) -> Plane:
    """Draw lumpy soil with grains of perlite and bark (side x side x 3, 0 to 1)."""
    lumps = (
        2.2 * _cloud(side, scale / 14, rng) + 1.2 * _cloud(side, scale / 38, rng) + 0.9 * _cloud(side, scale / 95, rng)
    )
    light = 1 + 0.2 * _cloud(side, scale / 190, rng) + 0.06 * _relief(lumps, scale)
    soil: Plane = (
        light[..., None] * _rgb(0.275, 0.20, 0.145) * np.float32(rng.normal(1, 0.1)) + 0.018 * lumps[..., None]
    )
    for rarity, blobs, colour in ((1.9, 95, _rgb(0.50, 0.37, 0.24)), (1.95, 62, _rgb(0.82, 0.80, 0.75))):
        bumps = _cloud(side, scale / blobs, rng)
        _blend(soil, (4 * (bumps - rarity)).clip(0, 1), (0.9 + 0.06 * _relief(bumps, scale))[..., None] * colour)
    return soil


def _leaf_form(
    x: Plane, y: Plane, angle: float, length: float, scale: int, rng: np.random.Generator
) -> tuple[Plane, Plane, Plane, Plane]:
    """Shape one leaf that grows from (0, 0): cover, brightness, closeness to the edge and midrib (each H x W)."""
    along_axis, across_axis = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    u = (x * along_axis[0] + y * along_axis[1]) / length  # 0 at the heart, 1 at the tip
    v = (x * across_axis[0] + y * across_axis[1]) / length - rng.normal(0, 0.09) * u**2
    s = u.clip(0, 1)
    wave = 1 + 0.035 * np.sin(rng.uniform(9, 15) * u + rng.uniform(0, 6) + np.sign(v))
    half = rng.uniform(0.20, 0.25) * np.sin(np.pi * s ** rng.uniform(2.1, 2.6)).clip(0) ** 0.62 * wave + 0.032 * (1 - s)
    cover = ((half - np.abs(v)) * length * scale + 0.5).clip(0, 1) * ((u > 0) & (u < 1))
    across = (v / half.clip(0.01)).clip(-1, 1)
    fold = across - 1.1 * np.sign(across) * np.exp(-((across / 0.35) ** 2))  # each half is domed, the midrib a groove
    tilt = fold * (across_axis @ LIGHT) * 0.6 + (s - 0.6) * (along_axis @ LIGHT) * 0.9 + rng.normal(0, 0.15)
    veins = np.cos(2 * np.pi * (7 * s - 5 * np.abs(v))) ** 8
    shade = (0.62 + 0.45 * s**0.7) * (1 + 0.27 * tilt) + 0.035 * veins + 0.18 * (tilt - 0.35).clip(0) ** 2
    rib = np.exp(-((v * length * scale / (1 + 0.016 * length * scale)) ** 2)) * (1 - 0.6 * s)
    return cover, shade, np.abs(across) ** 4 + s**14, rib


def _leaf_colour(rosette: Rosette, youth: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Mix the green of one leaf (3 values, 0 to 1): yellow and dull in drought, bluish in salt, light when young."""
    colour = np.array([0.34, 0.46, 0.20]) + youth * np.array([0.10, 0.11, 0.03])
    dry = rosette.drought * (1 - 0.5 * youth) * rng.uniform(0.3, 0.9)
    colour += dry * (np.array([0.52, 0.47, 0.24]) - colour)
    colour += rosette.salinity * 0.55 * (np.array([0.34, 0.47, 0.36]) - colour)
    return colour * rng.normal(1, 0.07)


def _grid(side: float, scale: int) -> tuple[Plane, Plane]:
    """Return x and y (each side x side), in photo sides from the middle of the scene."""
    steps = np.arange(round(side), dtype=np.float32)
    x, y = np.meshgrid(*[(steps - steps.mean()) / scale] * 2)
    return x, y


def _box_around(heart: Plane, angle: float, length: float, scale: int, side: int) -> tuple[slice, slice]:
    """Return the part of the scene (rows, columns) that one leaf and its shadow need."""
    ends = np.array([heart, heart + length * np.array([np.cos(angle), np.sin(angle)])]) * scale + side / 2
    low, high = ends.min(axis=0) - 0.38 * length * scale - 4, ends.max(axis=0) + 0.38 * length * scale + 4
    (left, top), (right, bottom) = low.clip(0, side).astype(int), high.clip(0, side).astype(int)
    return slice(top, bottom), slice(left, right)


def _cast_shadow(cover: Plane, height: float, scale: int) -> Plane:
    """Return the shadow (H x W, 0 to 1) of a leaf that floats `height` photo sides above what lies below it."""
    away = tuple(np.rint(-LIGHT[::-1] * height * scale).astype(int))
    image = Image.fromarray((np.roll(cover, away, (0, 1)) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.5 * height * scale)), np.float32) / 255


def _to_bytes(picture: Plane) -> NDArray[np.uint8]:
    """Turn brightness (any shape) of 0 to 1 into 0 to 255."""
    return (picture * 255).clip(0, 255).astype(np.uint8)


def _rgb(red: float, green: float, blue: float) -> Plane:
    """Return a colour (3 values, 0 to 1)."""
    return np.array([red, green, blue], np.float32)


def _blend(below: Plane, cover: Plane, above: Plane) -> None:
    """Paint `above` over `below` (H x W x 3), in place, where `cover` (H x W) is more than 0."""
    below += cover[..., None] * (above - below)


def _cloud(side: int, grain: float, rng: np.random.Generator) -> Plane:
    """Return smooth noise (side x side, mean 0, deviation a little below 1) with blobs about `grain` pixels wide."""
    cells = max(2, round(side / grain))
    coarse = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


def _relief(height: Plane, scale: int) -> Plane:
    """Return how much a bumpy surface (H x W) faces the lamp."""
    down, right = np.gradient(height)
    return np.asarray((right + down) * (scale / 100))


def photograph(
    pot: tuple[NDArray[np.uint8], NDArray[np.bool_]],
    size: int,
    light: tuple[float, float, float],
    tag: str,
    rng: np.random.Generator,
) -> tuple[Image.Image, Image.Image]:
    """Take one photo of what `draw_pot` drew: turned, shifted, lit, noisy, with the tag burned in.

    Returns the photo, about size x size pixels, and its mask (1 bit): where the plant is, as far as the tag leaves it.
    """
    width, height = (int(side) for side in size + rng.integers(-4, 5, 2))
    turn = np.deg2rad(rng.uniform(-7, 7))
    cos, sin = np.cos(turn), np.sin(turn)
    middle = len(pot[0]) / 2 + rng.uniform(-0.02, 0.02, 2) * size * OVERSAMPLING
    half = np.array([width, height]) * OVERSAMPLING / 2
    left, top = middle - [cos * half[0] + sin * half[1], cos * half[1] - sin * half[0]]
    scene, mask = (
        Image.fromarray(layer)
        .transform(
            (width * OVERSAMPLING, height * OVERSAMPLING),
            Image.Transform.AFFINE,
            (cos, sin, left, -sin, cos, top),
            Image.Resampling.BILINEAR,
        )
        .reduce(OVERSAMPLING)
        for layer in (pot[0], pot[1].astype(np.uint8) * 255)
    )
    pixels = np.asarray(scene, np.float32)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    exposure = rng.uniform(0.98, 1.26) * (1.06 - 0.11 * (x**2 + y**2))
    pixels = pixels * exposure[..., None] * np.array(light) * rng.normal(1, 0.015, 3)
    pixels += rng.normal(0, 4, (height, width, 1)) + rng.normal(0, 2.5, (height, width, 3))
    photo = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    pen, font = ImageDraw.Draw(photo), ImageFont.load_default(size / 24)
    place = (size / 50, height - size / 50)
    label = pen.textbbox(place, tag, font, anchor="lb")
    pen.rectangle(label, fill=(12, 12, 12))
    pen.text(place, tag, (235, 235, 235), font, anchor="lb")
    ImageDraw.Draw(mask).rectangle(label, fill=0)
    return photo, mask.point(lambda value: 255 * (value >= 128), "1")

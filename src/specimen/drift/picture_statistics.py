"""A picture in five numbers, the same for training photos and for those that the server gets.

They are of the square picture that the model sees, so the camera's number of pixels does not change them.
"""

from __future__ import annotations

import numpy as np

from specimen.data.readers.decode import Picture

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""How bright red, green and blue look: ITU-R BT.601."""
PICTURE_STATISTICS = ("brightness", "contrast", "sharpness", "warmth", "greenness")


def picture_statistics(picture: Picture) -> dict[str, float]:
    """Return `PICTURE_STATISTICS` of an RGB picture, size x size x 3; nothing of one without pixels.

    brightness  mean luma, 0 to 1
    contrast    standard deviation of the luma
    sharpness   root mean square of the Laplacian of the luma over the contrast, so that a darker photo is not less
                sharp; 0 of a picture of one colour (after J. L. Pech-Pacheco et al., "Diatom autofocusing in
                brightfield microscopy", ICPR 2000)
    warmth      mean of red minus that of blue, -1 to 1
    greenness   excess green: twice the mean of green minus those of red and blue, -2 to 2 (D. M. Woebbecke et al.,
                "Color indices for weed identification", Transactions of the ASAE 38, 1995)
    """
    if not picture.size:
        return {}
    values = picture.astype(np.float32) / 255
    luma = values @ LUMA
    contrast = float(luma.std(dtype=np.float64))
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    edges = float(np.sqrt(np.square(laplacian).mean())) if laplacian.size else 0.0
    red, green, blue = values.mean(axis=(0, 1), dtype=np.float64).tolist()
    found = (
        float(luma.mean(dtype=np.float64)),
        contrast,
        edges / contrast if contrast > 1e-3 else 0.0,
        red - blue,
        2 * green - red - blue,
    )
    return dict(zip(PICTURE_STATISTICS, (float(f"{value:.4g}") for value in found), strict=True))

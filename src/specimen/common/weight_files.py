"""Whether `train.weights` is a file, or the name of weights that a library knows."""

from pathlib import Path

SUFFIXES = (".pt", ".pth")


def weights_file(weights: str) -> Path | None:
    """Return the path of a state dict, by its ending; `None` for the name of weights, and for none."""
    path = Path(weights)
    return path if path.suffix in SUFFIXES else None

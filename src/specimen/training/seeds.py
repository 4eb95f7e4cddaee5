"""Seeds for what is random in training: derived from the params' seed, so that runs can be repeated and resumed."""

import numpy as np


def draw_seed(*parts: int) -> int:
    """Return the seed of what these numbers name, such as (seed, epoch, row)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)

"""Stage validate: params.yaml and the label table are checked while nothing can be lost.

DVC removes the outputs of a stage before it runs the stage. So faults of either are found here first, and the store,
the model and the plots of the last good run are still there.
"""

from pathlib import Path

from specimen.common import errors
from specimen.common.files import write_json
from specimen.config.params import load_params
from specimen.data.preparation.raw_dataset import read_raw_dataset

VALIDATED = Path("data/validated.json")


def main() -> None:
    """Read both, and write down how many rows there are."""
    params = load_params()
    raw = read_raw_dataset(params.data, params.prepare.rules)
    write_json(VALIDATED, {"rows": len(raw.labels), "usable": len(raw.usable)})
    for note in raw.notes:
        print(f"note: {note}")
    print(f"{len(raw.usable)} of {len(raw.labels)} rows have a label and an image")


if __name__ == "__main__":
    errors.run_cli(main)

"""Stage validate: params.yaml and the label table are checked while nothing can be lost.

DVC removes the outputs of a stage before it runs the stage. So faults of either are found here first, and the store,
the model and the plots of the last good run are still there. Photos are not decoded: what only that can show is left
to prepare.
"""

import specimen.common.interrupts  # isort: skip # noqa: F401

from pathlib import Path

from specimen.common import errors, sample_stage, weights_dep
from specimen.common.errors import SpecimenError
from specimen.common.files import write_json
from specimen.common.stage_deps import is_tracked, require_dep
from specimen.common.weight_files import weights_file
from specimen.config.params import load_params
from specimen.data.dataset.targets import check_transformable
from specimen.data.preparation.raw_dataset import read_raw_dataset
from specimen.data.preparation.rejections import keep_rejected_aside
from specimen.data.preparation.samples import foresee_samples

VALIDATED = Path("data/validated.json")


@keep_rejected_aside()
def main() -> None:
    """Read both, and write down how many rows there are."""
    params = load_params()
    check_weights(params.train.weights)
    raw = read_raw_dataset(params.data, params.prepare.rules)
    samples = foresee_samples(raw, params.data, params.prepare, params.split)
    if params.data.task == "regression":
        check_transformable(samples["target"], params.train.target_transform)
    write_json(VALIDATED, {"rows": len(raw.labels), "usable": len(raw.usable)})
    for note in raw.notes:
        print(f"note: {note}")
    if sample_stage.is_in_the_way(params.data.root):
        print(
            "note: `dvc pull` and `dvc checkout` still look for the embedded sample; to let DVC forget it: "
            f"dvc remove {sample_stage.ADDRESS}"
        )
    print(f"{len(raw.usable)} of {len(raw.labels)} rows have a label and an image")


def check_weights(weights: str) -> None:
    """Raise `SpecimenError` for a file of weights that is neither here nor known to DVC, or not a dep of train.

    And for a name of weights, which is no file, where the pipelines depend on one.
    """
    file = weights_file(weights)
    if file is None:
        if weights_dep.is_listed():
            raise SpecimenError(
                f"train.weights: '{weights}' is not a file, and the stages that train depend on one. Take the line "
                f"`- {weights_dep.DEP}` out of {', '.join(map(str, weights_dep.STAGES))}."
            )
        return
    if not file.is_file() and not is_tracked(file):
        raise SpecimenError(
            f"train.weights: no file '{file}'. Paths are from the root of the repository. From the web or "
            f"another folder, `dvc import-url <address> {file.as_posix()}` gets it."
        )
    require_dep("train", file, "train.weights")


if __name__ == "__main__":
    errors.run_cli(main)

"""What a stage reads must be among its deps in dvc.yaml, or DVC would not notice when it changes."""

from pathlib import Path

import yaml

from specimen.common.errors import SpecimenError

PIPELINE = Path("dvc.yaml")


def is_tracked(path: Path) -> bool:
    """Return whether DVC tracks a file: by itself, in a folder, or as the output of a stage of the pipeline."""
    if any(parent.with_name(f"{parent.name}.dvc").is_file() for parent in (path, *path.parents) if parent.name):
        return True
    stages = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["stages"].values() if PIPELINE.exists() else ()
    outs = {Path(out if isinstance(out, str) else next(iter(out))) for stage in stages for out in stage.get("outs", ())}
    return bool({path, *path.parents} & outs)


def require_dep(stage: str, path: Path, key: str, otherwise: str = "") -> None:
    """Raise `SpecimenError` where a stage is about to read a file that its deps do not cover; `key` names the file.

    A dep `${key}` is the file, whichever it is.
    `otherwise` is another way out, for the message.
    """
    if not PIPELINE.exists():
        return  # run by hand, outside a DVC repository
    described = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["stages"][stage]
    deps = described["deps"]
    if path.as_posix() in described.get("outs", ()):
        raise SpecimenError(
            f"{key}: '{path}' is what stage {stage} writes, and DVC removes it before. Copy it elsewhere, and name the "
            f"copy, here and in the deps of the stage in {PIPELINE}."
        )
    if f"${{{key}}}" not in deps and not {path, *path.parents} & {Path(dep) for dep in deps}:
        raise SpecimenError(
            f"{key}: '{path}' is not among the deps of stage {stage} in {PIPELINE}, so DVC would not notice when it "
            f"changes. Add the line `- {path.as_posix()}` there{otherwise}."
        )

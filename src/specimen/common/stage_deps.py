"""What a stage reads must be among its deps in dvc.yaml, or DVC would not notice when it changes."""

from pathlib import Path

import yaml

from specimen.common.errors import SpecimenError

PIPELINE = Path("dvc.yaml")


def require_dep(stage: str, path: Path, key: str) -> None:
    """Raise `SpecimenError` where a stage is about to read a file that its deps do not cover; `key` names the file."""
    if not PIPELINE.exists():
        return  # run by hand, outside a DVC repository
    deps = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["stages"][stage]["deps"]
    if not {path, *path.parents} & {Path(dep) for dep in deps}:
        raise SpecimenError(
            f"{key}: '{path}' is not among the deps of stage {stage} in {PIPELINE}, so DVC would not notice when it "
            f"changes. Add the line `- {path.as_posix()}` there."
        )

"""The files of one model, as the site offers them: the whole one, and the smaller ones that passed their check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.hashing import content_md5
from specimen.models.meta import ModelMeta, missing_model
from specimen.models.predictor import Predictor
from specimen.onnx.network import load_onnx
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import LoadedModel, MetricsRecord
from specimen.serving.responses import model_facts
from specimen.versioning.errors import NotAvailableError
from specimen.versioning.git_commands import find_commit, read_git
from specimen.versioning.lock import read_lock
from specimen.versioning.parsing import parse_yaml

WHOLE = "fp32"
LOCK = Path("dvc.lock")
EXPORTED = Path("metrics/export.json")
"""What export says of the formats."""


@dataclass(frozen=True)
class Format:
    """A model file, and what the page says of it."""

    content: bytes
    facts: Mapping[str, JsonValue]
    """As the server's `/model` has them; also the `commit` whose `dvc.lock` names the model, and what a `smaller` file
    reaches on the test photos."""


@dataclass(frozen=True)
class Model:
    """One model in its formats."""

    meta: ModelMeta
    formats: Mapping[str, Format]

    @property
    def smallest(self) -> str:
        """The format that a first visit takes the least time for. Each has passed its check on the test split."""
        return min(self.formats, key=lambda name: len(self.formats[name].content))


def read_model(path: Path, small: Path, root: Path = Path()) -> Model:
    """Read `model.onnx` and the smaller files in the folder `small`; dvc.lock and metrics are below `root`.

    Raises `SpecimenError` for a file that a page cannot use, and for smaller files of another model.
    """
    predictor, content = _load(path), path.read_bytes()
    meta, version = predictor.meta, content_md5(content)
    metrics = MetricsRecord(root / LOCK, root / "metrics/test.json").metrics_of(path, version)
    commit = _commit_of(root, version)
    formats = {WHOLE: Format(content, _facts(LoadedModel(predictor, version, metrics), commit))}
    for file in sorted(small.glob("model.*.onnx")):
        predictor, content = _load(file), file.read_bytes()
        if predictor.meta != meta:
            raise SpecimenError(
                f"{file}: made from another model than {path}. `dvc repro export` makes both from one model; "
                "`dvc checkout` fetches those of this commit."
            )
        name = file.suffixes[-2].removeprefix(".")
        facts = _facts(LoadedModel(predictor, content_md5(content), metrics), commit)
        smaller = _measured(root / EXPORTED, name, meta) if metrics else None
        formats[name] = Format(content, {**facts, "smaller": smaller})
    return Model(meta, formats)


def choose(model: Model, wanted: str | None) -> str:
    """Return the format that the page loads. Raises `SpecimenError` for one that is not there."""
    if wanted is not None and wanted not in model.formats:
        raise SpecimenError(
            f"--format: there is no model in '{wanted}'. {accepted_hint(wanted, model.formats)} "
            "export.formats in params.yaml says which are made."
        )
    return wanted or model.smallest


def _load(path: Path) -> Predictor:
    if path.suffix == ".pt":
        raise SpecimenError(
            f"{path}: a browser runs ONNX files. Use models/model.onnx, which `dvc repro export` makes."
        )
    if path.exists() and not path.is_file():
        raise missing_model(path)
    predictor = load_onnx(path)
    if not predictor.meta.sees_pictures:
        raise SpecimenError(
            f"{path}: this model sees features alone (train.backbone: {predictor.meta.backbone}), but the page is for "
            "photos. Train one with a backbone, or serve this one: `make serve`."
        )
    return predictor


def _facts(model: LoadedModel, commit: str | None) -> dict[str, JsonValue]:
    return {**model_facts(model, Limits()).model_dump(mode="json"), "commit": commit}


def _commit_of(root: Path, version: str) -> str | None:
    """Return the commit that is checked out, if its `dvc.lock` names this model file."""
    try:
        lock = read_lock(parse_yaml(read_git(root, "show", f"HEAD:./{LOCK}").encode(), str(LOCK)), str(LOCK))
    except NotAvailableError:
        return None
    known = {md5 for stage in lock.values() for md5 in stage.outputs.values()}
    return find_commit(root, "HEAD") if version in known else None


def _measured(path: Path, name: str, meta: ModelMeta) -> dict[str, JsonValue] | None:
    """Return what export measured of a smaller file, None where it says nothing."""
    try:
        measured = json.loads(path.read_text(encoding="utf-8"))
        metric = meta.task.monitor
        return {"format": name, "metric": metric, "value": measured[name][metric], "exact": measured[WHOLE][metric]}
    except (OSError, ValueError, KeyError, TypeError):
        return None

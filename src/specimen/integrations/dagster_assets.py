"""The pipeline in Dagster: `make dagster`, or a code location that names this module.

Assets, their lineage and descriptions are read from `dvc.yaml`, DVC materialises each, and what Dagster shows of it is
read from its outputs: there is no second copy of anything.
"""

# Not `from __future__ import annotations`: Dagster looks at the type of `context`.
import base64
import json
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dvc.repo import Repo

from specimen.common.errors import SpecimenError
from specimen.config.prepare import Rules
from specimen.integrations.label_fingerprint import label_fingerprint
from specimen.versioning.dvc_commands import stream_dvc

PIPELINE = Path("dvc.yaml")
DATA_STAGE = "prepare"
DATA_META = Path("data/prepared/meta.json")


@dataclass(frozen=True)
class Stage:
    """A stage of `dvc.yaml`, or data that one needs."""

    address: str
    """`train`, `data/dvc.yaml:sample` or `data/raw.dvc`."""
    description: str | None
    outs: tuple[Path, ...]
    needs: tuple[str, ...]
    """Addresses of the stages whose outputs it reads."""


def read_stages(root: Path) -> list[Stage]:
    """Return the stages of `dvc.yaml` and all that they need."""
    with chdir(root), Repo() as repo:  # addresses are relative to the current folder
        return [
            Stage(
                address=stage.addressing,
                description=stage.desc,
                outs=tuple(root / out.fs_path for out in stage.outs),
                needs=tuple(needed.addressing for needed in repo.index.graph.successors(stage)),
            )
            for stage in repo.stage.collect(str(PIPELINE), with_deps=True)
        ]


def key_of(address: str) -> dg.AssetKey:
    """Return `data/sample` for the stage `data/dvc.yaml:sample`, `data/raw` for `data/raw.dvc`."""
    return dg.AssetKey(address.replace("dvc.yaml:", "").removesuffix(".dvc").split("/"))


def make_asset(root: Path, stage: Stage) -> dg.AssetsDefinition:
    """Return the asset of a stage; that of prepare has a check for each rule of the data."""
    key = key_of(stage.address)
    rules = Rules.model_fields if stage.address == DATA_STAGE else ()

    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        run_stage(root, stage.address, context.log)
        checks = [check_rule(root, rule) for rule in rules]
        return dg.MaterializeResult(metadata=describe_outputs(stage.outs), check_results=checks)

    return dg.asset(
        key=key,
        deps=[key_of(address) for address in stage.needs],
        check_specs=[
            dg.AssetCheckSpec(rule, asset=key, description=f"No row breaks prepare.rules.{rule}") for rule in rules
        ],
        description=stage.description,
        kinds={"dvc"},
        group_name="pipeline",
    )(materialise)


def run_stage(root: Path, address: str, log: Any) -> None:
    """Let DVC bring one stage up to date. Raises `dagster.Failure` with the message of the stage."""
    try:
        for line in stream_dvc(root, "repro", "--single-item", address):
            log.info(line)
    except SpecimenError as error:
        raise dg.Failure(f"{address}: {error}", allow_retries=False) from error


def describe_outputs(outs: Sequence[Path]) -> dict[str, object]:
    """Return the metadata of an asset: JSON files, the numbers at their top, and plots as Markdown that holds them."""
    metadata: dict[str, object] = {}
    for path in outs:
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            metadata |= {name: value for name, value in content.items() if isinstance(value, (int, float))}
            metadata[path.name] = dg.MetadataValue.json(content)
        for plot in sorted(path.rglob("*.png")) if "plots" in path.parts else ():
            picture = base64.b64encode(plot.read_bytes()).decode()
            metadata[plot.name] = dg.MetadataValue.md(f"![{plot.stem}](data:image/png;base64,{picture})")
    return metadata


def check_rule(root: Path, rule: str) -> dg.AssetCheckResult:
    """Count the rows that break a rule, whether prepare rejected or kept them; any gives a warning."""
    counts = json.loads((root / DATA_META).read_text(encoding="utf-8"))["counts"]
    rows = {kind: counts.get(kind, {}).get(rule, 0) for kind in ("rejected", "warned")}
    warning = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(check_name=rule, passed=not any(rows.values()), severity=warning, metadata=rows)


def build(root: Path) -> dg.Definitions:
    """Return all that Dagster offers: assets, a job for all of them, and what may start it."""
    assets = [make_asset(root, stage) for stage in read_stages(root)]
    job = dg.define_asset_job("pipeline", selection=dg.AssetSelection.assets(*assets))
    nightly = dg.ScheduleDefinition(name="nightly", job=job, cron_schedule="0 3 * * *")

    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            fingerprint = label_fingerprint(root)
        except SpecimenError as error:  # a table that is being replaced is there again at the next look
            return dg.SkipReason(str(error))
        if context.cursor == fingerprint:
            return dg.SkipReason("the label table has not changed")
        if not context.cursor:
            return dg.SensorResult(cursor=fingerprint, skip_reason="the label table is seen for the first time")
        return dg.SensorResult(cursor=fingerprint, run_requests=[dg.RunRequest(run_key=fingerprint)])

    sensor = dg.sensor(name="label_table", job=job, minimum_interval_seconds=60)(watch)
    one_by_one = dg.in_process_executor  # DVC locks what a stage writes
    return dg.Definitions(assets=assets, jobs=[job], schedules=[nightly], sensors=[sensor], executor=one_by_one)


def find_root() -> Path:
    """Return the working directory where it has a pipeline, else the checkout that this file is in."""
    here = Path.cwd()
    return here if (here / PIPELINE).exists() else Path(__file__).parents[3]


ROOT = find_root()
defs = build(ROOT)

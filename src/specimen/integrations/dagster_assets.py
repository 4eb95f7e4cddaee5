"""The pipeline in Dagster: `make dagster`, or a code location that names this file.

Assets, their lineage and descriptions are read from `dvc.yaml`, each is materialised by DVC, and what Dagster shows of
it is read from its outputs: there is no second copy of anything.
"""

# Not `from __future__ import annotations`: Dagster looks at the type of `context`.
import base64
import hashlib
import json
from contextlib import chdir
from pathlib import Path
from typing import Any

import dagster as dg
from dvc.repo import Repo

from specimen.common.errors import SpecimenError
from specimen.common.hashing import file_md5
from specimen.config.params import load_params
from specimen.config.prepare import Rules
from specimen.versioning.dvc_commands import stream_dvc

ROOT = Path(__file__).parents[3]
DATA_STAGE, DATA_META = "prepare", "data/prepared/meta.json"


def read_stages(root: Path) -> dict[str, tuple[Any, list[str]]]:
    """Return the stages of `dvc.yaml` and all that they need: by address, each with the addresses that it needs."""
    with chdir(root), Repo() as repo:  # an address is `train`, `data/dvc.yaml:sample` or `data/raw.dvc` from here
        stages = repo.stage.collect("dvc.yaml", with_deps=True)
        return {
            stage.addressing: (stage, [s.addressing for s in repo.index.graph.successors(stage)]) for stage in stages
        }


def key_of(address: str) -> dg.AssetKey:
    """Return `data/sample` for the stage `data/dvc.yaml:sample`, `data/raw` for `data/raw.dvc`."""
    return dg.AssetKey(address.replace("dvc.yaml:", "").removesuffix(".dvc").split("/"))


def make_asset(root: Path, address: str, stage: Any, needed: list[str]) -> dg.AssetsDefinition:
    """Return the asset of a stage; that of prepare has a check for each rule of the data."""
    key, outs = key_of(address), [root / out.fs_path for out in stage.outs]
    rules = Rules.model_fields if address == DATA_STAGE else ()
    specs = [dg.AssetCheckSpec(rule, asset=key, description=f"No row breaks prepare.rules.{rule}") for rule in rules]
    about: dict[str, Any] = {"description": stage.desc, "kinds": {"dvc"}, "group_name": "pipeline"}

    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        run_stage(root, address, context.log)
        return dg.MaterializeResult(metadata=describe(outs), check_results=[check_rule(root, rule) for rule in rules])

    return dg.asset(key=key, deps=[key_of(other) for other in needed], check_specs=specs, **about)(materialise)


def run_stage(root: Path, address: str, log: Any) -> None:
    """Let DVC bring one stage up to date. Raises `dagster.Failure` with the message of the stage."""
    try:
        for line in stream_dvc(root, "repro", "--single-item", address):
            log.info(line)
    except SpecimenError as error:
        raise dg.Failure(f"{address}: {error}", allow_retries=False) from error


def describe(outs: list[Path]) -> dict[str, Any]:
    """Return what these outputs tell: JSON files, the numbers at their top, and plots as Markdown that holds them."""
    found: dict[str, Any] = {}
    for path in outs:
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            found |= {name: value for name, value in content.items() if isinstance(value, (int, float))}
            found[path.name] = dg.MetadataValue.json(content)
        for plot in sorted(path.rglob("*.png")) if "plots" in path.parts else ():
            data = base64.b64encode(plot.read_bytes()).decode()
            found[plot.name] = dg.MetadataValue.md(f"![{plot.stem}](data:image/png;base64,{data})")
    return found


def check_rule(root: Path, rule: str) -> dg.AssetCheckResult:
    """Tell how many rows break a rule, whether prepare has rejected or kept them; any is a warning."""
    counts = json.loads((root / DATA_META).read_text(encoding="utf-8"))["counts"]
    found = {kind: counts.get(kind, {}).get(rule, 0) for kind in ("rejected", "warned")}
    warning = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(check_name=rule, passed=not any(found.values()), severity=warning, metadata=found)


def fingerprint(root: Path) -> str:
    """Return what changes when the label table does: its hash; of class folders, names and dates of the photos."""
    data = load_params(root / "params.yaml").data
    table = root / data.root / (data.table or "")
    listed = [(str(path.relative_to(table)), path.stat().st_mtime_ns) for path in sorted(table.rglob("*"))]
    return file_md5(table) if table.is_file() else hashlib.md5(repr(listed).encode(), usedforsecurity=False).hexdigest()


def build(root: Path) -> dg.Definitions:
    """Return all that Dagster offers: assets, a job for all of them, and what may start it."""
    assets = [make_asset(root, address, stage, needed) for address, (stage, needed) in read_stages(root).items()]
    job = dg.define_asset_job("pipeline", selection=dg.AssetSelection.assets(*assets))
    nightly = dg.ScheduleDefinition(name="nightly", job=job, cron_schedule="0 3 * * *")

    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = fingerprint(root)
        if context.cursor == now:
            return dg.SkipReason("the label table is as it was")
        requests = [dg.RunRequest(run_key=now)] if context.cursor else []
        return dg.SensorResult(run_requests=requests, cursor=now, skip_reason=None if requests else "seen at first")

    sensor = dg.sensor(name="label_table", job=job, minimum_interval_seconds=60)(watch)
    one_by_one = dg.in_process_executor  # DVC locks what a stage writes
    return dg.Definitions(assets=assets, jobs=[job], schedules=[nightly], sensors=[sensor], executor=one_by_one)


defs = build(ROOT)

"""The pipeline in Dagster: `make dagster`, or a code location that names this file.

Assets, their lineage and descriptions are read from `dvc.yaml`, each is materialised by DVC, and what Dagster shows of
it is read from its outputs: there is no second copy of anything.
"""

# Not `from __future__ import annotations`: Dagster looks at the type of `context`.
import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import networkx as nx
from dvc.repo import Repo

from specimen.params import Rules, load_params

ROOT = Path(__file__).parents[1]
DATA_STAGE, DATA_META = "prepare", "data/prepared/meta.json"


def read_stages(root: Path) -> dict[Any, set[Any]]:
    """Return the stages that `dvc repro` runs: those of `dvc.yaml` and all that they need, each with what it needs."""
    with Repo(str(root)) as repo:
        graph = repo.index.graph  # from each stage to those that it depends on
        wanted = {stage for stage in graph if stage.path_in_repo == "dvc.yaml"}
        wanted |= {needed for stage in wanted for needed in nx.descendants(graph, stage)}
        return {stage: set(graph.successors(stage)) for stage in wanted}


def address_of(stage: Any) -> str:
    """Return what DVC calls a stage, from the root: `train`, `data/dvc.yaml:sample` or `data/raw.dvc`."""
    path: str = stage.path_in_repo.replace(os.sep, "/")
    name = getattr(stage, "name", None)
    if name is None:
        return f"{path}"
    return f"{name}" if path == "dvc.yaml" else f"{path}:{name}"


def key_of(stage: Any) -> dg.AssetKey:
    """Return `data/sample` for the stage `data/dvc.yaml:sample`, `data/raw` for `data/raw.dvc`."""
    return dg.AssetKey(address_of(stage).replace("dvc.yaml:", "").removesuffix(".dvc").split("/"))


def make_asset(root: Path, stage: Any, needed: set[Any]) -> dg.AssetsDefinition:
    """Return the asset of a stage."""
    checks = []
    if address_of(stage) == DATA_STAGE:
        told = "No row breaks prepare.rules."
        checks = [dg.AssetCheckSpec(rule, asset=key_of(stage), description=told + rule) for rule in Rules.model_fields]
    outs = [root / out.fs_path for out in stage.outs]

    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        run_stage(root, address_of(stage), context.log)
        return dg.MaterializeResult(
            metadata=metrics_of(outs) | plots_of(outs), check_results=[check_rule(root, spec.name) for spec in checks]
        )

    make = dg.asset(
        key=key_of(stage),
        deps=[key_of(other) for other in needed],
        description=stage.desc,
        kinds={"dvc"},
        group_name="pipeline",
        check_specs=checks,
    )
    return make(materialise)


def run_stage(root: Path, address: str, log: Any) -> None:
    """Let DVC bring one stage up to date. Raises `dagster.Failure` with the message of the stage."""
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", address]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with subprocess.Popen(
        command,
        cwd=root,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            log.info(lines[-1])
    if process.returncode:
        faults = [line for line in lines if line.lower().startswith("error")] or lines[-1:]
        raise dg.Failure(f"{address}: {faults[0] if faults else 'no message'}", allow_retries=False)


def metrics_of(outs: list[Path]) -> dict[str, Any]:
    """Return the numbers at the top of the JSON files among these outputs, and the files as a whole."""
    found: dict[str, Any] = {}
    for path in outs:
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            found |= {name: value for name, value in content.items() if isinstance(value, (int, float))}
            found[path.name] = dg.MetadataValue.json(content)
    return found


def plots_of(outs: list[Path]) -> dict[str, Any]:
    """Return the pictures in the folders of plots among these outputs, each as Markdown that holds it."""
    paths = [path for out in outs if "plots" in out.parts and out.is_dir() for path in sorted(out.rglob("*.png"))]
    return {
        path.name: dg.MetadataValue.md(
            f"![{path.stem}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})"
        )
        for path in paths
    }


def check_rule(root: Path, rule: str) -> dg.AssetCheckResult:
    """Tell how many rows break a rule, whether prepare has rejected or kept them; any is a warning."""
    counts = json.loads((root / DATA_META).read_text(encoding="utf-8"))["counts"]
    found = {kind: counts.get(kind, {}).get(rule, 0) for kind in ("rejected", "warned")}
    return dg.AssetCheckResult(
        check_name=rule, passed=not any(found.values()), severity=dg.AssetCheckSeverity.WARN, metadata=found
    )


def fingerprint(root: Path) -> str:
    """Return what changes when the label table does: its hash; of class folders, names and dates of the photos."""
    data = load_params(root / "params.yaml").data
    table = root / data.root / (data.table or "")
    digest = hashlib.md5(usedforsecurity=False)
    if table.is_file():
        digest.update(table.read_bytes())
    for path in sorted(table.rglob("*")) if table.is_dir() else []:
        digest.update(f"{path.relative_to(table)} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def build(root: Path) -> dg.Definitions:
    """Return all that Dagster offers: assets, a job for all of them, and what may start it."""
    assets = [make_asset(root, stage, needed) for stage, needed in read_stages(root).items()]
    job = dg.define_asset_job("pipeline", selection=dg.AssetSelection.assets(*assets))
    nightly = dg.ScheduleDefinition(name="nightly", job=job, cron_schedule="0 3 * * *")

    def label_table_changed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = fingerprint(root)
        if context.cursor == now:
            return dg.SkipReason("the label table is as it was")
        requests = [dg.RunRequest(run_key=now)] if context.cursor else []
        return dg.SensorResult(run_requests=requests, cursor=now, skip_reason=None if requests else "seen at first")

    sensor = dg.sensor(name="label_table", job=job, minimum_interval_seconds=60)(label_table_changed)
    # One stage at a time: DVC locks what a stage writes.
    return dg.Definitions(
        assets=assets, jobs=[job], schedules=[nightly], sensors=[sensor], executor=dg.in_process_executor
    )


defs = build(ROOT)

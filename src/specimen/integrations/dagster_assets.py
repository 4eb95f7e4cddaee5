"""The pipeline in Dagster: `make dagster`, or a code location that names this module.

Assets, their lineage and descriptions are read from `dvc.yaml`, DVC materialises them, and what Dagster shows of each
is read from its outputs: there is no second copy of anything.
"""

# Not `from __future__ import annotations`: Dagster looks at the types of `context` and `config`.
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg
from dvc.repo import Repo

from specimen.common.errors import SpecimenError
from specimen.config.prepare import Rules
from specimen.integrations.dagster_metadata import DATA_META, check_rule, describe_outputs
from specimen.integrations.dagster_run_config import RunParams, check_changes, make_mapping
from specimen.integrations.dagster_runs import StageRun, run_experiment, run_in_workspace
from specimen.integrations.label_fingerprint import label_fingerprint
from specimen.versioning.errors import NotAvailableError

PIPELINE = Path("dvc.yaml")
DATA_STAGE = "prepare"
OP = "dvc"
"""What materialises the assets, as run config calls it."""


@dataclass(frozen=True)
class Stage:
    """A stage of `dvc.yaml`, or data that one needs."""

    address: str
    """`train`, `data/dvc.yaml:sample` or `data/raw.dvc`."""
    description: str | None
    outs: tuple[str, ...]
    """Paths from the root."""
    needs: tuple[str, ...]
    """Addresses of the stages whose outputs it reads."""

    @property
    def key(self) -> dg.AssetKey:
        """The key of its asset."""
        return key_of(self.address)


def read_stages(root: Path) -> list[Stage]:
    """Return the stages of `dvc.yaml` and all that they need, these first."""
    with chdir(root), Repo() as repo:  # addresses are relative to the current folder
        stages = [
            Stage(
                address=stage.addressing,
                description=stage.desc,
                outs=tuple(Path(out.fs_path).relative_to(repo.root_dir).as_posix() for out in stage.outs),
                needs=tuple(needed.addressing for needed in repo.index.graph.successors(stage)),
            )
            for stage in repo.stage.collect(str(PIPELINE), with_deps=True)
        ]
    by_address = {stage.address: stage for stage in sorted(stages, key=lambda stage: stage.address)}
    order = TopologicalSorter({address: stage.needs for address, stage in by_address.items()}).static_order()
    return [by_address[address] for address in order]


def key_of(address: str) -> dg.AssetKey:
    """Return `data/sample` for the stage `data/dvc.yaml:sample`, `data/raw` for `data/raw.dvc`."""
    return dg.AssetKey(address.replace("dvc.yaml:", "").removesuffix(".dvc").split("/"))


def make_assets(root: Path, stages: Sequence[Stage]) -> dg.AssetsDefinition:
    """Return the assets of stages; that of prepare has a check for each rule of the data.

    One op makes them all, for changed params are changed for all: together the stages are one experiment.
    """

    def materialise(context: dg.AssetExecutionContext, config: RunParams) -> Iterator[dg.MaterializeResult]:
        selected = {stage.address: stage for stage in stages if stage.key in context.selected_asset_keys}
        try:
            changes = check_changes(root, config.changes())
            name = f"dagster-{context.run_id[:8]}"
            if changes:
                runs = run_experiment(root, name, changes, list(selected), context.log.info)
            else:
                runs = run_in_workspace(root, list(selected), context.log.info)
            for run in runs:
                yield result_of(selected[run.address], run, context.selected_asset_check_keys)
        except (SpecimenError, NotAvailableError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    return dg.multi_asset(
        name=OP,
        specs=[
            dg.AssetSpec(
                stage.key,
                deps=[key_of(address) for address in stage.needs],
                description=stage.description,
                kinds={"dvc"},
                group_name="pipeline",
            )
            for stage in stages
        ],
        check_specs=[
            dg.AssetCheckSpec(rule, asset=stage.key, description=f"No row breaks prepare.rules.{rule}")
            for stage in stages
            if stage.address == DATA_STAGE
            for rule in Rules.model_fields
        ],
        can_subset=True,
    )(materialise)


def result_of(stage: Stage, run: StageRun, checks: set[dg.AssetCheckKey]) -> dg.MaterializeResult:
    """Return what Dagster shows of a stage that DVC has brought up to date. Raises `NotAvailableError`."""
    asked = sorted(check.name for check in checks if check.asset_key == stage.key)
    counts = run.results.json(DATA_META)["counts"] if asked else {}
    return dg.MaterializeResult(
        asset_key=stage.key,
        metadata={"DVC": run.state, **run.notes, **describe_outputs(run.results, stage.outs)},
        check_results=[check_rule(counts, rule, stage.key) for rule in asked],
    )


def build(root: Path) -> dg.Definitions:
    """Return all that Dagster offers: assets, a job for all of them, and what may start it."""
    assets = make_assets(root, read_stages(root))
    selection = dg.AssetSelection.assets(assets)
    job = dg.define_asset_job("pipeline", selection=selection, config=make_mapping(root, OP))
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
    return dg.Definitions(assets=[assets], jobs=[job], schedules=[nightly], sensors=[sensor], executor=one_by_one)


def find_root() -> Path:
    """Return the working directory where it has a pipeline, else the checkout that this file is in."""
    here = Path.cwd()
    return here if (here / PIPELINE).exists() else Path(__file__).parents[3]


ROOT = find_root()
defs = build(ROOT)

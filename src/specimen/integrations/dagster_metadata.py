"""What Dagster shows of an asset, read from the outputs of its stage: in the workspace, or in an experiment."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import dagster as dg
from PIL import Image

from specimen.versioning.revisions import Revision

DATA_META = "data/prepared/meta.json"
WIDTH = 800
COLOURS = 128
"""Plots go into Dagster's database with each run, so they are no larger than a page shows them."""


def describe_outputs(revision: Revision, outs: Sequence[str]) -> dict[str, object]:
    """Return the metadata of an asset: JSON files, the numbers at their top, and Markdown that holds the plots.

    Raises `NotAvailableError`.
    """
    metadata: dict[str, object] = {}
    plots: list[str] = []
    for out in map(PurePosixPath, outs):
        if out.suffix == ".json":
            content = revision.json(str(out))
            for name, value in content.items():
                if isinstance(value, (int, float)):
                    metadata[f"{out.stem}: {name}" if name in metadata else name] = value
            metadata[out.name] = dg.MetadataValue.json(content)
        elif "plots" in out.parts and not out.suffix:
            pictures = [path for path in revision.files(str(out)) if path.endswith(".png")]
            plots += [show(PurePosixPath(path).stem, revision.read(path)) for path in pictures]
    return metadata | ({"plots": dg.MetadataValue.md("\n\n".join(plots))} if plots else {})


def show(title: str, png: bytes) -> str:
    """Return Markdown that holds a picture, of fewer colours and pixels if it has many."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((WIDTH, picture.height))
    small = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    data = base64.b64encode(small.getvalue()).decode()
    return f"**{title}**\n\n![{title}](data:image/png;base64,{data})"


def check_rule(counts: Mapping[str, Any], rule: str, asset: dg.AssetKey) -> dg.AssetCheckResult:
    """Look up the rows that break a rule, whether prepare rejected or kept them; any gives a warning."""
    rows = {kind: counts.get(kind, {}).get(rule, 0) for kind in ("rejected", "warned")}
    return dg.AssetCheckResult(
        check_name=rule,
        asset_key=asset,
        passed=not any(rows.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=rows,
    )

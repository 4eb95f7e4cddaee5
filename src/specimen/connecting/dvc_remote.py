"""The address of the bucket in `.dvc/config`, which Git keeps: no secret is in there."""

from __future__ import annotations

from pathlib import Path

from dvc.config import Config, ConfigError

from specimen.common.errors import SpecimenError
from specimen.connecting.plan import Step
from specimen.connecting.store import Store
from specimen.versioning.remote_config import CONFIG, PLACEHOLDER, REMOTE

KEYS = ("url", "region", "endpointurl")


def read_remote(root: Path) -> tuple[str, dict[str, str]]:
    """Return the name of the default remote in `.dvc/config`, and its settings. Raises `SpecimenError`."""
    if not (root / CONFIG).is_file():
        raise SpecimenError(f"{CONFIG} not found; run from the root of the repository.")
    try:
        config = Config(str((root / CONFIG).parent)).read("repo")
    except ConfigError as error:
        raise SpecimenError(f"DVC cannot read its config: {error}") from None
    name = config.get("core", {}).get("remote", REMOTE)
    return name, dict(config.get("remote", {}).get(name, {}))


def read_verify(root: Path) -> str | bool | None:
    """Return how the certificate of the store is checked: with a file, not at all, or None for as usual."""
    value = read_remote(root)[1].get("ssl_verify")
    return {"true": None, "false": False}.get(str(value).lower(), value)


def remote_step(root: Path, store: Store) -> Step:
    """Return the step that lets DVC's default remote point to a store."""
    wanted = {"url": store.url, "region": store.region}
    if store.endpoint is not None:
        wanted["endpointurl"] = store.endpoint

    def is_done() -> bool:
        known = read_remote(root)[1]
        return {key: known[key] for key in KEYS if key in known} == wanted

    def write(values: dict[str, str]) -> None:
        name, _ = read_remote(root)
        with Config(str((root / CONFIG).parent)).edit("repo") as config:
            config["core"]["remote"] = name
            remote = config["remote"].setdefault(name, {"verify": "true"})
            for key in KEYS:
                remote.pop(key, None)
            remote.update(values)

    name, known = read_remote(root)
    before = known.get("url", PLACEHOLDER)
    replaced = "" if before in (PLACEHOLDER, store.url) else f" instead of {before}"
    return Step(
        f"{CONFIG}: remote {name} is {store.url}{replaced}",
        f"dvc remote modify {name} url {store.url}",
        is_done,
        lambda: write(wanted),
        is_done,
        lambda: write({"url": PLACEHOLDER}),
        "\n".join(f"{key} = {value}" for key, value in wanted.items()),
    )

"""The repository: Git, hooks, params, the lock, and how DVC's cache and the workspace share files."""

from __future__ import annotations

import os
import tempfile
from importlib import metadata
from pathlib import Path

from specimen.common import sample_stage
from specimen.common.errors import SpecimenError
from specimen.config.base import PARAMS_FILE
from specimen.config.params import load_params
from specimen.doctor.findings import Finding, fault, ok, warning
from specimen.doctor.place import SECONDS, Place, read_dvc_config
from specimen.versioning.errors import NotAvailableError, TooSlowError
from specimen.versioning.git_commands import ask_git, read_git
from specimen.versioning.provenance import stale_stages, uncommitted
from specimen.versioning.revisions import LOCK

HOOKS = ("pre-commit", "pre-push", "post-checkout")
INSTALL_HOOKS = f"`pre-commit install {' '.join(f'--hook-type {name}' for name in HOOKS)}`"
CONFLICT = "<<<<<<< "
NOT_REPRODUCED = "failed to reproduce"
"""What DVC says of a stage that would have to run, and whose data are not here."""
SHOWN = 5


def check_git(place: Place) -> Finding:
    """Is this a repository of Git in which one can commit?"""
    version = read_git(place.root, "--version").strip()
    if not ask_git(place.root, "rev-parse", "--git-dir"):
        return fault("not a repository of Git, so nothing has a history", "`git init`, or clone it instead of copying")
    if not ask_git(place.root, "rev-parse", "HEAD"):
        return warning("no commit yet", "`git add . && git commit`")
    missing = [key for key in ("user.name", "user.email") if not ask_git(place.root, "config", key)]
    if missing:
        return warning(f"Git does not know your {' and '.join(missing)}", f"`git config --global {missing[0]} ...`")
    branch = ask_git(place.root, "branch", "--show-current")
    return ok(f"{version}, {f'branch {branch}' if branch else 'on no branch'}")


def check_hooks(place: Place) -> Finding | None:
    """Do the hooks send data along with commits, and bring them along with branches?"""
    folder = ask_git(place.root, "rev-parse", "--git-path", "hooks")
    if not folder:
        return None
    missing = [name for name in HOOKS if not _calls_a_tool(place.root / folder / name)]
    if not missing:
        return ok(", ".join(HOOKS))
    return warning(f"no hook {', '.join(missing)}: a `git push` may go out without its data", INSTALL_HOOKS)


def _calls_a_tool(hook: Path) -> bool:
    """Tell whether a hook calls pre-commit, or DVC as `dvc install` writes it."""
    if not hook.is_file() or not os.access(hook, os.X_OK):
        return False
    text = hook.read_text(encoding="utf-8", errors="replace")
    return "pre-commit" in text or "pre_commit" in text or "dvc" in text


def check_params(place: Place) -> Finding:
    """Can the params be read?"""
    try:
        load_params(place.root / PARAMS_FILE)
    except SpecimenError as error:
        return fault(str(error), f"Correct {PARAMS_FILE}.")
    return ok(f"{PARAMS_FILE} is valid")


def check_dvc(place: Place) -> Finding:
    """Is this a repository of DVC whose config can be read?"""
    if not (place.root / ".dvc").is_dir():
        return fault("not a repository of DVC: no folder .dvc", "Run from the root of the repository, or `dvc init`.")
    try:
        read_dvc_config(place.root)
    except SpecimenError as error:
        return fault(str(error), "Correct .dvc/config or .dvc/config.local.")
    return ok(f"DVC {metadata.version('dvc')}")


def check_lock(place: Place) -> Finding:
    """Has everything run on the params, the code and the data that are here?"""
    lock = place.root / LOCK
    if not lock.is_file():
        return warning(f"no {LOCK}: the pipeline has never run here", "`dvc repro`")
    if CONFLICT in lock.read_text(encoding="utf-8", errors="replace"):
        way_out = f"`git checkout --theirs {LOCK} metrics && dvc repro` (CONTRIBUTING.md)"
        return fault(f"{LOCK} has the marks of a merge conflict", way_out)
    try:
        stale = [name for name, is_stale in stale_stages(place.root, SECONDS).items() if is_stale]
    except TooSlowError:
        raise
    except NotAvailableError as error:
        if NOT_REPRODUCED not in str(error):  # dvc.yaml is wrong
            raise
        return warning(
            f"not current, and data are missing: {error}", "`dvc pull` brings data, `dvc repro` runs the rest."
        )
    if stale:
        return warning(f"not run on what is here: {', '.join(stale)}", "`dvc repro`, and commit dvc.lock and metrics")
    changed = uncommitted(place.root) if ask_git(place.root, "rev-parse", "HEAD") else []
    if changed:
        return warning(f"current, but not committed: {_shown(changed)}", "`git add . && git commit`")
    return ok(f"{LOCK} is current")


def check_links(place: Place) -> Finding | None:
    """Are DVC's cache and the workspace on one file system, so that files need not be copied?"""
    if not place.dvc_config:
        return None
    cache = _cache_folder(place)
    nearest = next(folder for folder in (cache, *cache.parents) if folder.exists())
    kinds = _link_kinds(place)
    if nearest.stat().st_dev != place.root.resolve().stat().st_dev:
        if "symlink" in kinds:
            return ok(f"the cache is on another file system ({cache}), and cache.type has symlink")
        way_out = (
            "Move the cache here (`dvc cache dir .dvc/cache`), or link to it: `dvc config cache.type reflink,symlink`; "
            "the files of the data are then read-only."
        )
        return warning(f"the cache is on another file system ({cache}): DVC copies each file", way_out)
    if not os.access(nearest, os.W_OK):
        return fault(f"the cache {cache} cannot be written to", "`dvc cache dir --local FOLDER` names another one.")
    links = ["reflink"] if _can_reflink(nearest, place.root) else sorted({"hardlink", "symlink"} & set(kinds))
    if links:
        return ok(f"cache and workspace share their files ({', '.join(links)})")
    return ok("cache and workspace are on one file system; each file is there twice, as a copy")


def _cache_folder(place: Place) -> Path:
    folder = place.dvc_config.get("cache", {}).get("dir")
    return place.root.resolve() / ".dvc" / "cache" if folder is None else (place.root.resolve() / ".dvc" / folder)


def _link_kinds(place: Place) -> list[str]:
    kinds = place.dvc_config.get("cache", {}).get("type") or []
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _can_reflink(source: Path, target: Path) -> bool:
    """Try it with a file of a few bytes in both folders."""
    from dvc_objects.fs.system import reflink  # noqa: PLC0415

    with tempfile.TemporaryDirectory(dir=source) as one, tempfile.TemporaryDirectory(dir=target) as other:
        file = Path(one) / "file"
        file.write_bytes(b"a few bytes")
        try:
            reflink(str(file), str(Path(other) / "file"))  # type: ignore[no-untyped-call]
        except (OSError, NotImplementedError):
            return False
        return True


def check_sample(place: Place) -> Finding | None:
    """Does DVC still look for the embedded sample, although the data are others?"""
    if place.params is None or not sample_stage.is_in_the_way(place.params.data.root):
        return None
    way_out = f"`dvc remove {sample_stage.ADDRESS}`"
    return warning("`dvc pull` and `dvc checkout` still look for the embedded sample", way_out)


def _shown(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f", ... ({len(names)})" if len(names) > SHOWN else "")


CHECKS = {
    "Git": check_git,
    "hooks": check_hooks,
    "params": check_params,
    "DVC": check_dvc,
    "dvc.lock": check_lock,
    "links": check_links,
    "sample": check_sample,
}

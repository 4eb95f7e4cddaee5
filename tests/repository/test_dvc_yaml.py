"""`dvc.yaml` against the code: a stage that misses a dep would not run when it should."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from specimen.config.params import Params

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
VERBS = sorted(SRC.glob("*.py"))
NOUNS = sorted((SRC / "specimen").glob("*.py"))


def read_stages() -> dict[str, dict[str, Any]]:
    files = (ROOT / "dvc.yaml", ROOT / "data" / "dvc.yaml", ROOT / "folds" / "dvc.yaml")
    return {name: stage for file in files for name, stage in yaml.safe_load(file.read_text())["stages"].items()}


STAGES = read_stages()


def imported_nouns(file: Path) -> set[Path]:
    """Return the modules of `specimen` that a file imports, anywhere in it and through others."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        for name in imported_names(waiting.pop()):
            path = SRC / Path(*name.split(".")).with_suffix(".py")
            if path.is_file() and path not in found:
                found.add(path)
                waiting.append(path)
    return found


def imported_names(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def script_of(stage: dict[str, Any]) -> Path:
    return ROOT / re.findall(r"\S+\.py", stage["cmd"])[0]


@pytest.mark.parametrize("name", STAGES)
def test_deps_are_the_modules_that_the_stage_imports(name: str) -> None:
    listed = [dep for dep in STAGES[name]["deps"] if dep.startswith("src/")]
    scripts = {path for path in VERBS if path.relative_to(ROOT).as_posix() in listed}  # a fold also runs other verbs
    wanted = {path.relative_to(ROOT).as_posix() for script in scripts for path in {script} | imported_nouns(script)}
    assert script_of(STAGES[name]) == ROOT / listed[0]
    assert set(listed) == wanted
    assert listed[1:] == sorted(listed[1:]), "sorted, so that a diff shows what was added"


def test_a_fold_depends_on_all_that_train_and_evaluate_depend_on() -> None:
    for stage in (STAGES["train"], STAGES["evaluate"]):
        wanted = set(stage["deps"]) - set(STAGES["train"]["outs"])
        assert wanted <= set(STAGES["fold"]["deps"])
        assert set(stage["params"]) <= set(STAGES["fold"]["params"])


def test_every_fold_that_is_known_has_run() -> None:
    """An output that never was would make `dvc pull` fail for everybody."""
    lock = ROOT / "folds" / "dvc.lock"
    ran = yaml.safe_load(lock.read_text())["stages"] if lock.exists() else {}
    known = yaml.safe_load((ROOT / "folds" / "folds.yaml").read_text())["folds"]
    assert {f"fold@{fold}" for fold in known} <= set(ran)


@pytest.mark.parametrize("name", STAGES)
def test_params_of_a_stage_are_sections_that_exist(name: str) -> None:
    assert set(STAGES[name]["params"]) <= set(Params.model_fields)


@pytest.mark.parametrize("file", [ROOT / "params.yaml", *sorted((ROOT / "recipes").glob("*.yaml"))], ids=str)
def test_every_params_file_has_the_sections_of_the_stages(file: Path) -> None:
    """DVC refuses to run a stage whose section is not there, even where all of it has defaults."""
    wanted = {section for stage in STAGES.values() for section in stage["params"]}
    assert wanted - {"sample"} <= set(yaml.safe_load(file.read_text()))


def test_a_stage_reads_only_the_sections_that_it_lists() -> None:
    for name, stage in STAGES.items():
        read = set(re.findall(r"params\.(\w+)|load_params\(\)\.(\w+)", script_of(stage).read_text()))
        sections = {part for pair in read for part in pair} & set(Params.model_fields)
        assert sections <= set(stage["params"]), name


@pytest.mark.parametrize(
    "path", [ROOT / "params.yaml", *sorted((ROOT / "recipes").glob("*.yaml"))], ids=lambda p: p.name
)
def test_interpolated_keys_are_written_out(path: Path) -> None:
    """DVC knows no defaults: it reads the file as it is."""
    for key in re.findall(r"\$\{(?!\.\.\.)([\w.]+)\}", (ROOT / "dvc.yaml").read_text()):
        value: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        for part in key.split("."):
            value = value[part]


def test_the_package_file_holds_no_code() -> None:
    """It is imported by all and a dep of none."""
    body = ast.parse((SRC / "specimen" / "__init__.py").read_text()).body
    assert [type(node) for node in body] == [ast.Expr]


def test_verbs_import_no_verbs_and_nouns_neither() -> None:
    verbs = {path.stem for path in VERBS}
    for file in VERBS + NOUNS:
        assert not imported_names(file) & verbs, file.name


def test_metrics_plots_and_artifacts_are_outputs_of_stages() -> None:
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    outs = {
        Path(out if isinstance(out, str) else next(iter(out))) for stage in STAGES.values() for out in stage["outs"]
    }
    shown = [entry["path"] for entry in pipeline["artifacts"].values()] + pipeline["metrics"]
    for plot in pipeline["plots"]:
        shown += [plot] if isinstance(plot, str) else next(iter(plot.values()))["y"]
    for path in map(Path, shown):
        assert outs & {path, *path.parents}, path

"""`dvc.yaml` against the code: a stage that misses a dep would not run when it should."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from specimen.config.params import Params

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PACKAGE = SRC / "specimen"
STAGE_FILES = sorted(SRC.glob("*.py"))
TOOLS = sorted((ROOT / "tools").glob("*.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))
PACKAGE_FILES = [path for path in MODULES if path.name == "__init__.py"]


def read_stages() -> dict[str, dict[str, Any]]:
    files = [ROOT / folder / "dvc.yaml" for folder in ("", "data", "folds", "seeds")]
    return {name: stage for file in files for name, stage in yaml.safe_load(file.read_text())["stages"].items()}


STAGES = read_stages()


@cache
def imported_names(file: Path) -> set[str]:
    """Return the full names of what a file imports, anywhere in it, and of the packages around that."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import, which this test does not follow"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    paths = [name.split(".") for name in names]
    return {".".join(path[:length]) for path in paths for length in range(1, len(path) + 1)}


def imported_modules(files: set[Path]) -> set[Path]:
    """Return the files of `specimen` that files import, directly and through others, those of packages included."""
    modules: set[Path] = set()
    waiting = list(files)
    while waiting:
        for name in imported_names(waiting.pop()):
            path = SRC / Path(*name.split("."))
            for module in (path.with_suffix(".py"), path / "__init__.py"):
                if module.is_file() and module not in modules and module.is_relative_to(PACKAGE):
                    modules.add(module)
                    waiting.append(module)
    return modules


def script_of(stage: dict[str, Any]) -> Path:
    return ROOT / re.findall(r"\S+\.py", stage["cmd"])[0]


def scripts_run_by(stage: dict[str, Any]) -> set[Path]:
    """Return the script of a stage and those that it runs itself, as a fold runs train.py and evaluate.py.

    The base of a change is trained by its own scripts, which are not here.
    """
    script = script_of(stage)
    names = [] if "--base" in stage["cmd"] else re.findall(r'_script\("(\w+)"', script.read_text())
    return {script, *(SRC / f"{name}.py" for name in names)}


def code_deps(stage: dict[str, Any]) -> list[str]:
    return [dep for dep in stage["deps"] if dep.startswith("src/")]


@pytest.mark.parametrize("name", STAGES)
def test_deps_cover_every_module_that_the_stage_imports(name: str) -> None:
    scripts = scripts_run_by(STAGES[name])
    needed = scripts | imported_modules(scripts).difference(PACKAGE_FILES)
    deps = [ROOT / dep for dep in code_deps(STAGES[name])]
    not_covered = {path for path in needed if not any(path.is_relative_to(dep) for dep in deps)}
    assert {path.relative_to(ROOT).as_posix() for path in not_covered} == set()


@pytest.mark.parametrize("name", STAGES)
def test_no_dep_of_a_stage_is_idle(name: str) -> None:
    """A dep of which the stage imports nothing would run it for a change that does not concern it."""
    scripts = scripts_run_by(STAGES[name])
    used = scripts | imported_modules(scripts)
    deps = code_deps(STAGES[name])
    assert [dep for dep in deps if not any(path.is_relative_to(ROOT / dep) for path in used)] == []
    covered_twice = [(dep, outer) for dep in deps for outer in deps if Path(outer) in Path(dep).parents]
    assert covered_twice == []


@pytest.mark.parametrize("name", STAGES)
def test_deps_of_a_stage_are_in_order(name: str) -> None:
    """Its script first, then the package sorted, so that a diff shows what was added."""
    deps = code_deps(STAGES[name])
    assert ROOT / deps[0] == script_of(STAGES[name])
    assert {ROOT / dep for dep in deps if not dep.startswith("src/specimen")} == scripts_run_by(STAGES[name])
    packaged = [dep for dep in deps if dep.startswith("src/specimen")]
    assert deps[-len(packaged) :] == packaged


@pytest.mark.parametrize("name", ["fold", "seed"])
def test_a_fold_and_a_seed_run_train_and_evaluate(name: str) -> None:
    """Found in their code by a pattern: this test fails where the pattern no longer fits."""
    assert scripts_run_by(STAGES[name]) == {SRC / f"{name}.py", SRC / "train.py", SRC / "evaluate.py"}


@pytest.mark.parametrize("name", ["fold", "seed"])
def test_a_fold_and_a_seed_depend_on_all_that_train_and_evaluate_depend_on(name: str) -> None:
    for stage in (STAGES["train"], STAGES["evaluate"]):
        assert set(stage["deps"]) - set(STAGES["train"]["outs"]) <= set(STAGES[name]["deps"])


def test_a_fold_has_the_params_of_train_and_evaluate_and_a_seed_those_of_train() -> None:
    """A seed is evaluated with the defaults, so that another plot does not train it again."""
    assert {*STAGES["train"]["params"], *STAGES["evaluate"]["params"]} <= set(STAGES["fold"]["params"])
    assert STAGES["seed"]["params"] == STAGES["train"]["params"]


def test_the_base_of_a_change_is_trained_again_only_if_its_key_or_the_script_of_seeds_changes() -> None:
    stage = STAGES["base"]
    assert stage["cmd"].endswith("--base ${base}")
    assert "params" not in stage
    assert not {"data/prepared", "src/train.py", "src/evaluate.py", "src/specimen/training"} & set(stage["deps"])


@pytest.mark.parametrize(("folder", "stage", "key"), [
    ("folds", "fold", "folds"), ("seeds", "seed", "seeds"), ("seeds", "base", "base_seeds"),
])  # fmt: skip
def test_every_fold_and_seed_that_is_known_has_run(folder: str, stage: str, key: str) -> None:
    """An output that never was would make `dvc pull` fail for everybody."""
    lock = ROOT / folder / "dvc.lock"
    ran = yaml.safe_load(lock.read_text())["stages"] if lock.exists() else {}
    known = yaml.safe_load((ROOT / folder / f"{folder}.yaml").read_text())[key]
    assert {f"{stage}@{number}" for number in known} <= set(ran)


@pytest.mark.parametrize("name", STAGES)
def test_params_of_a_stage_are_sections_that_exist(name: str) -> None:
    assert set(STAGES[name].get("params", [])) <= set(Params.model_fields)


@pytest.mark.parametrize("file", [ROOT / "params.yaml", *sorted((ROOT / "recipes").glob("*.yaml"))], ids=str)
def test_every_params_file_has_the_sections_of_the_stages(file: Path) -> None:
    """DVC refuses to run a stage whose section is not there, even where all of it has defaults."""
    wanted = {section for stage in STAGES.values() for section in stage.get("params", [])}
    assert wanted - {"sample"} <= set(yaml.safe_load(file.read_text()))


def test_a_stage_reads_only_the_sections_that_it_lists() -> None:
    for name, stage in STAGES.items():
        read = re.findall(r'params\.(\w+)|load_params\(\)\.(\w+)|load_section\("(\w+)"', script_of(stage).read_text())
        sections = {section for groups in read for section in groups} & set(Params.model_fields)
        assert sections or name in {"fold", "seed", "base"}, name
        assert sections <= set(stage.get("params", [])), name


@pytest.mark.parametrize(
    "path", [ROOT / "params.yaml", *sorted((ROOT / "recipes").glob("*.yaml"))], ids=lambda p: p.name
)
def test_interpolated_keys_are_written_out(path: Path) -> None:
    """DVC knows no defaults: it reads the file as it is."""
    for key in re.findall(r"\$\{(?!\.\.\.)([\w.]+)\}", (ROOT / "dvc.yaml").read_text()):
        value: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        for part in key.split("."):
            value = value[part]


@pytest.mark.parametrize("file", PACKAGE_FILES, ids=lambda path: path.parent.relative_to(SRC).as_posix())
def test_the_file_of_a_package_holds_no_code(file: Path) -> None:
    """It is imported by all and often a dep of none."""
    assert [type(node) for node in ast.parse(file.read_text()).body] == [ast.Expr]


def test_no_folder_of_modules_lacks_the_file_of_a_package() -> None:
    assert {path.parent for path in MODULES} == {path.parent for path in PACKAGE_FILES}


def test_stages_and_tools_are_imported_by_nothing() -> None:
    scripts = {path.stem for path in STAGE_FILES + TOOLS}
    for file in STAGE_FILES + MODULES + TOOLS:
        assert not imported_names(file) & scripts, file.name


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

"""What README says under "Your own data", walked in a clone where the sample was never drawn: DVC's commands work."""

from __future__ import annotations

import re
import shlex
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import s3
import yaml
from conftest import DrawPhotos
from live_server import serve_in_thread
from projects import ROOT, SMALL, commit_all, dvc_here, git, make_repository, process_in, run, run_script, write_params
from starlette.staticfiles import StaticFiles

from specimen.common import sample_stage

SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## Your own data\n")[1].split("\n## ")[0]
BATCHES = (ROOT / "docs/data.md").read_text(encoding="utf-8").split("## Batches\n")[1].split("\n## ")[0]
QUICK: dict[str, dict[str, Any]] = {
    **{name: SMALL[name] for name in ("prepare", "split", "export")},
    "train": SMALL["train"],
    "evaluate": {"gallery": 1, "resamples": 200},
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone as a newcomer has it: the locks of the sample are committed, and nothing of it is there."""
    folder = tmp_path / "clone"
    make_repository(folder)
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    for name in ("params.yaml", "dvc.lock", "data/dvc.lock"):
        shutil.copyfile(ROOT / name, folder / name)
    commit_all(folder, "As cloned")
    return folder


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of weights for the backbone of `SMALL`."""
    import torch
    from torchvision.models import shufflenet_v2_x0_5

    (tmp_path / "web").mkdir()
    torch.save(shufflenet_v2_x0_5(weights=None).state_dict(), tmp_path / "web/start.pth")
    with serve_in_thread(StaticFiles(directory=tmp_path / "web")) as port:
        yield f"http://127.0.0.1:{port}/start.pth"


def walk(folder: Path, recipe: str, web: str = "", **changes: dict[str, Any]) -> None:
    """Follow the steps 2 and 3 with a recipe that is made small, and imports its weights from `web`."""
    assert f"make recipe NAME={recipe}" in SECTION or f"`{recipe}`" in SECTION
    run_script(folder, "recipe", recipe)
    file = folder / "params.yaml"
    params = yaml.safe_load(file.read_text(encoding="utf-8"))
    for section, values in (QUICK | changes).items():
        params[section] |= QUICK.get(section, {}) | values
    file.write_text(yaml.safe_dump(params), encoding="utf-8")
    for path in re.findall(
        r"dvc import-url \S+ (\S+)", (folder / f"recipes/{recipe}.yaml").read_text(encoding="utf-8")
    ):
        dvc_here(folder, "import-url", web, path)
    for line in "".join(re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)).splitlines():
        if line.startswith("dvc "):
            dvc_here(folder, *shlex.split(line)[1:])
        else:
            run("sh", "-c", line, cwd=folder)


def is_clean(folder: Path) -> bool:
    """Return whether Git and DVC see no difference between the workspace and what was committed."""
    return git(folder, "status", "--porcelain") == "" and "up to date" in dvc_here(folder, "status")


def test_with_class_folders_the_everyday_commands_work(
    clone: Path, web: str, tmp_path: Path, draw_photos: DrawPhotos
) -> None:
    draw_photos(clone / "data/raw", 36, classes=True)
    walk(clone, "celestial", web)
    assert is_clean(clone)
    dvc_here(clone, "checkout")

    lab = tmp_path / "lab"
    with s3.serve() as endpoint, process_in(clone), s3.point_dvc_at(endpoint):
        dvc_here(clone, "push")
        git(tmp_path, "clone", "--quiet", str(clone), str(lab))
        shutil.copyfile(clone / ".dvc/config.local", lab / ".dvc/config.local")
        dvc_here(lab, "pull")
    assert is_clean(lab)
    assert (lab / "models/model.onnx").read_bytes() == (clone / "models/model.onnx").read_bytes()

    for name, gallery in (("apply", 2), ("sweep", 3)):
        dvc_here(clone, "exp", "run", "--name", name, "--set-param", f"evaluate.gallery={gallery}", "validate")
        git(clone, "checkout", "--quiet", ".")
    dvc_here(clone, "exp", "apply", "apply")
    assert gallery_of(clone) == 2
    apply_by_sweep(clone, "sweep")
    assert gallery_of(clone) == 3


def gallery_of(folder: Path) -> int:
    """Return a value of params.yaml that the experiments change."""
    value: int = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["evaluate"]["gallery"]
    return value


def apply_by_sweep(folder: Path, experiment: str) -> None:
    """Apply the best trial of a study that has one, which was this experiment."""
    optuna = pytest.importorskip("optuna", reason="needs the extra tune")
    from specimen.experiments.study import Goal, open_study
    from specimen.models.task import TASKS

    with process_in(folder):
        study = open_study(str(folder / "study.log"), "sweep", Goal.of_task(TASKS["classification"]), spare=3)
        study.set_user_attr("space", ["train.lr=1e-4..1e-2"])
        study.add_trial(optuna.trial.create_trial(value=1.0, user_attrs={"experiment": experiment}))
    run_script(folder, "sweep", "--apply", "--storage", "study.log")


def test_a_sheet_next_to_a_zip_is_learnt_from_imported_weights(clone: Path, web: str, draw_photos: DrawPhotos) -> None:
    photos = clone / "photos"
    table = draw_photos(photos, 24)
    (clone / "data/raw").mkdir()
    table.to_csv(clone / "data/raw/labels.csv", index=False)
    with zipfile.ZipFile(clone / "data/raw/photos.zip", "w") as archive:
        for name in table["filename"]:
            archive.write(photos / name, name)
    shutil.rmtree(photos)
    data = {"table": "labels.csv", "images": "photos.zip", "target": "weight", "group": ["plant"], "features": []}
    walk(clone, "biomass", web, data=data, evaluate={"by": []})
    assert is_clean(clone)
    dvc_here(clone, "checkout")
    assert "data/resnet18.pth.dvc" in git(clone, "ls-files").splitlines()
    locked = yaml.safe_load((clone / "dvc.lock").read_text(encoding="utf-8"))["stages"]["train"]["deps"]
    imported = yaml.safe_load((clone / "data/resnet18.pth.dvc").read_text(encoding="utf-8"))
    assert imported["deps"][0]["path"] == web
    assert {dep["path"]: dep["md5"] for dep in locked}["data/resnet18.pth"] == imported["outs"][0]["md5"]

    run_script(clone, "recipe", "prices")
    assert git(clone, "status", "--porcelain", "dvc.yaml") != "", "without weights there is no such dep"
    assert "train.weights" not in (clone / "dvc.yaml").read_text(encoding="utf-8")


def test_a_new_week_is_one_more_zip(clone: Path, draw_photos: DrawPhotos) -> None:
    dvc_here(clone, "remove", sample_stage.ADDRESS)
    write_params(clone, SMALL, data={"table": "*/labels.csv"})
    table = draw_photos(clone / "data/raw/week-1", 80)
    week_2 = [clone / "data/raw/week-1" / name for name in table["filename"][40:]]
    table[:40].to_csv(clone / "data/raw/week-1/labels.csv", index=False)
    commands = re.findall(r"^dvc .*$", BATCHES, re.MULTILINE)
    assert commands == ["dvc add data/raw", "dvc repro"]

    def repro() -> list[str]:
        for command in commands:
            dvc_here(clone, *command.split()[1:], *(["prepare"] if command == "dvc repro" else []))
        return (clone / "data/prepared/samples.csv").read_text(encoding="utf-8").splitlines()

    before = repro()
    with zipfile.ZipFile(clone / "data/raw/week-2.zip", "w") as archive:
        archive.writestr("labels.csv", table[40:].to_csv(index=False))
        for photo in week_2:
            archive.write(photo, photo.name)
            photo.unlink()
    after = repro()
    assert (len(before), len(after)) == (41, 81)
    assert after[:41] == before


def test_who_writes_the_params_is_told_how_dvc_forgets_the_sample(
    clone: Path, draw_photos: DrawPhotos, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_photos(clone / "data/raw", 36, classes=True)
    (clone / "params.yaml").write_text(yaml.safe_dump(SMALL | {"data": {"root": "data/raw", "task": "classification"}}))
    run_script(clone, "validate")
    command = f"dvc remove {sample_stage.ADDRESS}"
    assert command in capsys.readouterr().out
    assert command in SECTION
    dvc_here(clone, *command.split()[1:])
    run_script(clone, "validate")
    assert "sample" not in capsys.readouterr().out

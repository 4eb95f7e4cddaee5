"""The report on a pull request, on real Git and DVC repositories with two revisions, read as GitHub would read it."""

import html
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
import s3
import yaml
from comment_check import checked, flat
from markdown_it import MarkdownIt
from projects import MakeOnce, capture_dvc, commit_all, dvc_here, git, init_git, run

import report as verb
from specimen.common import errors
from specimen.versioning import dvc_commands

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "src/report.py"
HOSTILE = (
    "a|b.jpg", "`c`.jpg", "<script>alert(1)</script>.jpg", "@everyone.jpg", "leaf 🌱.jpg", "two\nlines.jpg",
    "[x](javascript:alert(1)).jpg", "#1.jpg", "https://example.com/x.jpg", "www.example.com.jpg", "</details>.jpg",
    "*bold*_x_.jpg", "$x$.jpg", "\\|.jpg", "a@b.example.jpg", "![i](https://example.com/i.png).jpg", "-->.jpg",
)  # fmt: skip

# Instead of the stages: writes what they write, without pictures, without training, and without slow imports.
STAGE = """
import csv, json, random, sys
from pathlib import Path
import yaml

HOSTILE = {hostile!r}
params = yaml.safe_load(Path("params.yaml").read_text())
data, task = params["data"], params["data"]["task"]

def write(path, rows):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\\n")
        table.writerow(rows[0])
        table.writerows(row.values() for row in rows)

def prepare():
    count = 2 * data["plants"]
    images = [*HOSTILE, *(f"photo_{{n}}.jpg" for n in range(count - len(HOSTILE)))]
    names, numbers = data.get("classes", ["healthy", "NA"]), random.Random(0)
    samples, rejected = [], []
    for n, image in enumerate(images):
        label = numbers.uniform(1, 9) if task == "regression" else names[n // 2 % len(names)]
        row = {{"row": n + 2, "image": image, "group": f"plant {{n // 2}}", "split": "test" if n % 4 < 2 else "train",
               "target": 5.0 if n in data.get("relabel", []) else label}}
        row["split"] = "val" if n in data.get("move", []) else row["split"]
        if row["row"] in data.get("drop", []):
            rejected.append({{"row": row["row"], "image": image, "rule": "label_out_of_range", "value": "-1"}})
        else:
            samples.append(row)
    write("data/prepared/samples.csv", samples)
    if data.get("pictures"):
        import numpy
        Path("data/prepared/images").mkdir(exist_ok=True)
        numpy.save("data/prepared/images/one.npy", numpy.full((len(samples), 4, 4, 3), 99, "uint8"))
        places = enumerate(sample["image"] for sample in samples)
        write("data/prepared/shards.csv", [{{"image": image, "shard": "one", "position": n}} for n, image in places])
    write("data/prepared/rejected.csv", rejected or [dict.fromkeys(("row", "image", "rule", "value"), "")])
    if not rejected:
        Path("data/prepared/rejected.csv").write_text("row,image,rule,value\\n")

def train():
    Path("models").mkdir(exist_ok=True)
    Path("models/model.pt").write_text(json.dumps(params["train"]))
    write("plots/history.csv", [{{"epoch": n, "train_loss": 1 / n, "val_loss": 1.2 / n, "val_rmse": 2 / n}}
                                for n in range(1, params["train"]["epochs"] + 1)])

def evaluate():
    error = json.loads(Path("models/model.pt").read_text())["error"]
    with open("data/prepared/samples.csv", newline="") as file:
        samples = list(csv.DictReader(file))
    numbers = random.Random(4)
    noises = [numbers.gauss() for _ in range(1000)]
    test = [row for row in samples if row["split"] == "test"]
    names = sorted({{row["target"] for row in samples}})
    score, right = 0.0, 0
    for row in test:
        noise = noises[int(row["row"])]
        if task == "regression":
            row["prediction"] = float(row["target"]) + error * noise
            score += (error * noise) ** 2 / len(test)
            continue
        wrong = abs(noise) < error
        row["prediction"] = names[names.index(row["target"]) - 1] if wrong else row["target"]
        row["confidence"] = 0.75
        for name in names:
            row[f"p: {{name}}"] = 0.75 if row["prediction"] == name else 0.25 / max(len(names) - 1, 1)
        right += not wrong
    score = {{"rmse": score**0.5}} if task == "regression" else {{"accuracy": right / len(test)}}
    Path("metrics").mkdir(exist_ok=True)
    write("plots/predictions.csv", test)
    Path("metrics/test.json").write_text(json.dumps(score | {{"samples": len(test), "baseline": {{"rmse": 2.5}}}}))
    Path("metrics/data.json").write_text(json.dumps({{"rows": len(samples)}}))

globals()[sys.argv[1]]()
""".format(hostile=HOSTILE)  # noqa: UP032 - an f-string could not hold the f-strings of the script

PIPELINE: dict[str, object] = {
    "stages": {
        "prepare": {
            "cmd": "python stage.py prepare", "deps": ["stage.py"], "params": ["data"], "outs": ["data/prepared"],
        },
        "train": {
            "cmd": "python stage.py train", "deps": ["data/prepared"], "params": ["train"],
            "outs": ["models/model.pt", "plots/history.csv"],
        },
        "evaluate": {
            "cmd": "python stage.py evaluate", "deps": ["data/prepared", "models/model.pt"],
            "outs": ["plots/predictions.csv", {"metrics/test.json": {"cache": False}},
                     {"metrics/data.json": {"cache": False}}],
        },
    },
    "metrics": ["metrics/test.json", "metrics/data.json"],
    "artifacts": {"model": {"path": "models/model.pt", "type": "model"}},
}  # fmt: skip
PARAMS = {
    "data": {"task": "regression", "target": "weight", "unit": "g", "plants": 60},
    "train": {"epochs": 4, "lr": 0.01, "error": 1.0},
}


def change(folder: Path, **sections: dict[str, object]) -> None:
    """Write params.yaml with `sections` on top of what is there."""
    file = folder / "params.yaml"
    params = yaml.safe_load(file.read_text()) if file.exists() else PARAMS
    for name, values in sections.items():
        params[name] = params.get(name, {}) | values
    file.write_text(yaml.safe_dump(params))


def report(folder: Path, *options: str) -> str:
    """Write a report as a program of its own, with DVC's commands as they are."""
    run(sys.executable, str(REPORT), *options, cwd=folder)
    return checked((folder / "report.md").read_text(encoding="utf-8"))


def report_here(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str, status: int = 0) -> str:
    """Write a report in this process: another Python costs seconds."""
    end_with(status, folder, monkeypatch, *options)
    return checked((folder / "report.md").read_text(encoding="utf-8"))


def not_shown(folder: Path) -> str:
    """Return what `report.html` says that it cannot show, after a look at what it shows all the same."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<h1>Specimen report</h1>" in page
    assert "<h2>Metrics</h2>" in page
    assert page.endswith("</html>\n")
    notes = re.search(r"<ul class='notes'>(.*?)</ul>", page, re.DOTALL)
    return html.unescape(notes[1]) if notes else ""


def end_with(status: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """Run the command in this process, which has to end with this status."""
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["report.py", *options])
        if status == 0:
            verb.main()
            return
        with pytest.raises(SystemExit) as exited:
            errors.run_cli(verb.main)
    assert exited.value.code == status


@pytest.fixture
def dvc_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the report run DVC's commands in this process too: four Pythons fewer to start for each report."""
    monkeypatch.setattr(dvc_commands, "_capture_dvc", capture_dvc)


def make_base_and_head(folder: Path) -> None:
    """Make a repository with a base on main and a better model on the branch `head`, pushed to a folder next to it."""
    repository = folder / "repository"
    repository.mkdir()
    init_git(repository)
    dvc_here(repository, "init", "--quiet")
    dvc_here(repository, "remote", "add", "--quiet", "--default", "storage", str(folder / "remote"))
    (repository / "stage.py").write_text(STAGE, encoding="utf-8")
    (repository / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    (repository / ".gitignore").write_text("/report.md\n/report.json\n/report.html\n/repro.log\n")
    change(repository)
    dvc_here(repository, "repro")
    commit_all(repository, "Base")
    git(repository, "checkout", "--quiet", "-b", "head")
    data = {"drop": [*range(2, 12)], "relabel": [40], "move": [44, 45]}
    change(repository, train={"error": 0.5, "epochs": 6}, data=data)
    dvc_here(repository, "repro")
    commit_all(repository, "Head")
    dvc_here(repository, "push", "--quiet", "--all-branches")


@pytest.fixture(scope="session")
def original(make_once: MakeOnce) -> Path:
    """The repository of `make_base_and_head`. Copy it."""
    return make_once("base_and_head", make_base_and_head) / "repository"


@pytest.fixture
def repository(original: Path, tmp_path: Path) -> Path:
    """A copy of the repository, on the branch `head`, to do things to."""
    return Path(shutil.copytree(original, tmp_path / "repository", symlinks=True))


@pytest.fixture(scope="module")
def text(original: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on `head` against main."""
    folder = Path(shutil.copytree(original, tmp_path_factory.mktemp("text") / "repository", symlinks=True))
    return report(folder, "--base", "main")


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def test_it_says_how_often_the_test_groups_were_asked(text: str) -> None:
    assert "\n\nThis is the 2nd model that these test groups judge.\n\n" in text


def test_it_begins_with_the_verdict_in_plain_words(text: str) -> None:
    assert re.match(r"\*\*Verdict: better\. RMSE fell by 50 % \(from [\d.]+ to [\d.]+ g\)\.\*\*\n", text), text[:300]
    assert re.search(r"95 % interval from -[\d.]+ g to -[\d.]+ g\. It does not include 0", text)
    assert "Left out: 1 shared sample with another label now." in text


def test_sections_stand_in_their_order(text: str) -> None:
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == ["Metrics", "Params", "Data", "Charts", "Samples that changed most", "Reproducible?", "Details"]


def test_only_changed_params_stand_in_the_open(text: str) -> None:
    shown, folded = section(text, "Params").split("<details>")
    assert "| `train.error` | 1 | 0.5 |" in shown
    assert "train.lr" not in shown
    assert "| `train.lr` | 0.01 | 0.01 |" in folded


def test_no_row_says_better_where_the_test_samples_are_others(text: str) -> None:
    assert re.search(r"`rmse` \|.*\| -0\.\d+ ↓ \|", section(text, "Metrics"))
    assert "not measured on the same test samples, so no row says better or worse" in section(text, "Metrics")


def test_every_change_of_the_data_is_counted_and_named(text: str) -> None:
    said = section(text, "Data")
    assert "120 samples in the base, 110 now." in said
    assert "**Added: 0.**" in said
    assert "**Removed: 10.** <code>a&#124;b.jpg</code>" in said
    assert "**Relabelled: 1.** `photo_23.jpg`" in said
    assert "**Moved between splits: 2.** There should be none" in said
    assert "| `label_out_of_range` | 0 | 10 |" in said
    assert "Kolmogorov-Smirnov distance" in said


def test_names_that_attack_are_shown_as_they_are(text: str) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").parse(section(text, "Data"))
    shown = "".join(token.content for token in flat(page) if token.type in ("text", "text_special")).replace(
        "\u200b", ""
    )
    for name in HOSTILE[:10]:
        assert name.replace("\n", "\\n") in shown


def test_charts_hold_both_curves_and_the_tenths(text: str) -> None:
    charts = re.findall(r"```mermaid\n(.*?)```", section(text, "Charts"), re.DOTALL)
    assert [len(re.findall(r"^  (?:line|bar) ", chart, re.MULTILINE)) for chart in charts] == [2, 2, 3]
    assert "line [1.2, 0.6, 0.4, 0.3, 0.3, 0.3]" in charts[0]


def test_all_is_reproducible_after_run_commit_and_push(text: str) -> None:
    said = section(text, "Reproducible?")
    assert said.startswith("\n**Yes.**")
    assert "| `train` | up to date | other outputs | - |" in said


@pytest.mark.usefixtures("dvc_in_process")
def test_what_is_not_reproducible_comes_with_the_commands_that_fix_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(repository.parent.parent / "nothing", ignore_errors=True)
    dvc_here(repository, "remote", "modify", "storage", "url", str(repository.parent / "empty"))
    change(repository, train={"lr": 0.02})
    (repository / "repro.log").write_text("Stage 'prepare' didn't change, skipping\nRunning stage 'train':\n")
    said = section(report_here(repository, monkeypatch, "--base", "main", "--log", "repro.log"), "Reproducible?")
    assert said.startswith("\n**No.**")
    assert "`train` must run" in said
    assert "The remote lacks 4 outputs" in said
    assert '```sh\ndvc repro\ngit add dvc.lock metrics\ngit commit -m "Run the pipeline"\ndvc push\n```' in said
    assert "| `prepare` | up to date | other outputs | unchanged |" in said
    assert "| `train` | must run | other outputs | ran |" in said


def test_two_revisions_are_compared_without_touching_the_workspace(
    repository: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "checkout", "--quiet", "main")
    other = report_here(repository, monkeypatch, "--base", "main", "--head", "head")
    assert other.split("Base:")[0] == text.split("Base:", maxsplit=1)[0]
    assert section(other, "Reproducible?") == section(text, "Reproducible?")
    assert git(repository, "status", "--porcelain") == ""


@pytest.fixture
def without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No access to any bucket, whatever this machine has."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("dvc_in_process", "without_credentials")
def test_a_shallow_clone_without_credentials_shows_what_git_has(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in CI for a pull request from a fork, with a forgotten `fetch-depth: 0`."""
    dvc_here(repository, "remote", "modify", "storage", "url", "s3://bucket-of-the-lab/specimen")
    commit_all(repository, "To S3")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(tmp_path / "clone"))
    text = report_here(tmp_path / "clone", monkeypatch, "--base", "main")
    assert text.startswith("**Verdict: not comparable: plots/predictions.csv of workspace")
    assert "Unable to locate credentials" in text
    assert "this clone is shallow&#58; `git fetch --unshallow` brings the history" in section(text, "Params")
    assert "| `rmse` | 0.4" in section(text, "Metrics")
    assert "Whether the remote has every output is not known" in section(text, "Reproducible?")
    missing = not_shown(tmp_path / "clone")
    assert "Not shown: predicted against true; photos that changed most, because " in missing
    assert "Unable to locate credentials" in missing
    assert "this clone is shallow" in missing


@pytest.mark.usefixtures("dvc_in_process", "without_credentials")
def test_the_first_pull_request_of_a_copy_without_a_bucket_says_how_to_connect_one(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git has the metrics of both revisions; nobody is asked for `your-bucket`, which may be a stranger's."""
    dvc_here(repository, "remote", "modify", "storage", "url", "s3://your-bucket/specimen")
    commit_all(repository, "As in the template")
    git(tmp_path, "clone", "--quiet", str(repository), str(tmp_path / "clone"))
    text = html.unescape(report_here(tmp_path / "clone", monkeypatch, "--base", "origin/main"))
    way_out = "no bucket is connected yet; `make connect` does it"
    assert re.match(rf"\*\*Verdict: not comparable: plots/predictions.csv of [^*]* and {way_out}\.\*\*", text)
    assert f"Whether the remote has every output is not known: {way_out}." in section(text, "Reproducible?")
    assert re.search(r"`rmse` \| 0\.\d+ \| 0\.4\d+ \|", section(text, "Metrics"))


@pytest.mark.usefixtures("dvc_in_process")
def test_a_clone_without_a_remote_gets_a_page_that_says_what_is_missing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dvc_here(repository, "remote", "remove", "storage")
    commit_all(repository, "No remote")
    git(tmp_path, "clone", "--quiet", str(repository), str(tmp_path / "clone"))
    text = report_here(tmp_path / "clone", monkeypatch, "--base", "origin/main")
    nowhere = r"of [^,]* is neither in DVC.s cache nor in a remote"
    assert re.match(rf"\*\*Verdict: not comparable: plots/predictions\.csv {nowhere}", html.unescape(text))
    missing = not_shown(tmp_path / "clone")
    assert re.search(
        rf"Not shown: predicted against true; photos that changed most, because plots/predictions\.csv {nowhere}",
        missing,
    )
    assert re.search(rf"new, relabelled or rejected, because data/prepared/rejected\.csv {nowhere}", missing)


@pytest.mark.usefixtures("dvc_in_process")
def test_a_base_without_pictures_gets_a_page_with_those_of_the_head(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(repository, data={"pictures": True})
    dvc_here(repository, "repro")
    report_here(repository, monkeypatch, "--base", "main")
    page = (repository / "report.html").read_text(encoding="utf-8")
    assert "<h3>Errors that fell most (of " in page
    assert "<figcaption><b>photo</b></figcaption>" in page
    assert page.count("<img ") > 0
    assert "Not shown: where the model looks of base, because models/model.pt of main (" in not_shown(repository)


@pytest.mark.usefixtures("dvc_in_process")
def test_a_base_that_never_ran_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pull request: main has the code, but neither lock nor metrics."""
    git(repository, "checkout", "--quiet", "-b", "empty", "main")
    git(repository, "rm", "--quiet", "-r", "dvc.lock", "metrics")
    git(repository, "commit", "--quiet", "--message", "Never ran")
    git(repository, "checkout", "--quiet", "head")
    git(repository, "merge", "--quiet", "--strategy", "ours", "--no-edit", "empty")
    text = report_here(repository, monkeypatch, "--base", "empty")
    reason = (
        r"\*\*Verdict: not comparable: plots/predictions.csv is not in empty \(\w+\)&#58; the pipeline never ran there"
    )
    assert re.match(reason, text)
    assert re.search(r"`rmse` \| - \| 0\.4\d+ \| new \|", section(text, "Metrics"))
    assert "line [1.2, 0.6, 0.4, 0.3, 0.24, 0.2]" in section(text, "Charts")
    assert "| `train` | up to date | new | - |" in section(text, "Reproducible?")


@pytest.mark.usefixtures("dvc_in_process")
def test_a_broken_head_still_gets_a_report(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "params.yaml").write_text("<<<<<<< HEAD\ndata: [\n")
    text = report_here(repository, monkeypatch, "--base", "main")
    assert text.startswith("**Verdict: not comparable: params.yaml of workspace")
    assert "must run" not in section(text, "Reproducible?")
    assert "is not known" in section(text, "Reproducible?")


@pytest.mark.usefixtures("dvc_in_process")
def test_another_target_is_not_compared(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository, data={"target": "a|b <script> @everyone"})
    text = report_here(repository, monkeypatch, "--base", "main")
    assert text.startswith("**Verdict: not comparable: the target has changed from 'weight' to 'a&#124;b &#60;script")


@pytest.mark.usefixtures("dvc_in_process")
def test_worse_turns_the_check_red_if_the_params_say_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is written all the same, because whoever sees red wants to know why."""
    change(repository, report={"fail_on": "worse"})
    commit_all(repository, "Be strict")
    git(repository, "branch", "better")
    change(repository, train={"error": 1.5})
    dvc_here(repository, "repro")
    text = report_here(repository, monkeypatch, "--base", "better", status=1)
    assert text.startswith("**Verdict: worse. RMSE rose by 200 %")
    assert re.search(r"`rmse` \|.*\| \+0\.\d+ ↑ worse \|", section(text, "Metrics"))


@pytest.mark.usefixtures("dvc_in_process")
def test_predictions_that_were_improved_by_hand_are_a_fault(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Committed to DVC, so that `dvc status` sees nothing."""
    git(repository, "branch", "before")
    path = repository / "plots/predictions.csv"
    table = pd.read_csv(path)
    table["prediction"] = table["target"] + (table["prediction"] - table["target"]) / 10
    path.write_text(table.to_csv(index=False))
    dvc_here(repository, "commit", "--force", "--quiet", "evaluate")
    git(repository, "rm", "--quiet", "metrics/data.json")
    commit_all(repository, "Better")
    text = report_here(repository, monkeypatch, "--base", "before")
    assert text.startswith(
        "**Do not rely on these numbers:** outputs changed although command, deps and params did not; metrics are not "
        "what the predictions give; metrics in Git are not those of the run."
    )
    said = section(text, "Reproducible?")
    assert said.startswith("\n**No.**")
    assert "`evaluate`: the same command, deps and params as in the base, but other outputs" in said
    assert re.search(r"`rmse` 0\.4\d+ instead of 0\.04", said)
    assert "Git lacks `metrics/data.json`" in said


@pytest.mark.usefixtures("dvc_in_process")
def test_a_lock_with_a_conflict_is_not_known_and_not_gone(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = repository / "dvc.lock"
    lock.write_text(f"<<<<<<< HEAD\n{lock.read_text()}")
    text = report_here(repository, monkeypatch, "--base", "main")
    assert "gone" not in text
    assert "What changed is not known" in section(text, "Params")
    assert "**Yes.**" not in section(text, "Reproducible?")
    assert "dvc.lock of workspace" in section(text, "Reproducible?")


@pytest.mark.usefixtures("dvc_in_process")
def test_a_pull_request_does_not_set_its_own_gate(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = git(repository, "rev-parse", "HEAD").strip()
    git(repository, "checkout", "--quiet", "-b", "strict")
    change(repository, report={"fail_on": "worse"}, train={"lr": 0.07})
    commit_all(repository, "Be strict, after the other branch has left")
    git(repository, "checkout", "--quiet", "head")
    change(repository, train={"error": 1.5}, report={"fail_on": "never", "metric": "mae"})
    dvc_here(repository, "repro")
    text = report_here(repository, monkeypatch, "--base", "strict", status=1)
    assert f"Base: `{left[:7]}, where this left strict (" in text
    assert "0.07" not in section(text, "Params"), "what the base has got since then is none of its changes"
    assert text.startswith("**Verdict: worse. RMSE rose by 200 %")
    assert (
        "**This changes what decides:** report.metric from null to mae, report.fail&#95;on from worse to never. "
        "Until it is merged, the base decides." in text
    )


@pytest.mark.usefixtures("dvc_in_process")
def test_an_invalid_gate_is_named_and_ends_with_status_2(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is written all the same."""
    change(repository, report={"fail_on": "wrose"})
    text = report_here(repository, monkeypatch, "--base", "main", status=2)
    assert text.startswith("**Verdict: better.")
    fault = "report.fail_on: Input should be 'never', 'worse' or 'not comparable', got 'wrose'."
    assert "**The section `report` is not valid, so this check ends with status 2:** params.yaml of" in text
    assert fault.replace("_", "&#95;").replace(":", "&#58;") in text
    assert fault in capsys.readouterr().err


@pytest.mark.parametrize("name", ["--help-me", "nosuch; rm -rf x", "$(touch x)"])
def test_an_unknown_head_is_one_message(
    original: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end_with(2, original, monkeypatch, "--base", "main", f"--head={name}")
    assert capsys.readouterr().err.startswith("error: --head: Git does not know the revision")


@pytest.mark.usefixtures("dvc_in_process")
def test_classes_are_compared_whatever_their_names(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = ["a|b", "@everyone", "<b>\nline", 'say "hi"', "NA"]
    change(repository, data={"task": "classification", "unit": "", "classes": classes, "relabel": []})
    dvc_here(repository, "repro")
    commit_all(repository, "Classes")
    change(repository, train={"error": 0.2})
    dvc_here(repository, "repro")
    text = report_here(repository, monkeypatch, "--base", "HEAD")
    assert re.match(
        r"\*\*Verdict: better\. Accuracy rose by \d\d\.\d points \(from \d\d\.\d to \d\d\.\d %\)\.\*\*\n", text
    )
    assert re.search(r"difference is \+\d+\.\d points", text)
    assert "total variation distance 0.000" in section(text, "Data")
    chart = section(text, "Charts").split("```mermaid")[-1].split("```")[0]
    labels = re.findall(r"x-axis .* \[(.*)\]", chart)[0]
    assert sorted(re.findall(r'"([^"]*)"', labels)) == ["NA", "a b", "b line", "everyone", "say hi"]
    assert "<code>&#64;&#8203;everyone</code>" in section(text, "Samples that changed most")


@pytest.mark.usefixtures("dvc_in_process")
def test_what_lies_in_s3_alone_is_compared_and_what_is_gone_is_named(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    with s3.serve() as endpoint, s3.point_dvc_at(endpoint):
        dvc_here(repository, "push", "--all-branches")
        git(tmp_path, "clone", "--quiet", str(repository), str(tmp_path / "clone"))
        shutil.copyfile(repository / ".dvc/config.local", tmp_path / "clone/.dvc/config.local")
        text = report_here(tmp_path / "clone", monkeypatch, "--base", "origin/main")
        assert text.startswith("**Verdict: better. RMSE fell by 50 %")
        assert section(text, "Reproducible?").startswith("\n**Yes.**")
    with s3.serve() as endpoint:
        local = tmp_path / "clone/.dvc/config.local"
        local.write_text(re.sub(r"http://127.0.0.1:\d+", endpoint, local.read_text()))
        text = report_here(tmp_path / "clone", monkeypatch, "--base", "origin/main")
    assert "The remote lacks 4 outputs" in section(text, "Reproducible?")


@pytest.fixture
def with_make(repository: Path) -> Path:
    """The repository with Makefile, verbs and environment, so that `make` finds all and installs nothing."""
    for folder in ("requirements", ".venv"):
        (repository / folder).mkdir()
    for name in ("Makefile", "requirements/uv.txt", "requirements/dev.txt"):
        shutil.copy(ROOT / name, repository / name)
    for folder in ("src", "tools", ".github"):
        (repository / folder).symlink_to(ROOT / folder)
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".made":
            (repository / ".venv" / entry.name).symlink_to(entry)
    (repository / ".venv/.made").touch()
    (repository / ".git/info/exclude").write_text(
        "/Makefile\n/requirements\n/src\n/tools\n/.github\n/.venv\n/number\n/artifact\n"
    )
    return repository


def steps(workflow: str, job: str) -> list[str]:
    flow = yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text(encoding="utf-8"))
    return [step["run"] for step in flow["jobs"][job]["steps"] if "run" in step]


def test_the_commands_of_the_workflows_bring_the_report_into_a_comment(with_make: Path, tmp_path: Path) -> None:
    """As GitHub runs them, with a `cml` that fails and a `gh` that keeps what it posts."""
    remote = str(tmp_path / "server.git")
    git(tmp_path, "clone", "--quiet", "--bare", str(with_make), remote)
    git(with_make, "remote", "add", "origin", remote)
    git(with_make, "fetch", "--quiet", "origin")
    shutil.rmtree(with_make / ".dvc/cache")
    shutil.rmtree(with_make / "plots")
    tools, posted = tmp_path / "bin", tmp_path / "posted"
    tools.mkdir()
    head = git(with_make, "rev-parse", "HEAD").strip()
    (tools / "gh").write_text(f"""#!/bin/sh
case "$1 $4" in
  "api .head.sha" | "api .base.sha") echo {head};;
  "api .files | length") echo 1;;
  "api .files[] | .filename"*) echo params.yaml;;
  "api repos/{{owner}}/{{repo}}/issues/7/comments") cat > {posted};;
  api*) ;;
  *) exit 1;;
esac
""")
    (tools / "cml").write_text("#!/bin/sh\nexit 1\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    environment = {
        "BASE": "origin/main", "NUMBER": "7", "COMMIT": head, "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "PATH": f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    for command in steps("report", "report"):
        run("bash", "-e", "-o", "pipefail", "-c", command, cwd=with_make, **environment)
    text = checked((with_make / "report.md").read_text(encoding="utf-8"))
    assert text.startswith("**Verdict: better. RMSE fell by 50 %")
    assert "| `train` | up to date | other outputs | unchanged |" in section(text, "Reproducible?")
    assert (tmp_path / "summary").read_text(encoding="utf-8") == text

    (with_make / "artifact").mkdir()
    for name in ("report.json", "number"):
        (with_make / name).rename(with_make / "artifact" / name)
    _, render, _, with_cml, with_gh = steps("comment", "comment")
    run("bash", "-e", "-c", render, cwd=with_make, **environment)
    assert (tmp_path / "output").read_text() == "number=7\n"
    assert (with_make / "artifact/comment.md").read_text(encoding="utf-8") == text
    run("bash", "-e", "-c", with_cml, cwd=with_make, status=1, **environment)
    run("bash", "-e", "-c", with_gh, cwd=with_make, **environment)
    assert json.loads(posted.read_text())["body"].startswith(text.rstrip())


def test_the_commands_of_training_in_ci_commit_and_push_the_results(with_make: Path, tmp_path: Path) -> None:
    remote = str(tmp_path / "server.git")
    git(tmp_path, "clone", "--quiet", "--bare", str(with_make), remote)
    git(with_make, "remote", "add", "origin", remote)
    change(with_make, train={"error": 0.4})
    commit_all(with_make, "Not run yet")
    commands = steps("train", "train")
    for command in commands[1 : commands.index("make commit-ci") + 1]:
        if not command.startswith("gh "):
            run("bash", "-e", "-c", command, cwd=with_make, BRANCH="head", BASE="main")
    assert "Running stage 'evaluate'" in (with_make / "repro.log").read_text()
    git(with_make, "fetch", "--quiet", "origin")
    assert git(with_make, "log", "-1", "--format=%s", "origin/head").strip() == "Run the pipeline in CI"
    assert git(with_make, "diff", "--name-only", "HEAD~1", "HEAD").splitlines() == ["dvc.lock", "metrics/test.json"]
    assert git(with_make, "status", "--porcelain") == ""
    assert dvc_here(with_make, "status", "--cloud").strip() == "Cache and remote 'storage' are in sync."


def test_training_in_ci_believes_neither_the_lock_nor_the_run_cache(repository: Path) -> None:
    """Predictions that were improved by hand are made once more, by the code that is there."""
    path = repository / "plots/predictions.csv"
    good = path.read_text()
    table = pd.read_csv(path)
    path.write_text(table.assign(prediction=table["target"]).to_csv(index=False))
    dvc_here(repository, "commit", "--force", "--quiet", "evaluate")
    dvc_here(repository, "push", "--quiet", "--run-cache")
    commit_all(repository, "Better")
    run(sys.executable, str(ROOT / "tools/ci_repro.py"), "--retrain", "main", cwd=repository)
    assert path.read_text() == good
    log = (repository / "repro.log").read_text()
    assert "Running stage 'evaluate'" in log
    assert "is cached" not in log


def test_a_conflict_in_the_lock_is_solved_by_the_two_commands_of_contributing(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "other", "main")
    change(repository, train={"lr": 0.5})
    dvc_here(repository, "repro")
    commit_all(repository, "Other")
    said = run("git", "merge", "head", cwd=repository, status=1)
    assert "CONFLICT (content): Merge conflict in dvc.lock" in said
    git(repository, "checkout", "--theirs", "params.yaml")
    change(repository, train={"lr": 0.5})  # both sides' choices, settled by hand
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (.+)$", page.split("## Conflicts")[1].split("\n##")[0], re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run("bash", "-e", "-c", command, cwd=repository)
    git(repository, "add", "dvc.lock", "metrics", "params.yaml")
    git(repository, "commit", "--quiet", "--no-edit")
    assert "Data and pipelines are up to date." in dvc_here(repository, "repro")
    assert yaml.safe_load((repository / "params.yaml").read_text())["train"] == {"epochs": 6, "error": 0.5, "lr": 0.5}
    assert git(repository, "status", "--porcelain") == ""

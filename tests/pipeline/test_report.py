"""The report on a pull request, on real Git and DVC repositories with two revisions, read as GitHub would read it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import check_report
import pytest
import s3
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

import report as verb

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "src/report.py"
HOSTILE = (
    "a|b.jpg", "`c`.jpg", "<script>alert(1)</script>.jpg", "@everyone.jpg", "leaf 🌱.jpg", "two\nlines.jpg",
    "[x](javascript:alert(1)).jpg", "#1.jpg", "https://example.com/x.jpg", "www.example.com.jpg", "</details>.jpg",
    "*bold*_x_.jpg", "$x$.jpg", "\\|.jpg", "a@b.example.jpg", "![i](https://example.com/i.png).jpg", "-->.jpg",
)  # fmt: skip

# A stand-in for the stages, which writes what they write without pictures and without training.
STAGE = """
import json, sys
from pathlib import Path
import numpy as np, pandas as pd, yaml

HOSTILE = {hostile!r}
params = yaml.safe_load(Path("params.yaml").read_text())
data, task = params["data"], params["data"]["task"]
random = np.random.default_rng(0)

def prepare():
    count = 2 * data["plants"]
    images = [*HOSTILE, *(f"photo_{{n}}.jpg" for n in range(count - len(HOSTILE)))]
    rows = pd.DataFrame({{"row": range(2, count + 2), "image": images}})
    rows["group"] = [f"plant {{n // 2}}" for n in range(count)]
    rows["split"] = ["test" if n % 4 < 2 else "train" for n in range(count)]
    names = data.get("classes", ["healthy", "NA"])
    rows["target"] = [names[n // 2 % len(names)] for n in range(count)]
    if task == "regression":
        rows["target"] = random.uniform(1, 9, count)
    for number in data.get("relabel", []):
        rows.loc[number, "target"] = 5.0
    for number in data.get("move", []):
        rows.loc[number, "split"] = "val"
    dropped = rows["row"].isin(data.get("drop", []))
    folder = Path("data/prepared")
    folder.mkdir(parents=True, exist_ok=True)
    rows[~dropped].to_csv(folder / "samples.csv", index=False)
    rejected = rows.loc[dropped, ["row", "image"]].assign(rule="label_out_of_range", value="-1")
    rejected.to_csv(folder / "rejected.csv", index=False)

def train():
    Path("models").mkdir(exist_ok=True)
    Path("plots").mkdir(exist_ok=True)
    Path("models/model.pt").write_text(json.dumps(params["train"]))
    epochs = np.arange(1, params["train"]["epochs"] + 1)
    history = {{"epoch": epochs, "train_loss": 1 / epochs, "val_loss": 1.2 / epochs, "val_rmse": 2 / epochs}}
    pd.DataFrame(history).to_csv("plots/history.csv", index=False)

def evaluate():
    error = json.loads(Path("models/model.pt").read_text())["error"]
    samples = pd.read_csv("data/prepared/samples.csv", keep_default_na=False)
    test = samples[samples["split"] == "test"].copy()
    noise = np.random.default_rng(3).normal(size=1000)[test["row"]]
    if task == "regression":
        test["prediction"] = test["target"] + error * noise
        score = {{"rmse": float(error * np.sqrt(np.mean(noise**2)))}}
    else:
        names = sorted(set(samples["target"]))
        wrong = np.abs(noise) < error
        other = [names[names.index(name) - 1] for name in test["target"]]
        test["prediction"] = np.where(wrong, other, test["target"])
        test["confidence"] = 0.75
        for name in names:
            test[f"p: {{name}}"] = np.where(test["prediction"] == name, 0.75, 0.25 / max(len(names) - 1, 1))
        score = {{"accuracy": float(1 - wrong.mean())}}
    Path("metrics").mkdir(exist_ok=True)
    test.to_csv("plots/predictions.csv", index=False)
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


def run(*command: str, cwd: Path, status: int | None = 0, **env: str) -> str:
    """Run a command as in an activated environment; return what it printed."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": paths, "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    env = os.environ | own | env
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def dvc(*arguments: str, cwd: Path, status: int = 0) -> str:
    return run(sys.executable, "-m", "dvc", *arguments, cwd=cwd, status=status)


def git(*arguments: str, cwd: Path) -> str:
    return run("git", *arguments, cwd=cwd).strip()


def change(folder: Path, **sections: dict[str, object]) -> None:
    """Write params.yaml with `sections` on top of what stands there."""
    file = folder / "params.yaml"
    params = yaml.safe_load(file.read_text()) if file.exists() else PARAMS
    for name, values in sections.items():
        params[name] = params.get(name, {}) | values
    file.write_text(yaml.safe_dump(params))


def commit(folder: Path, message: str) -> None:
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", message, cwd=folder)


def report(folder: Path, *options: str, status: int = 0, **env: str) -> str:
    run(sys.executable, str(REPORT), *options, cwd=folder, status=status, **env)
    return checked((folder / "report.md").read_text(encoding="utf-8"))


def checked(text: str) -> str:
    """Return a report after looking at it as GitHub would: tables whole, no foreign HTML, links or images."""
    assert len(text) <= 60_000
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    widths: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            widths.append(0)
        elif token.type in ("td_open", "th_open"):
            widths[-1] += 1
    rows = [line.count("|") - 1 for line in text.splitlines() if line.startswith("|") and not line.startswith("| :--")]
    assert widths == rows, "a pipe in a cell, or a line that is no row"
    allowed = {"<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"}
    html = "".join(token.content for token in flat(tokens) if token.type.startswith("html"))
    assert set(re.findall(r"<[^>]*>?", html)) <= allowed
    assert not [token.type for token in flat(tokens) if token.type in ("link_open", "image", "s_open")]
    for what, pattern in check_report.FOREIGN.items():
        assert not pattern.search(text), what
    return text


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a base on main and a better model on the branch `head`, pushed to a folder. Copy it."""
    folder = tmp_path_factory.mktemp("original") / "repository"
    folder.mkdir()
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    for key, value in {"user.name": "Test", "user.email": "test@example.com", "commit.gpgsign": "false"}.items():
        git("config", key, value, cwd=folder)
    dvc("init", "--quiet", cwd=folder)
    dvc("remote", "add", "--default", "storage", str(folder.parent / "remote"), cwd=folder)
    (folder / "stage.py").write_text(STAGE, encoding="utf-8")
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    (folder / ".gitignore").write_text("/report.md\n/repro.log\n")
    change(folder)
    dvc("repro", cwd=folder)
    commit(folder, "Base")
    git("checkout", "--quiet", "-b", "head", cwd=folder)
    change(folder, train={"error": 0.5, "epochs": 6}, data={"drop": [*range(2, 12)], "relabel": [40], "move": [44, 45]})
    dvc("repro", cwd=folder)
    commit(folder, "Head")
    dvc("push", "--quiet", "--all-branches", cwd=folder)
    return folder


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


def test_it_begins_with_the_verdict_in_plain_words(text: str) -> None:
    assert re.match(r"\*\*Verdict: better\. RMSE fell by 50\.0 %, from [\d.]+ g to [\d.]+ g\.\*\*\n", text), text[:300]
    assert re.search(r"95 % interval from -[\d.]+ g to -[\d.]+ g\. It does not include 0", text)
    assert "Left out: 1 shared sample with another label now." in text


def test_sections_stand_in_their_order(text: str) -> None:
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == ["Metrics", "Params", "Data", "Charts", "Samples that changed most", "Reproducible?", "Details"]


def test_only_changed_params_stand_in_the_open(text: str) -> None:
    shown, folded = section(text, "Params").split("<details>")
    assert "| <code>train.error</code> | 1 | 0.5 |" in shown
    assert "train.lr" not in shown
    assert "| <code>train.lr</code> | 0.01 | 0.01 |" in folded


def test_arrows_know_which_way_is_better(text: str) -> None:
    assert re.search(r"<code>rmse</code> \|.*\| -0\.\d+ ↓ better \|", section(text, "Metrics"))


def test_every_change_of_the_data_is_counted_and_named(text: str) -> None:
    said = section(text, "Data")
    assert "120 samples in the base, 110 now." in said
    assert "**Added: 0.**" in said
    assert "**Removed: 10.** <code>a&#124;b.jpg</code>" in said
    assert "**Relabelled: 1.** <code>photo&#95;23.jpg</code>" in said
    assert "**Moved between splits: 2.** There should be none" in said
    assert "| <code>label&#95;out&#95;of&#95;range</code> | 0 | 10 |" in said
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
    assert "| <code>train</code> | up to date | other outputs | - |" in said


def in_process(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    """Write a report without starting another Python, which costs seconds."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["report.py", *options])
    verb.main()
    return checked((folder / "report.md").read_text(encoding="utf-8"))


def test_what_is_not_reproducible_comes_with_the_commands_that_mend_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(repository.parent.parent / "nothing", ignore_errors=True)
    dvc("remote", "modify", "storage", "url", str(repository.parent / "empty"), cwd=repository)
    change(repository, train={"lr": 0.02})
    (repository / "repro.log").write_text("Stage 'prepare' didn't change, skipping\nRunning stage 'train':\n")
    said = section(in_process(repository, monkeypatch, "--base", "main", "--log", "repro.log"), "Reproducible?")
    assert said.startswith("\n**No.**")
    assert "<code>train</code> must run" in said
    assert "The remote lacks 4 outputs" in said
    assert '```sh\ndvc repro\ngit add dvc.lock metrics\ngit commit -m "Run the pipeline"\ndvc push\n```' in said
    assert "| <code>prepare</code> | up to date | other outputs | unchanged |" in said
    assert "| <code>train</code> | must run | other outputs | ran |" in said


def test_two_revisions_are_compared_without_touching_the_workspace(
    repository: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "--quiet", "main", cwd=repository)
    other = in_process(repository, monkeypatch, "--base", "main", "--head", "head")
    assert other.split("Base:")[0] == text.split("Base:", maxsplit=1)[0]
    assert section(other, "Reproducible?") == section(text, "Reproducible?")
    assert git("status", "--porcelain", cwd=repository) == ""


def test_a_shallow_clone_without_credentials_shows_what_git_holds(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in CI for a pull request from a fork, with a forgotten `fetch-depth: 0`."""
    dvc("remote", "modify", "storage", "url", "s3://bucket-of-the-lab/specimen", cwd=repository)
    commit(repository, "To S3")
    git("clone", "--quiet", "--depth", "1", f"file://{repository}", str(tmp_path / "clone"), cwd=tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    text = in_process(tmp_path / "clone", monkeypatch, "--base", "main")
    assert text.startswith("**Verdict: not comparable: plots/predictions.csv of workspace")
    assert "Unable to locate credentials" in text
    assert "this clone is shallow&#58; <code>git fetch --unshallow</code> brings the history" in section(text, "Params")
    assert "| <code>rmse</code> | - | 0.4" in section(text, "Metrics")
    assert "Whether the remote has every output is not known" in section(text, "Reproducible?")


def test_a_base_that_never_ran_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pull request: main has the code, but neither lock nor metrics."""
    git("checkout", "--quiet", "-b", "empty", "main", cwd=repository)
    git("rm", "--quiet", "-r", "dvc.lock", "metrics", cwd=repository)
    git("commit", "--quiet", "--message", "Never ran", cwd=repository)
    git("checkout", "--quiet", "head", cwd=repository)
    text = in_process(repository, monkeypatch, "--base", "empty")
    reason = (
        r"\*\*Verdict: not comparable: plots/predictions.csv is not in empty \(\w+\)&#58; the pipeline never ran there"
    )
    assert re.match(reason, text)
    assert re.search(r"<code>rmse</code> \| - \| 0\.4\d+ \| new \|", section(text, "Metrics"))
    assert "line [1.2, 0.6, 0.4, 0.3, 0.24, 0.2]" in section(text, "Charts")
    assert "| <code>train</code> | up to date | new | - |" in section(text, "Reproducible?")


def test_a_broken_head_still_gets_a_report(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "params.yaml").write_text("<<<<<<< HEAD\ndata: [\n")
    text = in_process(repository, monkeypatch, "--base", "main")
    assert text.startswith("**Verdict: not comparable: params.yaml of workspace")
    assert "must run" not in section(text, "Reproducible?")
    assert "is not known" in section(text, "Reproducible?")


def test_another_target_is_not_compared(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository, data={"target": "a|b <script> @everyone"})
    text = in_process(repository, monkeypatch, "--base", "main")
    assert text.startswith("**Verdict: not comparable: the target has changed from 'weight' to 'a&#124;b &#60;script")


def test_worse_turns_the_check_red_if_the_params_say_so(repository: Path) -> None:
    """The report is written all the same, for who sees red wants to know why."""
    change(repository, report={"fail_on": "worse"})
    commit(repository, "Be strict")
    git("branch", "better", cwd=repository)
    change(repository, train={"error": 1.5})
    dvc("repro", cwd=repository)
    text = report(repository, "--base", "better", status=1)
    assert text.startswith("**Verdict: worse. RMSE rose by 200.0 %")


@pytest.mark.parametrize("name", ["--help-me", "nosuch; rm -rf x", "$(touch x)"])
def test_an_unknown_head_is_one_message(repository: Path, name: str) -> None:
    said = run(sys.executable, str(REPORT), "--base", "main", f"--head={name}", cwd=repository, status=2)
    assert said.startswith("error: --head: Git does not know the revision")


def test_classes_are_compared_whatever_their_names(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = ["a|b", "@everyone", "<b>\nline", 'say "hi"', "NA"]
    change(repository, data={"task": "classification", "unit": "", "classes": classes, "relabel": []})
    dvc("repro", cwd=repository)
    commit(repository, "Classes")
    change(repository, train={"error": 0.2})
    dvc("repro", cwd=repository)
    text = in_process(repository, monkeypatch, "--base", "HEAD")
    assert re.match(r"\*\*Verdict: better\. Accuracy rose from \d\d\.\d % to \d\d\.\d %\.\*\*\n", text)
    assert re.search(r"difference is \+\d+\.\d points", text)
    assert "total variation distance 0.000" in section(text, "Data")
    chart = section(text, "Charts").split("```mermaid")[-1].split("```")[0]
    labels = re.findall(r"x-axis .* \[(.*)\]", chart)[0]
    assert sorted(re.findall(r'"([^"]*)"', labels)) == ["NA", "a b", "b line", "everyone", "say hi"]
    assert "<code>&#64;&#8203;everyone</code>" in section(text, "Samples that changed most")


def test_what_lies_in_s3_alone_is_compared_and_what_is_gone_is_named(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    with s3.serve() as endpoint, s3.point_dvc_at(endpoint):
        dvc("push", "--all-branches", cwd=repository)
        git("clone", "--quiet", str(repository), str(tmp_path / "clone"), cwd=tmp_path)
        shutil.copyfile(repository / ".dvc/config.local", tmp_path / "clone/.dvc/config.local")
        text = in_process(tmp_path / "clone", monkeypatch, "--base", "origin/main")
        assert text.startswith("**Verdict: better. RMSE fell by 50.0 %")
        assert section(text, "Reproducible?").startswith("\n**Yes.**")
    with s3.serve() as endpoint:
        local = tmp_path / "clone/.dvc/config.local"
        local.write_text(re.sub(r"http://127.0.0.1:\d+", endpoint, local.read_text()))
        text = in_process(tmp_path / "clone", monkeypatch, "--base", "origin/main")
    assert "The remote lacks 4 outputs" in section(text, "Reproducible?")


@pytest.fixture
def with_make(repository: Path) -> Path:
    """The repository with Makefile, verbs and environment, so that `make` finds all and installs nothing."""
    for folder in ("requirements", ".venv"):
        (repository / folder).mkdir()
    for name in ("Makefile", "requirements/dev.txt"):
        shutil.copy(ROOT / name, repository / name)
    for folder in ("src", ".github"):
        (repository / folder).symlink_to(ROOT / folder)
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".made":
            (repository / ".venv" / entry.name).symlink_to(entry)
    (repository / ".venv/.made").touch()
    (repository / ".git/info/exclude").write_text(
        "/Makefile\n/requirements\n/src\n/.github\n/.venv\n/number\n/artifact\n"
    )
    return repository


def steps(workflow: str, job: str) -> list[str]:
    flow = yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text(encoding="utf-8"))
    return [step["run"] for step in flow["jobs"][job]["steps"] if "run" in step]


def test_the_commands_of_the_workflows_bring_the_report_into_a_comment(with_make: Path, tmp_path: Path) -> None:
    """As GitHub runs them, with a `cml` that fails and a `gh` that notes what it is told."""
    remote = str(tmp_path / "server.git")
    git("clone", "--quiet", "--bare", str(with_make), remote, cwd=tmp_path)
    git("remote", "add", "origin", remote, cwd=with_make)
    git("fetch", "--quiet", "origin", cwd=with_make)
    shutil.rmtree(with_make / ".dvc/cache")
    shutil.rmtree(with_make / "plots")
    tools, posted = tmp_path / "bin", tmp_path / "posted"
    tools.mkdir()
    head = git("rev-parse", "HEAD", cwd=with_make)
    view = f"""echo '{{"headRefOid": "{head}", "commits": []}}'"""
    (tools / "gh").write_text(f'#!/bin/sh\nif [ "$2" = view ]; then {view}; else echo "$@" > {posted}; fi\n')
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
    assert text.startswith("**Verdict: better. RMSE fell by 50.0 %")
    assert "| <code>train</code> | up to date | other outputs | unchanged |" in section(text, "Reproducible?")
    assert (tmp_path / "summary").read_text(encoding="utf-8") == text

    (with_make / "artifact").mkdir()
    for name in ("report.md", "number"):
        (with_make / name).rename(with_make / "artifact" / name)
    check, with_cml = steps("comment", "cml")
    run("bash", "-e", "-c", check, cwd=with_make, **environment)
    assert (tmp_path / "output").read_text() == "number=7\n"
    run("bash", "-e", "-c", with_cml, cwd=with_make, status=1, **environment)
    check, with_gh = steps("comment", "gh")
    run("bash", "-e", "-c", check, cwd=with_make, **environment)
    run("bash", "-e", "-c", with_gh, cwd=with_make, **environment)
    assert posted.read_text() == "pr comment 7 --edit-last --create-if-none --body-file artifact/report.md\n"


def test_the_commands_of_training_in_ci_commit_and_push_the_results(with_make: Path, tmp_path: Path) -> None:
    remote = str(tmp_path / "server.git")
    git("clone", "--quiet", "--bare", str(with_make), remote, cwd=tmp_path)
    git("remote", "add", "origin", remote, cwd=with_make)
    change(with_make, train={"error": 0.4})
    commit(with_make, "Not run yet")
    commands = steps("train", "train")
    for command in commands[1 : commands.index("make commit-ci") + 1]:
        if not command.startswith("gh "):
            run("bash", "-e", "-c", command, cwd=with_make, BRANCH="head")
    git("fetch", "--quiet", "origin", cwd=with_make)
    assert git("log", "-1", "--format=%s", "origin/head", cwd=with_make) == "Run the pipeline in CI"
    assert git("diff", "--name-only", "HEAD~1", "HEAD", cwd=with_make).splitlines() == ["dvc.lock", "metrics/test.json"]
    assert git("status", "--porcelain", cwd=with_make) == ""
    assert dvc("status", "--cloud", cwd=with_make).strip() == "Cache and remote 'storage' are in sync."


def test_a_conflict_in_the_lock_is_solved_by_the_two_commands_of_contributing(repository: Path) -> None:
    git("checkout", "--quiet", "-b", "other", "main", cwd=repository)
    change(repository, train={"lr": 0.5})
    dvc("repro", cwd=repository)
    commit(repository, "Other")
    said = run("git", "merge", "head", cwd=repository, status=1)
    assert "CONFLICT (content): Merge conflict in dvc.lock" in said
    git("checkout", "--theirs", "params.yaml", cwd=repository)
    change(repository, train={"lr": 0.5})  # both sides' choices, settled by hand
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (.+)$", page.split("## Conflicts")[1].split("\n## ")[0], re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run("bash", "-e", "-c", command, cwd=repository)
    git("add", "dvc.lock", "metrics", "params.yaml", cwd=repository)
    git("commit", "--quiet", "--no-edit", cwd=repository)
    assert "Data and pipelines are up to date." in dvc("repro", cwd=repository)
    assert yaml.safe_load((repository / "params.yaml").read_text())["train"] == {"epochs": 6, "error": 0.5, "lr": 0.5}
    assert git("status", "--porcelain", cwd=repository) == ""

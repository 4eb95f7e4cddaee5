"""How a program ends: its exit status, and what is on stderr."""

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import specimen
from specimen.common.errors import SpecimenError, accepted_hint, run_cli
from specimen.common.files import write_json
from specimen.versioning.dvc_commands import fault_in

SOURCE = Path(specimen.__file__).parents[1]


def fail() -> None:
    raise SpecimenError("labels.xlsx: no such table.")


def status_of(main: object) -> object:
    with pytest.raises(SystemExit) as caught:
        run_cli(main)  # type: ignore[arg-type]
    return caught.value.code


def test_a_good_run_ends_without_exit_and_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    run_cli(lambda: print("done"))
    assert capsys.readouterr() == ("done\n", "")


def test_an_error_of_the_user_is_one_message_and_status_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    assert status_of(fail) == 2
    assert capsys.readouterr() == ("", "error: labels.xlsx: no such table.\n")


def test_within_a_stage_the_message_says_how_to_get_the_outputs_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "prepare")
    assert status_of(fail) == 2
    assert "`dvc checkout` restores them" in capsys.readouterr().err


def test_ctrl_c_is_status_130(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert status_of(interrupted) == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_cli(lambda: print(1 // 0))


def test_a_process_ends_with_status_2_and_no_traceback() -> None:
    code = (
        "from specimen.common import errors\ndef main(): raise errors.SpecimenError('row 7: no label')\n"
        "errors.run_cli(main)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: row 7: no label\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("written", ["resnet81", "RESNET18", "resnet_18"])
def test_the_nearest_option_is_offered(written: str) -> None:
    assert accepted_hint(written, ["vgg11", "resnet18"]) == "Did you mean 'resnet18'? Accepted: vgg11, resnet18."


def test_the_nearest_option_is_spelled_as_it_is() -> None:
    assert "Did you mean 'Filename'?" in accepted_hint("filename", ["Filename", "weight"], "columns")


def test_nothing_is_offered_where_nothing_is_near() -> None:
    assert accepted_hint("xyz", ["train", "val"]) == "Accepted: train, val."


def test_the_list_has_a_name() -> None:
    assert accepted_hint("x", ["a1", "b2"], "columns") == "Columns: a1, b2."


def test_an_empty_list_says_so() -> None:
    assert accepted_hint("x", [], "sheets") == "Sheets: none."


def test_a_list_of_60_is_whole_and_a_longer_one_is_cut() -> None:
    assert accepted_hint("x", range(100, 160)).endswith(", 158, 159.")
    cut = accepted_hint("x", range(100, 161))
    assert cut.endswith(", 159, ... (61 in all).")
    assert "160" not in cut


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        (["reads", "error: a: no such key", "ERROR: failed to reproduce 'train'"], "error: a: no such key"),
        (["reads", "Killed"], "Killed"),
        ([], "no output"),
    ],
)
def test_what_a_failed_program_says_of_it_is_found(output: list[str], fault: str) -> None:
    assert fault_in(output) == fault


def said_of(error: BaseException, capsys: pytest.CaptureFixture[str]) -> str:
    def fail() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        run_cli(fail)
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["plots", "params.yaml"])
def test_a_file_that_the_system_refuses_is_one_message(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = said_of(PermissionError(errno.EACCES, "Permission denied", name), capsys)
    assert said == (
        f"error: {name}: Permission denied. Check who owns it and its permissions (ls -ld), of its folder too.\n"
    )


def test_a_file_where_a_folder_is_needed_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plots").touch()
    with pytest.raises(OSError, match="plots") as caught:
        write_json(tmp_path / "plots/history.json", {})
    assert "A file is where a folder is needed: rename or remove it." in said_of(caught.value, capsys)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("a.tiff: not enough memory"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: 9 bytes\nat x"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_too_little_memory_is_one_message(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    detail = str(error).split("\n")[0] or "MemoryError"
    assert said_of(error, capsys) == (
        f"error: out of memory ({detail}). Close other programs, or use a machine with more memory.\n"
    )


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), OSError("no file"), KeyError("x")])
def test_a_fault_of_the_program_keeps_its_traceback(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        run_cli(fail)


def test_an_interrupt_while_importing_is_one_line(tmp_path: Path) -> None:
    code = "import specimen.common.interrupts\nraise KeyboardInterrupt"
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=False)
    assert done.stderr == "\ninterrupted\n"
    assert done.returncode in (-signal.SIGINT, 130)
    code = "import specimen.common.interrupts\nraise KeyError('x')"
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=False)
    assert "KeyError: 'x'" in done.stderr


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.py")), ids=lambda path: path.stem)
def test_each_command_is_ready_for_an_interrupt_before_it_imports(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
    assert lines[lines[0] == "from __future__ import annotations"].startswith("import specimen.common.interrupts")

"""A `python` for the stages that DVC starts: forked from a process that has imported torch and its friends.

These imports are most of the time of a stage in a test. What comes from a repository is imported by each stage itself.
Each is a process of its own, and gets the signals that its caller gets.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

MODULES = ("torch", "torchvision", "pandas", "scipy.stats", "matplotlib.pyplot", "onnx", "onnxruntime", "onnxscript")
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys

if not sys.argv[1:] or not sys.argv[1].endswith(".py"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
server.sendall(request)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: server.send(bytes([number])))
status = int.from_bytes(server.recv(4), "big", signed=True)
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


def start(folder: Path, modules: Sequence[str] = MODULES) -> subprocess.Popen[bytes]:
    """Put a `python` into a folder, and start the process that it comes from; that ends when its stdin is closed.

    The path of the folder has 100 characters at most, for the sake of a socket.
    """
    address = f"{folder}/socket"
    program = folder / "python"
    program.write_text(CLIENT.format(python=sys.executable, address=address))
    program.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        command = [sys.executable, __file__, str(listener.fileno()), *modules]
        return subprocess.Popen(
            command, env=env | {"OMP_NUM_THREADS": "1"}, stdin=subprocess.PIPE, pass_fds=[listener.fileno()]
        )


def serve(listener: socket.socket, modules: Sequence[str]) -> NoReturn:
    """Fork a process for each that asks, until stdin is closed; the first waits for the imports."""
    path = sys.path[1:]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that look after a process
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        connection, _ = listener.accept()
        for name in modules:
            importlib.import_module(name)
        if os.fork() == 0:
            listener.close()
            look_after(connection, path)
        connection.close()


def look_after(connection: socket.socket, path: list[str]) -> NoReturn:
    """Start what somebody asks for, hand signals on to it, and say how it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(connection, 4, 3)
    request = b""
    while len(request) < int.from_bytes(size, "big"):
        request += connection.recv(1 << 20)
    worker = os.fork()
    if worker == 0:
        connection.close()
        work(*json.loads(request), files, path)
    for file in files:
        os.close(file)
    end = os.pidfd_open(worker)
    while end not in select.select([connection, end], [], [])[0]:
        asked = connection.recv(1)
        os.kill(worker, asked[0] if asked else signal.SIGKILL)  # whoever is killed itself says nothing
        if not asked:
            break
    _, status = os.waitpid(worker, 0)
    with suppress(OSError):
        connection.send(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
    os._exit(0)


def work(argv: list[str], folder: str, env: dict[str, str], files: list[int], path: list[str]) -> NoReturn:
    """Be `python SCRIPT ARGUMENTS`."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv
    own = [entry for entry in env.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [str(Path(argv[0]).resolve().parent), *own, *path]
    status: object = 0
    try:
        runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as error:
        status = error.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(str(status)) & 0xFF)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])

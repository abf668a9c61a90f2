"""A `retinue` that starts quickly: each command is a process of its own, forked from one that has imported everything.

Arguments, working directory, environment and the three streams are those of whoever runs it; only the interpreter's
start is saved.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect({path!r})
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)])
socket.send_fds(link, [asked.encode() + b"\\n"], [0, 1, 2])
sys.exit(int(link.makefile().read()))
"""
_USED = ("httpx", "jsonschema", "deepdiff", "yaml", "retinue.cli.app", "retinue.engine.run", "retinue.review.hosts")
_COMMANDS = ("apply", "comment", "drift", "plan", "show", "validate")


@contextmanager
def warm(folder: Path) -> Iterator[Path]:
    """The program, which takes the arguments of `retinue`; it works as long as the context is open."""
    program, path = folder / "retinue", str(folder / "socket")
    program.write_text(CLIENT.format(python=sys.executable, path=path))
    program.chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, path], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert server.stdout
    try:
        assert server.stdout.readline() == b"ready\n"
        yield program
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def serve(path: str) -> None:
    """Run a command for each connection, until killed."""
    for name in [*_USED, *(f"retinue.cli.commands.{name}" for name in _COMMANDS)]:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        os.write(1, b"ready\n")
        while True:
            link, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                os._exit(_command(link))
            link.close()


def _command(link: socket.socket) -> int:
    """In the new process: become what was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, streams, _, _ = socket.recv_fds(link, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += link.recv(1 << 20)
    arguments, folder, environment = json.loads(text)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # What the interpreter found out about the streams it was started with does not hold for these.
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["retinue", *arguments]
    code = _ended()
    link.sendall(str(code).encode())
    return code


def _ended() -> int:
    try:
        import_module("retinue.cli").main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve(sys.argv[1])

"""
The hefu command, kept warm for the tests of the documents and of the commands, which run hundreds of them.

    python warm_hefu.py serve SOCKET              imports everything once and waits
    python warm_hefu.py run SOCKET NAME ARGS…     what stands on the PATH as `hefu` and `hefu-verify`

Each command is a fresh fork of the server with the caller's folder, environment, arguments and open files, so it behaves as the
installed command does. Two things differ: nothing is imported again, and key files are written with the weakest scrypt allowed.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import sys


def serve(path: str) -> None:
    """Answer until killed, or until whoever started this is gone and its end of standard input closes."""
    import importlib
    import threading

    from hefu.kernel import keyfile

    # Before anything takes it as a default.
    keyfile.COST = 1024
    for module in ("hefu.cli.main", "hefu_verify.__main__"):
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            answer(connection)
        connection.close()


def answer(connection: socket.socket) -> None:
    """Become the command that the caller asks for; tell its exit code; never return."""
    import subprocess
    import threading
    from pathlib import Path

    files = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * files.itemsize))
    files.frombytes(ancillary[0][2])
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    # The standard files are others now, and may be of another kind.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    asked = json.loads(connection.makefile("rb").read(int.from_bytes(head, "big")))
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = asked["arguments"]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def follow() -> None:
        # Whoever kills the caller means the command.
        connection.recv(1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=follow, daemon=True).start()
    code = 1
    try:
        from hefu.cli import language

        if language._choose(sys.argv[1:], dict(os.environ)) != language.LANGUAGE:
            # The language is chosen at import: another one needs a process of its own.
            code = subprocess.call([Path(sys.executable).with_name(sys.argv[0]), *sys.argv[1:]])
        elif sys.argv[0] == "hefu-verify":
            from hefu_verify.__main__ import main as verify

            code = verify()
        else:
            from hefu.cli.main import main

            code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        connection.sendall(bytes([code & 255]))
        os._exit(code)


def run(path: str, arguments: list[str]) -> int:
    """Hand the command over and wait for its exit code."""
    asked = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109  # pathlib takes longer than the rest
    body = json.dumps(asked).encode()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    files = array.array("i", [0, 1, 2])
    connection.sendmsg([len(body).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    connection.sendall(body)
    code = connection.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(run(sys.argv[2], sys.argv[3:]))

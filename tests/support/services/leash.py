"""Run a server that can't outlive the tests: `leash.py FOLDER COMMAND...`, a script of its own.

Prints the server's process id. Every `T`, `K`, `S` or `C` on standard input is a signal to the
server, sent from its parent, so that the id can't have gone to somebody else. The end of the input
means that the tests are gone, however they ended: then the server ends too, and FOLDER is removed.
(A parent death signal alone would not do: it follows the thread that started the process.)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
LAST_WORDS_S = 5.0
SIGNALS = {
    b"T": signal.SIGTERM,
    b"K": signal.SIGKILL,
    b"S": signal.SIGSTOP,
    b"C": signal.SIGCONT,
}


def end_with_the_leash() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(folder: str, *command: str) -> int:
    with (Path(folder) / "log").open("ab") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_the_leash,  # noqa: PLW1509 - there is one thread
        )
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    ended = os.pidfd_open(server.pid)
    while True:
        readable, _, _ = select.select([sys.stdin.fileno(), ended], [], [])
        if ended in readable:
            return server.wait()
        word = os.read(sys.stdin.fileno(), 1)
        if word:
            server.send_signal(SIGNALS[word])
            continue
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(LAST_WORDS_S)
        server.kill()
        code = server.wait()
        shutil.rmtree(folder, ignore_errors=True)
        return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) & 0xFF)

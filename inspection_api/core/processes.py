"""Child processes that never outlive their parent, and never take a terminal's Ctrl-C meant for it.

Used by the embedded servers and by the supervisor of `make run`. On Linux the kernel tells a child that its parent died
(``PR_SET_PDEATHSIG``), also after kill -9; elsewhere an orphan is ended at the next start.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_PR_SET_PDEATHSIG = 1
_KILL_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The operating system's user under whom a child runs."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of a command: its exit status, and its words on both streams."""

    status: int
    words: str


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    user: User | None = None,
    folder: Path | None = None,
    output: IO[bytes] | int | None = None,
    last_word: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own; ``last_word`` is the signal it gets when this process dies.

    Call it from a thread that lives as long as the process: the kernel counts the death of the starting thread.
    """
    return subprocess.Popen(  # noqa: S603 - every command is a list, none comes from a request
        command,
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_tie_to_parent(last_word),  # noqa: PLW1509 - one system call, prepared before the fork
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=None if user is None else [user.gid],
    )


def run(command: Sequence[str | Path], *, env: Mapping[str, str], user: User | None, folder: Path) -> Finished:
    """Run a command to its end and return its exit status and what it wrote to either stream."""
    process = spawn(command, env=env, user=user, folder=folder, output=subprocess.PIPE)
    words = process.communicate()[0]
    return Finished(status=process.returncode, words=words.decode(errors="replace"))


def stop(process: subprocess.Popen[bytes], word: signal.Signals = signal.SIGTERM, *, patience_s: float) -> int:
    """Ask the child to end, wait, kill it when it does not; return its exit status."""
    if process.poll() is None:
        process.send_signal(word)
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(_KILL_PATIENCE_S)


def may_reach(path: Path, user: User) -> bool:
    """Tell whether ``user`` may pass through every folder down to ``path`` and use it (asked by really trying)."""
    question: list[str | Path] = ["/bin/sh", "-c", 'test -x "$1"', "sh", path]
    return run(question, env={}, user=user, folder=Path("/")).status == 0


def _tie_to_parent(last_word: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(last_word))
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return tie

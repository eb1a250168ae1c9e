"""Programs that cannot outlive the tests, even if those are killed: a watchdog waits for the tests' lock on a file.

The lock is `flock`: the operating system lets go of it when the last process that holds it ends, however it ends.
"""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# Program and watchdog are one process group, so that the watchdog ends it whole, itself included.
_WATCHDOG = """\
import fcntl, os, signal
try:
    fcntl.flock(0, fcntl.LOCK_EX)
finally:
    os.killpg(0, signal.SIGKILL)
"""
# Standard input is the lifeline, opened by the tests, which may be gone, folder and all, before the watchdog looks.
_BOTH = 'exec 3<&0; "$1" -I -S -c "$2" <&3 3<&- & shift 2; exec "$@" </dev/null 3<&-'
_IN_THE_BACKGROUND = 'exec 3<&0; sh -c "$@" <&3 3<&- &'


def hold(lifeline: Path) -> int:
    """Take a share of the lock, made if it is not there; waits while a watchdog is at work. Closing it lets go."""
    descriptor = os.open(lifeline, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def launch(command: Sequence[str], *, lifeline: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start it in a process group of its own; it ends with the last share of the lock, which the caller holds."""
    with log.open("ab") as output, lifeline.open("rb") as line:
        return subprocess.Popen(
            ["sh", *_guarded(command)],  # noqa: S607 - any POSIX shell
            stdin=line,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def launch_for_all(command: Sequence[str], *, lifeline: Path, log: Path) -> None:
    """As `launch`, but the program is nobody's child: it stays as long as any process has a share of the lock."""
    with log.open("ab") as output, lifeline.open("rb") as line:
        subprocess.run(
            ["sh", "-c", _IN_THE_BACKGROUND, "sh", *_guarded(command)[1:]],  # noqa: S607 - as above
            stdin=line,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=True,
        )


def _guarded(command: Sequence[str]) -> list[str]:
    return ["-c", _BOTH, "sh", sys.executable, _WATCHDOG, *command]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its watchdog; the group's id cannot have become another's while the watchdog lives."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tail_of(log: Path, lines: int = 40) -> str:
    """Return the end of a program's output."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])

"""A user's shell: the installed program in a directory, with no environment but PATH and what a test sets."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from typing import IO, Any

import attrs
from click.testing import CliRunner

from modules.iacsgraph.cli import root

PROGRAM = Path(sys.executable).with_name("iacsgraph")
PATIENCE = 120.0
"""Seconds after which a test gives up: a bound for a broken program, never waited for otherwise."""


@attrs.frozen
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Return everything that it printed."""
        return self.out + self.err

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        """Return what `--json` printed."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:  # noqa: ANN401 - JSON
        """Return the error that `--json` printed."""
        return json.loads(self.err)["error"]


@attrs.frozen(eq=False)
class Running:
    """A command that goes on. What it prints goes to files, so that it never waits for its reader."""

    process: "subprocess.Popen[bytes]"
    out: IO[bytes]
    err: IO[bytes]

    def wait_for(self, text: str) -> None:
        """Wait until it has said this on standard error."""
        wait_until(lambda: text in said(self.err) or self.process.poll() is not None)
        assert text in said(self.err), said(self.err)

    def stop(self, number: signal.Signals) -> Done:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> Done:
        """Wait for the end."""
        code = self.process.wait(PATIENCE)
        return Done(code, said(self.out), said(self.err))


@attrs.frozen
class Shell:
    """Where commands run. Every command finds `variables` in its environment, and PATH."""

    directory: Path
    variables: Mapping[str, str] = attrs.field(factory=dict)

    def having(self, **variables: str) -> "Shell":
        """Return a shell with more variables."""
        return attrs.evolve(self, variables={**self.variables, **variables})

    def within(self, directory: Path) -> "Shell":
        """Return a shell in another directory, which is created."""
        directory.mkdir(exist_ok=True)
        return attrs.evolve(self, directory=directory)

    def run(self, *arguments: str) -> Done:
        """Run a process to its end."""
        with self.start(*arguments) as running:
            return running.end()

    def run_each(self, *commands: Sequence[str]) -> list[Done]:
        """Run processes to their ends, side by side."""
        return run_together(*((self, command) for command in commands))

    @contextmanager
    def start(self, *arguments: str, umask: int = -1) -> Iterator[Running]:
        """Start a process; it is killed at the end of the block if it has not ended by then."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [PROGRAM, *arguments], cwd=self.directory, env=self._environment, stdout=out, stderr=err, umask=umask
            )
            try:
                yield Running(process, out, err)
            finally:
                process.kill()
                process.wait(PATIENCE)

    def call(self, *arguments: str) -> Done:
        """Run the command in this process: a tenth of the time, for what does not need one of its own."""
        emptied: dict[str, str | None] = dict.fromkeys(os.environ)
        with chdir(self.directory):
            result = CliRunner(env=emptied | self._environment).invoke(root, arguments, prog_name="iacsgraph")
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], **self.variables}


def run_together(*commands: tuple[Shell, Sequence[str]]) -> list[Done]:
    """Run processes to their ends, side by side, each in its shell."""
    with ExitStack() as stack:
        started = [stack.enter_context(shell.start(*arguments)) for shell, arguments in commands]
        return [running.end() for running in started]


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def said(file: IO[bytes]) -> str:
    """Read all that a process has written, leaving alone the position that it shares with this one."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()

"""The parent's side: worker processes, driven line by line, each wait bounded."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import attrs

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
"""Seconds after which a worker that says nothing is given up: a bound for a broken run, never waited for otherwise."""


class WorkerFailed(Exception):  # noqa: N818 - what the worker told, as a fact
    """A command raised; `kind` is the class of the error, `code` its code."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(f"{kind} {code}: {message}")
        self.kind = kind
        self.code = code


@attrs.define(eq=False)
class WorkerProcess:
    """One process that follows `tests.processes.commands`."""

    process: "subprocess.Popen[bytes]"
    errors: IO[bytes]
    notes: list[dict[str, Any]] = attrs.field(factory=list)
    _answers: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    _asked: int = 0
    _outstanding: set[int] = attrs.field(factory=set)
    _rest: bytes = b""

    @property
    def idle(self) -> bool:
        """Whether it lives and every command was answered."""
        return self.process.poll() is None and not self._outstanding

    def send(self, do: str, **told: object) -> int:
        """Give a command; return the ticket to ask for its answer with."""
        self._asked += 1
        self._outstanding.add(self._asked)
        os.write(self._stdin, f"{json.dumps({'id': self._asked, 'do': do, **told})}\n".encode())
        return self._asked

    def answer(self, ticket: int) -> Any:  # noqa: ANN401 - JSON
        """Wait for an answer.

        Raises:
            WorkerFailed: the command raised.
        """
        self.wait_for(lambda: ticket in self._answers, f"answer to command {ticket}")
        answer = self._answers.pop(ticket)
        self._outstanding.discard(ticket)
        if "error" in answer:
            raise WorkerFailed(**answer["error"])
        return answer["ok"]

    def call(self, do: str, **told: object) -> Any:  # noqa: ANN401 - JSON
        """Give a command and wait for its answer.

        Raises:
            WorkerFailed: the command raised.
        """
        return self.answer(self.send(do, **told))

    def heard(self, note: str, **facts: object) -> dict[str, Any] | None:
        """Return the first note of this kind with these facts that has arrived."""
        wanted = {"note": note, **facts}
        return next((said for said in self.notes if wanted.items() <= said.items()), None)

    def hear(self, note: str, **facts: object) -> dict[str, Any]:
        """Wait for such a note."""
        self.wait_for(lambda: self.heard(note, **facts) is not None, f"note {note} {facts}")
        found = self.heard(note, **facts)
        assert found is not None
        return found

    def hear_any(self, *wanted: Mapping[str, Any]) -> None:
        """Wait until one of these notes has arrived."""
        self.wait_for(lambda: any(self.heard(**one) for one in wanted), f"one of {wanted}")

    def has_answered(self, ticket: int) -> bool:
        """Return whether the answer has arrived."""
        return ticket in self._answers

    def look(self, seconds: float = 0.0) -> None:
        """Read what it has said, waiting up to `seconds` for something."""
        if select.select([self.stdout], [], [], seconds)[0]:
            self.read()

    def stop(self) -> None:
        """SIGSTOP; return when it has stopped."""
        os.kill(self.process.pid, signal.SIGSTOP)
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    def go_on(self) -> None:
        """SIGCONT."""
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> int:
        """SIGKILL, whatever state it is in; return the exit code."""
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            if stream is not None:
                stream.close()
        return code

    def wait_for(self, done: Callable[[], bool], what: str) -> None:
        """Read what it says until that is so."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            if not select.select([self.stdout], [], [], max(deadline - time.monotonic(), 0))[0] or not self.read():
                raise self.missed(what)

    def missed(self, what: str) -> AssertionError:
        """Return the complaint that it did not say something."""
        self.errors.seek(0)
        trace = self.errors.read().decode(errors="replace")
        return AssertionError(
            f"Worker {self.process.pid} gave no {what}; code {self.process.poll()}; {self.notes=}; {trace}"
        )

    def read(self) -> bool:
        """Read once, waiting for as long as it takes; False if it has ended."""
        chunk = os.read(self.stdout, 2**16)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "id" in said:
                self._answers[said["id"]] = said
            else:
                self.notes.append(said)
        return bool(chunk)

    @property
    def _stdin(self) -> int:
        assert self.process.stdin is not None
        return self.process.stdin.fileno()

    @property
    def stdout(self) -> int:
        """The stream to wait for."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()


def listen(workers: Sequence[WorkerProcess], seconds: float) -> None:
    """Read what any of them says, waiting up to `seconds` for something.

    Raises:
        AssertionError: one of them has ended.
    """
    by_stream = {worker.stdout: worker for worker in workers}
    for stream in select.select(list(by_stream), [], [], seconds)[0]:
        if not by_stream[stream].read():
            raise by_stream[stream].missed("more")


@attrs.define(eq=False)
class Pool:
    """Workers that are kept between tests: starting one costs about half a second of one core."""

    program: str = "tests.processes.worker"
    _idle: list[WorkerProcess] = attrs.field(factory=list)
    _all: list[WorkerProcess] = attrs.field(factory=list)

    def take(self) -> WorkerProcess:
        """Return a worker without a session; a new one is still starting."""
        return self._idle.pop() if self._idle else self._start()

    def give_back(self, worker: WorkerProcess) -> None:
        """Keep the worker for another session, or end it if it is still busy with the last one."""
        if worker.idle:
            worker.call("close")
            worker.notes.clear()
            self._idle.append(worker)
        else:
            self.discard(worker)

    def discard(self, worker: WorkerProcess) -> None:
        """End the worker."""
        worker.kill()
        self._all.remove(worker)

    def end(self) -> None:
        """End every worker that was started here."""
        for worker in tuple(self._all):
            self.discard(worker)

    def _start(self) -> WorkerProcess:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the worker is killed
        process = subprocess.Popen(
            [sys.executable, "-m", self.program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
        )
        worker = WorkerProcess(process=process, errors=errors)
        self._all.append(worker)
        return worker

"""What makes a process a worker: JSON lines, commands on stdin, answers and news on stdout.

`{"id": 1, "do": "open", ...}` opens a session, `close` ends it; `hold`, `let_go` and `let_one_pass` are for windows;
every other command is a method of the session. Commands run side by side. Answers carry the id with `ok` or `error`,
news have no id. The process ends when stdin does, so that none outlives its parent.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import attrs

from domain.errors import IACSGraphError
from tests.fakes.shared_watched_store import Say
from tests.processes.windows import Windows

LONGEST_LINE = 2**24

Opener = Callable[[Mapping[str, Any], Windows, Say], AbstractAsyncContextManager[object]]
"""Opens a session as the command `open` says."""


def say(note: str, **facts: object) -> None:
    """Tell the parent what happened. One write, so that threads do not mix their lines."""
    os.write(sys.stdout.fileno(), f"{json.dumps({'note': note, **facts})}\n".encode())


@attrs.define(eq=False)
class Worker:
    """At most one session at a time."""

    _opener: Opener
    windows: Windows = attrs.field(factory=lambda: Windows(say))
    _stack: AsyncExitStack = attrs.field(factory=AsyncExitStack)
    _session: object = None

    async def answer(self, command: Mapping[str, Any]) -> None:
        """Do it, and tell what came of it; what is no error of the tree is a fault of the test and told as such."""
        told = {name: value for name, value in command.items() if name not in ("id", "do")}
        try:
            answer = {"ok": await self._verb(command["do"])(**told)}
        except Exception as error:  # noqa: BLE001 - the edge of the process
            answer = {"error": described(error)}
        os.write(sys.stdout.fileno(), f"{json.dumps({'id': command['id'], **answer})}\n".encode())

    async def open(self, *, umask: int = 0o022, **options: Any) -> int:  # noqa: ANN401 - JSON
        """Open a session; return the process's id."""
        os.umask(umask)
        self._session = await self._stack.enter_async_context(self._opener(options, self.windows, say))
        return os.getpid()

    async def close(self) -> None:
        """Close the session."""
        self.windows.let_all_go()
        self._session = None
        await self._stack.aclose()

    async def hold(self, window: str, user: str) -> None:
        """Hold at a window."""
        self.windows.hold(window, user)

    async def let_go(self, window: str, user: str) -> None:
        """Let go from a window."""
        self.windows.let_go(window, user)

    async def let_one_pass(self, window: str, user: str) -> None:
        """Let one go on from a window."""
        self.windows.let_one_pass(window, user)

    def _verb(self, name: str) -> Callable[..., Any]:
        own: dict[str, Callable[..., Any]] = {
            "open": self.open,
            "close": self.close,
            "hold": self.hold,
            "let_go": self.let_go,
            "let_one_pass": self.let_one_pass,
        }
        verb: Callable[..., Any] = own.get(name) or getattr(self._session, name)
        return verb


def described(error: Exception) -> Mapping[str, object]:
    """Return an error as JSON."""
    code = error.error_code if isinstance(error, IACSGraphError) else ""
    return {"kind": type(error).__name__, "code": code, "message": str(error) if code else repr(error)}


async def follow(opener: Opener) -> None:
    """Follow stdin to its end; opening and closing happen in this task, as context managers want it."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    worker = Worker(opener)
    async with asyncio.TaskGroup() as group:
        async for line in reader:
            command = json.loads(line)
            if command["do"] in ("open", "close"):
                await worker.answer(command)
            else:
                group.create_task(worker.answer(command))
        os._exit(0)

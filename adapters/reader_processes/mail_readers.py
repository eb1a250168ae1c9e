"""Processes that read mails: started when there is much to read, and kept."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

import attrs

from adapters.reader_processes.frames import LENGTH_BYTES, framed, unpacked
from domain.correspondence.read_mail import NotRead, ReadMail
from domain.correspondence.senders import ChairRoster
from domain.errors import IACSGraphError
from domain.mail_results import ClaimedMail
from ports.mail_readers import READERS_UNAVAILABLE, MailReaders

START_WITHIN: Final = 10.0
"""Seconds, well below what whoever has something to read waits for it."""
START_AGAIN: Final = 60.0
"""Seconds after a process that did not start, before the next is tried."""
END_WITHIN: Final = 2.0
_BUFFER: Final = 1 << 20
_NOT_BEGUN: Final = object()
"""Instead of an answer: the process ended at what was before it."""
_INHERITED: Final = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "TZ")
"""Of the environment, which holds secrets: whoever reads mail has no use for them."""


@attrs.define(kw_only=True, eq=False)
class _Reader:
    """A process, and who waits for its answers, in the order of their requests."""

    process: Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    waiting: deque[asyncio.Future[Any]] = attrs.field(factory=deque)
    has_ended: bool = False

    @classmethod
    async def started(cls, command: Sequence[str]) -> Self:
        """Raises: OSError."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,  # what went wrong might be told in a mail's words
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            start_new_session=True,  # Ctrl-C is for this process
            limit=_BUFFER,
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        return cls(process=process, stdin=process.stdin, stdout=process.stdout)

    async def ask(self, value: object) -> Any:  # noqa: ANN401 - whatever the process answers
        """Return the answer, or `_NOT_BEGUN`.

        Raises: IACSGraphError (READER_ENDED).
        """
        if self.has_ended:
            raise _ended()
        request, answer = framed(value), asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        self.stdin.write(request)  # as many as there are callers, each of whom waits: the buffer is bounded
        try:
            return await answer
        except asyncio.CancelledError:
            self.kill()  # it may never come to an end
            raise

    async def listen(self) -> None:
        """Hand out the answers until the process ends, or tells what is none. Raises: nothing."""
        try:
            with suppress(OSError, EOFError, ValueError, IndexError):  # the last: an answer to nothing
                while True:
                    length = await self.stdout.readexactly(LENGTH_BYTES)
                    found = unpacked(await self.stdout.readexactly(int.from_bytes(length, "big")))
                    answer = self.waiting.popleft()
                    if not answer.done():
                        answer.set_result(found)
        finally:
            self.kill()
            self._tell_the_end()
            await self.process.wait()

    def _tell_the_end(self) -> None:
        """Whoever comes first is told that it ended; it was at nothing that the others asked."""
        for number, answer in enumerate(self.waiting):
            if answer.done():
                continue
            if number:
                answer.set_result(_NOT_BEGUN)
            else:
                answer.set_exception(_ended())

    def kill(self) -> None:
        self.has_ended = True
        with suppress(ProcessLookupError):
            self.process.kill()


@attrs.define(kw_only=True, eq=False)
class ProcessMailReaders(MailReaders):
    """Up to `most` processes of `command`, which calls `serving.serve`. Open with `open_reader_processes`."""

    command: Sequence[str]
    chairs: ChairRoster
    most: int
    start_within: float = START_WITHIN
    _readers: list[_Reader] = attrs.field(factory=list, init=False)
    _listening: set[asyncio.Task[None]] = attrs.field(factory=set, init=False)
    _starting: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _not_before: float = attrs.field(default=0.0, init=False)

    async def read(self, claimed: Sequence[ClaimedMail]) -> Sequence[ReadMail | NotRead]:
        """Ask the process that fewest wait for; another is started while all are busy, if there may be one.

        If it ends at what others asked before, the next one is asked.
        """
        found: Any = _NOT_BEGUN
        while found is _NOT_BEGUN:
            async with self._starting:
                reader = self._free() or await self._started()
            found = await reader.ask(claimed)
        answer: Sequence[ReadMail | NotRead] = found
        return answer

    async def close(self) -> None:
        """End the processes, which end when their input does; by force, if they do not."""
        try:
            for reader in self._readers:
                reader.stdin.close()
            if self._listening:
                await asyncio.wait(self._listening, timeout=END_WITHIN)
        finally:
            for reader in self._readers:
                reader.kill()
            if self._listening:
                await asyncio.wait(self._listening)

    def _free(self) -> _Reader | None:
        self._readers = [each for each in self._readers if not each.has_ended]
        least = min(self._readers, key=lambda each: len(each.waiting), default=None)
        may_start = len(self._readers) < self.most and asyncio.get_running_loop().time() >= self._not_before
        return least if least is None or not least.waiting or not may_start else None

    async def _started(self) -> _Reader:
        """Raises: IACSGraphError (READERS_UNAVAILABLE)."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            raise _unavailable()
        try:
            reader = await _Reader.started(self.command)
            listening = asyncio.create_task(reader.listen())
            self._listening.add(listening)
            listening.add_done_callback(self._listening.discard)
            async with asyncio.timeout(self.start_within):
                await reader.ask(self.chairs)
        except (OSError, RuntimeError, TimeoutError, IACSGraphError) as error:  # Runtime: no thread to wait for its end
            self._not_before = loop.time() + START_AGAIN
            raise _unavailable() from error
        self._readers.append(reader)
        return reader


@asynccontextmanager
async def open_reader_processes(
    command: Sequence[str], chairs: ChairRoster, *, most: int, start_within: float = START_WITHIN
) -> AsyncIterator[ProcessMailReaders]:
    """Open up to `most` processes, none of which is started before there is something to read.

    One that is not ready within `start_within` seconds is given up.
    """
    readers = ProcessMailReaders(command=command, chairs=chairs, most=most, start_within=start_within)
    try:
        yield readers
    finally:
        await readers.close()


def _ended() -> IACSGraphError:
    return IACSGraphError("The process that was reading mails has ended.", error_code="READER_ENDED", transient=True)


def _unavailable() -> IACSGraphError:
    return IACSGraphError("No process that reads mails starts.", error_code=READERS_UNAVAILABLE, transient=True)

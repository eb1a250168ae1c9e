"""Where rows go: standard output, in whole pages, whatever its encoding."""

import asyncio
import io
import os
import stat
import sys
from contextlib import suppress
from select import PIPE_BUF, select
from typing import BinaryIO, TextIO

import attrs


@attrs.frozen(kw_only=True)
class Sink:
    """What the encoding cannot hold becomes an escape, which JSON reads back. Nothing is masked: mail is data.

    A reader that takes its time, such as a pager, holds up who awaits `flush`, and nothing else.
    """

    raw: BinaryIO
    encoding: str = "utf-8"
    _waiting: bytearray = attrs.field(factory=bytearray, init=False, repr=False, eq=False)

    def write(self, text: str) -> None:
        """Let a text be written by the next `flush`."""
        self.write_bytes(text.encode(self.encoding, "backslashreplace"))

    def write_bytes(self, data: bytes) -> None:
        """Let bytes be written by the next `flush`."""
        self._waiting.extend(data)

    async def flush(self) -> None:
        """Write what waits. If it is cancelled, some of that is lost.

        Raises:
            OSError: the reader went away (BrokenPipeError), or there is no room.
        """
        data = bytes(self._waiting)
        self._waiting.clear()
        descriptor = _held_up_by_a_reader(self.raw)
        if descriptor is None:
            self.raw.write(data)
            self.raw.flush()
            return
        self.raw.flush()
        written = 0
        while written < len(data):
            await _writable(descriptor)
            written += os.write(descriptor, data[written : written + PIPE_BUF])


def standard_output(encoding: str | None = None) -> Sink:
    """Return a sink into standard output; `encoding` None is the terminal's own."""
    stream: TextIO = sys.stdout
    stream.flush()
    return Sink(raw=stream.buffer, encoding=encoding or stream.encoding or "utf-8")


def _held_up_by_a_reader(raw: BinaryIO) -> int | None:
    """Return the descriptor of a pipe, socket or terminal; None for anything that is always ready."""
    with suppress(io.UnsupportedOperation):
        descriptor = raw.fileno()
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor):
            return descriptor
    return None


async def _writable(descriptor: int) -> None:
    """Wait until PIPE_BUF bytes can be written at once (select(2)), or the reader is gone."""
    if select([], [descriptor], [], 0)[1]:
        return
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(descriptor)

"""Writing to readers who take their time, and to those who go away."""

import asyncio
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from modules.mail_query.sinks import Sink
from ports.mail_query_log import INTERRUPTED
from tests.modules.mail_query.desk import Desk

MUCH = bytes(range(256)) * 4096
"""More than a pipe holds."""
STEPS = 1000
"""In which much could be written, if somebody read."""


@attrs.frozen
class Pipe:
    reader: io.FileIO
    stream: io.BufferedWriter

    def read(self) -> bytes:
        return self.reader.read(1 << 16) or b""


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Whoever writes without waiting fails, instead of blocking the test."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with io.FileIO(reading) as reader, os.fdopen(writing, "wb") as stream:
        yield Pipe(reader, stream)


async def pass_steps() -> None:
    for _ in range(STEPS):
        await asyncio.sleep(0)


async def test_a_reader_who_takes_his_time_gets_every_byte_and_holds_up_nobody_else(pipe: Pipe) -> None:
    sink = Sink(raw=pipe.stream)
    sink.write("first ")
    sink.write_bytes(MUCH)
    flushing = asyncio.create_task(sink.flush())
    await pass_steps()
    assert not flushing.done()
    got = b""
    while len(got) < len(MUCH) + 6:
        got += await asyncio.to_thread(pipe.read)
    await flushing
    assert got == b"first " + MUCH


async def test_waiting_for_a_reader_can_be_given_up(pipe: Pipe) -> None:
    sink = Sink(raw=pipe.stream)
    sink.write_bytes(MUCH)
    flushing = asyncio.create_task(sink.flush())
    await pass_steps()
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    assert not asyncio.get_running_loop().remove_writer(pipe.stream.fileno()), "nobody waits for it any more"


async def test_a_reader_who_goes_away_while_he_is_waited_for_is_told(pipe: Pipe) -> None:
    sink = Sink(raw=pipe.stream)
    sink.write_bytes(MUCH)
    flushing = asyncio.create_task(sink.flush())
    await pass_steps()
    pipe.reader.close()
    with pytest.raises(BrokenPipeError):
        await flushing


async def test_what_was_printed_before_stays_before_and_nothing_is_written_twice(pipe: Pipe, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        for stream in (pipe.stream, file):
            stream.write(b"a")
            sink = Sink(raw=stream)
            sink.write("b")
            await sink.flush()
            sink.write("c")
            await sink.flush()
    assert (pipe.read(), (tmp_path / "file").read_bytes()) == (b"abc", b"abc")


async def test_what_the_encoding_lacks_becomes_an_escape_that_json_reads(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        sink = Sink(raw=file, encoding="ascii")
        sink.write('"\uae40"')
        await sink.flush()
    assert path.read_bytes() == b'"\\uae40"'


async def test_a_query_is_ended_also_while_nobody_reads(
    desk: Desk, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.TextIOWrapper(pipe.stream, encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", output)
    kim = await desk.enrol("kim")
    for number in range(20):
        desk.deliver(kim, f"mail-{number}", preview="x" * 10_000)
    asking = asyncio.create_task(desk.query("kim", form="json"))
    await pass_steps()
    assert not asking.done()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [record.error_code for record in desk.log.records] == [INTERRUPTED]
    output.detach()

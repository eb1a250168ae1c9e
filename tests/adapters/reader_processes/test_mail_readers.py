"""Processes that read mails: as this one would, and none of them outlives what it is for."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from adapters.html_text.mail_text import HtmlMailText
from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from adapters.reader_processes.mail_readers import ProcessMailReaders, open_reader_processes
from application.mail_reading import MailReading
from domain.account import AccountId
from domain.correspondence.read_mail import ReadMail
from domain.correspondence.senders import ChairRoster
from domain.correspondence.vocabulary import SenderType
from domain.errors import IACSGraphError
from domain.mail import BodyFormat, Mail, MailBody
from domain.mail_results import ClaimedMail
from domain.mail_sync import MailId
from modules.mail_process.compose import READER
from ports.mail_readers import READERS_UNAVAILABLE
from tests.contracts.mail_samples import KIM, mail

COMMAND = (sys.executable, "-P", "-m", READER)
CHAIRS = ChairRoster(addresses=frozenset({KIM.address or ""}))
PATIENCE = 60.0
BODIES = (
    None,
    MailBody(format=BodyFormat.TEXT, content=""),
    MailBody(
        format=BodyFormat.TEXT, content="Please reply to PL24001 by 3 June 2025.\n\nOn 1 June 2025, A wrote:\n> old"
    ),
    MailBody(
        format=BodyFormat.HTML, content="<p>Kept <b>bold</b> &amp; <a href='https://a.example'>linked</a><ul><li>x</ul>"
    ),
    MailBody(format=BodyFormat.HTML, content="<p>" * 3000 + "halves \ud83d and \udca9, 회신은 6월 3일까지"),
    MailBody(format=BodyFormat.HTML, content="<table><tr><td>long</td></tr></table>" * 2000),
)


def claimed(*mails: Mail) -> Sequence[ClaimedMail]:
    return [
        ClaimedMail(mail_id=MailId(f"mail {number}"), account_id=AccountId("ann"), mail=each, attempts=1)
        for number, each in enumerate(mails)
    ]


SOME = claimed(*(mail(f"m{number}", body=body) for number, body in enumerate(BODIES)))


@pytest.fixture
async def readers() -> AsyncIterator[ProcessMailReaders]:
    async with open_reader_processes(COMMAND, CHAIRS, most=1) as readers:
        yield readers


def children() -> set[int]:
    """Return the ids of the processes that this one has started and that are there."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, check=False)  # noqa: S607 - a tool of the system
    return {int(line.split()[0]) for line in listed.stdout.decode().splitlines() if READER in line}


def is_there(pid: int) -> bool:
    """Return whether the process runs, and is no mere entry that its parent has yet to collect."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False


async def test_a_process_finds_in_mails_what_this_one_finds(readers: ProcessMailReaders) -> None:
    here = MailReading(
        text=HtmlMailText(),
        offline=OfflineMailAnalyst(),
        chairs=CHAIRS,
        clock=MemoryClock(),
        identifiers=MemoryIdentifiers(),
    )
    found = await readers.read(SOME)
    assert found == await here.read(SOME)
    assert all(isinstance(each, ReadMail) and each.verdict.info.sender_type is SenderType.CHAIR for each in found)


async def test_no_process_is_started_before_there_is_something_to_read_and_none_is_left_at_the_end() -> None:
    async with AsyncExitStack() as stack:
        readers = await stack.enter_async_context(open_reader_processes(COMMAND, CHAIRS, most=1))
        assert children() == set()
        await asyncio.gather(*(readers.read(SOME[:1]) for _ in range(5)))
        assert len(children()) == 1
    assert children() == set()


async def test_another_process_is_started_while_all_are_busy_up_to_the_limit() -> None:
    async with open_reader_processes(COMMAND, CHAIRS, most=2) as readers:
        found = await asyncio.gather(*(readers.read(SOME) for _ in range(5)))
        assert len(children()) == 2
    assert all(each == found[0] for each in found)


async def test_when_a_process_ends_all_that_wait_for_it_hear_so_and_the_next_one_gets_another(
    readers: ProcessMailReaders,
) -> None:
    """A request that would take long is under way, and another one waits for its turn behind it."""
    await readers.read(SOME)
    (first,) = children()
    os.kill(first, signal.SIGSTOP)
    waiting = [asyncio.create_task(readers.read(SOME)) for _ in range(2)]
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(outcome, IACSGraphError)
        assert (outcome.error_code, outcome.transient) == ("READER_ENDED", True)
    assert len(await readers.read(SOME)) == len(SOME)
    assert children().isdisjoint({first})


async def test_a_call_that_is_given_up_ends_the_process_that_may_never_come_to_an_end(
    readers: ProcessMailReaders,
) -> None:
    await readers.read(SOME)
    (first,) = children()
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await readers.read(SOME)
    assert len(await readers.read(SOME)) == len(SOME)
    assert children().isdisjoint({first})


async def test_a_process_that_hangs_does_not_hold_up_the_end() -> None:
    async with open_reader_processes(COMMAND, CHAIRS, most=1) as readers:
        await readers.read(SOME)
        (only,) = children()
        os.kill(only, signal.SIGSTOP)
    assert children() == set()


ABSENT = ("/nowhere/to/be/found",)
ENDING = (sys.executable, "-c", "raise SystemExit(3)")
SILENT = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")


@pytest.mark.parametrize("command", [ABSENT, ENDING, SILENT])
async def test_what_does_not_start_is_told_as_such_and_not_tried_again_at_once(
    command: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = list[object]()
    create = asyncio.create_subprocess_exec

    async def counted(*args: str, **options: object) -> object:
        started.append(args)
        return await create(*args, **options)  # type: ignore[arg-type]  # options of several types

    monkeypatch.setattr(asyncio, "create_subprocess_exec", counted)
    async with open_reader_processes(command, CHAIRS, most=1, start_within=2) as readers:
        for _ in range(3):
            with pytest.raises(IACSGraphError) as caught:
                await readers.read(SOME)
            assert caught.value.error_code == READERS_UNAVAILABLE
    assert len(started) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_whoever_reads_mail_does_not_have_the_secrets_of_the_environment(
    readers: ProcessMailReaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", "canary")
    await readers.read(SOME)
    (only,) = children()
    environment = Path(f"/proc/{only}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"canary" not in environment


PARENT = """
import asyncio, sys
from adapters.reader_processes.mail_readers import open_reader_processes
from tests.adapters.reader_processes.test_mail_readers import CHAIRS, COMMAND, SOME, children

async def main():
    async with open_reader_processes(COMMAND, CHAIRS, most=1) as readers:
        await readers.read(SOME)
        print(*children(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_reader_ends_with_the_program_that_started_it_even_if_that_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        reader = int(parent.stdout.readline())
        assert is_there(reader)
        parent.kill()
    until = time.monotonic() + PATIENCE
    while is_there(reader):
        assert time.monotonic() < until
        time.sleep(0.01)

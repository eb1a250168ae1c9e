"""Processes that read mails: as this one would, and none of them outlives what it is for."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from adapters.html_text.mail_text import HtmlMailText
from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from adapters.reader_processes.frames import framed
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


def children(named: str = READER) -> set[int]:
    """Return the ids of the processes that this one has started and that are there."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, check=False)  # noqa: S607 - a tool of the system
    return {int(line.split()[0]) for line in listed.stdout.decode().splitlines() if named in line}


def is_there(pid: int) -> bool:
    """Return whether the process runs, and is no mere entry that its parent has yet to collect."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


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


async def test_when_a_process_ends_whoever_it_was_at_hears_so_and_those_behind_get_another(
    readers: ProcessMailReaders,
) -> None:
    """A request that would take long is under way, and others wait for their turn behind it."""
    await readers.read(SOME)
    (first,) = children()
    os.kill(first, signal.SIGSTOP)
    waiting = [asyncio.create_task(readers.read(SOME)) for _ in range(3)]
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    outcome, *others = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcome, IACSGraphError)
    assert (outcome.error_code, outcome.transient) == ("READER_ENDED", True)
    assert [len(each) for each in others if not isinstance(each, BaseException)] == [len(SOME), len(SOME)]
    assert children().isdisjoint({first})


def program(*lines: str) -> Sequence[str]:
    """Return the command of a process that sends the frames itself, which an answer to the chairs begins."""
    beginning = (
        "import sys, pathlib",
        "from adapters.reader_processes.frames import framed, next_frame",
        "source, out = sys.stdin.buffer, sys.stdout.buffer",
        "next_frame(source)",
        "out.write(framed(None))",
        "out.flush()",
        "next_frame(source)",
    )
    return sys.executable, "-c", "\n".join((*beginning, *lines))


@pytest.mark.parametrize("answer", [r"b'\0\0\0\3abc'", "framed(1) + framed(2)"])
async def test_a_process_that_answers_what_is_no_answer_is_ended_and_nobody_waits_for_it(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that was started from another version of the program, or tells more than it was asked."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    command = program(f"out.write({answer})", "out.flush()", "source.read()")
    async with open_reader_processes(command, CHAIRS, most=1) as readers:
        async with asyncio.timeout(PATIENCE):
            for _ in range(2):
                with suppress(IACSGraphError):  # the second is one more than the process told before
                    await readers.read(SOME)
            await asyncio.to_thread(wait_until, lambda: not children("framed"))


async def test_what_cannot_be_sent_takes_nobody_elses_answer(readers: ProcessMailReaders) -> None:
    with pytest.raises(AttributeError, match="pickle"):
        await readers.read([lambda: None])  # type: ignore[list-item]  # no mail
    async with asyncio.timeout(PATIENCE):
        assert len(await readers.read(SOME)) == len(SOME)


async def test_while_no_other_process_starts_the_one_that_is_there_is_asked_though_it_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    once = (
        f"pathlib.Path({str(tmp_path / 'started')!r}).touch(exist_ok=False)",
        f"while not pathlib.Path({str(tmp_path / 'go')!r}).exists(): pass",
        "for _ in range(2): out.write(framed([])), out.flush(), next_frame(source)",
    )
    first = program(*once)
    ending = f"import pathlib\nif pathlib.Path({str(tmp_path / 'started')!r}).exists(): raise SystemExit\n"
    command = (*first[:2], ending + first[2])
    async with open_reader_processes(command, CHAIRS, most=2) as readers:
        busy = asyncio.create_task(readers.read(SOME))
        await asyncio.to_thread(wait_until, (tmp_path / "started").exists)
        with pytest.raises(IACSGraphError) as caught:
            await readers.read(SOME)
        assert caught.value.error_code == READERS_UNAVAILABLE
        behind = asyncio.create_task(readers.read(SOME))
        await asyncio.sleep(0)
        (tmp_path / "go").touch()
        async with asyncio.timeout(PATIENCE):
            assert [len(each) for each in await asyncio.gather(busy, behind)] == [0, 0]


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


async def test_a_machine_that_has_no_thread_left_is_no_fault_of_the_mails(
    readers: ProcessMailReaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop waits for each process in a thread of its own."""

    async def refused(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    with pytest.raises(IACSGraphError) as caught:
        await readers.read(SOME)
    assert caught.value.error_code == READERS_UNAVAILABLE


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
    wait_until(lambda: not is_there(reader))


HOPELESS = """
import re, time
from adapters.reader_processes.serving import serve

async def read(asked):
    print("reading", flush=True)
    return re.match("(a|a)*b", "a" * 60) if asked else time.sleep(1000)

serve(lambda chairs: read, longest={longest})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("requests", "longest"), [([True], 1), ([False] * 9, 1000)])
def test_a_reader_at_something_endless_ends_all_the_same(requests: Sequence[bool], longest: int) -> None:
    """An expression lets no other thread see that standard input has ended; many requests may not hide it, either."""
    command, environment = HOPELESS.format(longest=longest), {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", command], env=environment, **pipes) as reader:  # type: ignore[call-overload]  # pipes of known names
        reader.stdin.write(b"".join(map(framed, (CHAIRS, *requests))))
        reader.stdin.flush()
        assert reader.stderr.readline() == b"reading\n"
        reader.stdin.close()
        try:
            wait_until(lambda: not is_there(reader.pid))
        finally:
            reader.kill()

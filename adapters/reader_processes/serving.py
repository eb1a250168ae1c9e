"""The other end: a process that reads the mails that come on standard input, until that ends."""

import asyncio
import os
import queue
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from adapters.reader_processes.frames import framed, next_frame, unpacked
from domain.correspondence.read_mail import NotRead, ReadMail
from domain.correspondence.senders import ChairRoster
from domain.mail_results import ClaimedMail

LONGEST: Final = 120
"""Seconds for one request: whoever asked has given up long before, or is gone."""

Read = Callable[[Sequence[ClaimedMail]], Awaitable[Sequence[ReadMail | NotRead]]]


def serve(make: Callable[[ChairRoster], Read], *, longest: int = LONGEST) -> None:
    """Answer requests by what `make` makes of the first frame, the chairs; never return.

    When standard input ends, however the other process ended, so does this one, at once; within `longest` seconds if
    it is at something that lets no other thread run, as a regular expression does not.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends it, whatever it is doing
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # it may be sent to all of a service's processes: the other one ends this
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not meet the answers
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # a full one would hide the end of standard input
    threading.Thread(target=_listen, args=(frames,), daemon=True).start()
    read = make(unpacked(frames.get()))
    out.write(framed(None))
    out.flush()
    with asyncio.Runner() as runner:
        while True:
            claimed: Sequence[ClaimedMail] = unpacked(frames.get())
            signal.alarm(longest)
            answer = runner.run(_answer(read, claimed))
            signal.alarm(0)
            out.write(framed(answer))
            out.flush()


async def _answer(read: Read, claimed: Sequence[ClaimedMail]) -> Sequence[ReadMail | NotRead]:
    return await read(claimed)


def _listen(frames: "queue.SimpleQueue[bytes]") -> None:
    with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as pipe:
        while (frame := next_frame(pipe)) is not None:
            frames.put(frame)
    os._exit(0)

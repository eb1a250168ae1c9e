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

AHEAD: Final = 2
"""So many requests are taken off the pipe before their turn: then the next one need not be waited for."""

Read = Callable[[Sequence[ClaimedMail]], Awaitable[Sequence[ReadMail | NotRead]]]


def serve(make: Callable[[ChairRoster], Read]) -> None:
    """Answer requests by what `make` makes of the first frame, the chairs; never return.

    When standard input ends, however the other process ended, so does this one, at once and whatever it is doing.
    """
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # it may be sent to all of a service's processes: the other one ends this
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not meet the answers
    frames: queue.Queue[bytes] = queue.Queue(AHEAD)
    threading.Thread(target=_listen, args=(frames,), daemon=True).start()
    read = make(unpacked(frames.get()))
    out.write(framed(None))
    out.flush()
    with asyncio.Runner() as runner:
        while True:
            claimed: Sequence[ClaimedMail] = unpacked(frames.get())
            out.write(framed(runner.run(_answer(read, claimed))))
            out.flush()


async def _answer(read: Read, claimed: Sequence[ClaimedMail]) -> Sequence[ReadMail | NotRead]:
    return await read(claimed)


def _listen(frames: "queue.Queue[bytes]") -> None:
    with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as pipe:
        while (frame := next_frame(pipe)) is not None:
            frames.put(frame)
    os._exit(0)

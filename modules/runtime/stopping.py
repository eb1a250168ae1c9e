"""Ending a program that goes on for ever: the first signal asks it to, the second does not ask."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from attrs import define, field

from modules.runtime.exits import FAILURE

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_to_stop(within: timedelta) -> Iterator[asyncio.Event]:
    """Yield an event that the first SIGTERM or SIGINT sets. A second signal ends the process at once.

    So does `within`, counted from the first signal, whatever hangs: with exit code 1 and a line on standard error.
    Only in the main thread are signals heard.
    """
    listening = _Listening(within)
    if threading.current_thread() is not threading.main_thread():
        yield listening.stopping
        return
    loop, before = asyncio.get_running_loop(), {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, listening.stop, loop)
    try:
        yield listening.stopping
    finally:
        listening.end()
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@define
class _Listening:
    """What a signal does."""

    within: timedelta
    stopping: asyncio.Event = field(factory=asyncio.Event)
    _timer: threading.Timer | None = None

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask, and let the system do what it does by default with the next signal."""
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        self._timer = threading.Timer(self.within.total_seconds(), self._give_up)
        self._timer.daemon = True
        self._timer.start()
        self.stopping.set()

    def end(self) -> None:
        """It has ended by itself."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        """End without closing anything: what is committed is durable, everything else is done again."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"error: not ended within {self.within.total_seconds():g} s: ended by force\n")
            sys.stderr.flush()
        os._exit(FAILURE)

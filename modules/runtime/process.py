"""Running an asynchronous command to its end: signals cancel it, so that it closes what it opened."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define

from modules.runtime.edge import edge
from modules.runtime.exits import TERMINATED


def run(main: Callable[[], Coroutine[Any, Any, int | None]], *, as_json: bool = False) -> None:
    """Run an asynchronous command to its end, inside `edge`. What it returns is the exit code; None is success.

    SIGINT and SIGTERM cancel it, so that it closes what it opened; then the exit code is 130 or 143.
    """
    with edge(as_json=as_json):
        try:
            code = asyncio.run(_Supervised().run(main))
        except asyncio.CancelledError as error:  # would pass for a wish of the caller's, and end without a word
            raise RuntimeError("the command cancelled itself") from error
        if code:
            raise SystemExit(code)


@define
class _Supervised:
    """The main task under SIGTERM: each signal cancels it once, a second one cuts its clean-up short."""

    terminated: bool = False

    async def run(self, main: Callable[[], Coroutine[Any, Any, int | None]]) -> int | None:
        with self._listening():
            try:
                code = await main()
            except asyncio.CancelledError:
                if not self.terminated:
                    raise
                code = None
        return TERMINATED if self.terminated else code

    @contextmanager
    def _listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # signals can be had in the main thread only
            yield
            return
        loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGTERM, self._stop, asyncio.current_task())
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
            signal.signal(signal.SIGTERM, before)

    def _stop(self, task: asyncio.Task[Any] | None) -> None:
        self.terminated = True
        if task:
            task.cancel()

"""A browser for programs that call `webbrowser`: a headless person reads what it opens, in the test's event loop."""

import asyncio
import webbrowser
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Visit = Callable[[str], Awaitable[None]]


class HeadlessBrowser(webbrowser.BaseBrowser):
    """Opens pages only while a test is `reading`; no other browser of the machine is ever tried."""

    def __init__(self) -> None:
        super().__init__("headless")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._visit: Visit | None = None
        self.visits: list[asyncio.Task[None]] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - as in the standard library
        """Return at once, from any thread: whoever calls goes on to wait for what comes of it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, url)
        return True

    @contextmanager
    def reading(self, visit: Visit) -> Iterator[None]:
        """Let pages be visited in this way, in the running event loop."""
        self._loop, self._visit = asyncio.get_running_loop(), visit
        try:
            yield
        finally:
            self._loop = self._visit = None
            self.visits.clear()

    def _begin(self, url: str) -> None:
        if self._visit is not None:
            self.visits.append(asyncio.ensure_future(self._visited(self._visit, url)))

    @staticmethod
    async def _visited(visit: Visit, url: str) -> None:
        await visit(url)


BROWSER = HeadlessBrowser()
webbrowser.register("headless", None, BROWSER, preferred=True)

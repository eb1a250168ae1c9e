"""Time."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The world's time and the process's time."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC; it may jump when the machine's clock is set.

        Raises: nothing.
        """

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds since some fixed moment of this process; never goes back.

        Raises: nothing.
        """

    @abstractmethod
    async def sleep(self, duration: timedelta) -> None:
        """Let `duration` pass, at least; zero or less gives way to other tasks once.

        Raises: nothing but cancellation.
        """

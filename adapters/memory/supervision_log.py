"""The log of tasks as a list."""

from datetime import timedelta

from domain.errors import IACSGraphError
from ports.supervision_log import SupervisionLog


class MemorySupervisionLog(SupervisionLog):
    """Remembers what it heard, as tuples that begin with the method's name and the task; of an error code or class."""

    def __init__(self) -> None:
        self.entries: list[tuple[object, ...]] = []

    def told(self, *names: str) -> list[tuple[object, ...]]:
        """Return the entries of these methods."""
        return [entry for entry in self.entries if entry[0] in names]

    def began(self, task: str, restarts: int) -> None:
        """Remember the number."""
        self.entries.append(("began", task, restarts))

    def failed(self, task: str, error: Exception | None, failures: int, retry_in: timedelta | None) -> None:
        """Remember all of it."""
        name = error.error_code if isinstance(error, IACSGraphError) else error and type(error).__name__
        self.entries.append(("failed", task, name, failures, retry_in))

    def ended(self, task: str) -> None:
        """Remember the task."""
        self.entries.append(("ended", task))

    def overran(self, task: str, bound: timedelta) -> None:
        """Remember the bound."""
        self.entries.append(("overran", task, bound))

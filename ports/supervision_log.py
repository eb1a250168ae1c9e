"""What becomes of the tasks that one process runs side by side."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol


class SupervisionLog(Protocol):
    """Hears how tasks begin, fail and end. It never fails nor keeps its caller waiting."""

    @abstractmethod
    def began(self, task: str, restarts: int) -> None:
        """Tell that a task begins, after so many restarts.

        Raises: nothing.
        """

    @abstractmethod
    def failed(self, task: str, error: Exception | None, failures: int, retry_in: timedelta | None) -> None:
        """Tell that a task failed, the `failures`-th time since it was last steady. It begins anew in `retry_in`.

        `error` None: it ended although nobody had told it to. `retry_in` None: the program ends, it is not begun again.

        Raises: nothing.
        """

    @abstractmethod
    def ended(self, task: str) -> None:
        """Tell that a task ended as it was told to.

        Raises: nothing.
        """

    @abstractmethod
    def overran(self, task: str, bound: timedelta) -> None:
        """Tell that a task did not end within `bound` of being told to, and is cancelled.

        Raises: nothing.
        """

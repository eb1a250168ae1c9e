"""Reading mail for what rules alone do not find."""

from abc import abstractmethod
from typing import Protocol

from domain.correspondence.analysis import Analysis, Means, Wording


class MailAnalyst(Protocol):
    """Finds deadlines and keywords in English and Korean mail."""

    @property
    @abstractmethod
    def means(self) -> Means:
        """By what it analyses.

        Raises: nothing.
        """

    @abstractmethod
    async def analyse(self, wording: Wording) -> Analysis:
        """Return what the words say; bounded in time.

        Raises:
            ThrottledError: it must not be asked again before `retry_after` (transient).
            APIConnectionError: it cannot be reached, fails or gives no usable answer (transient).
            AuthenticationError: its key is refused.
            ValidationError: it refuses these words.
        """

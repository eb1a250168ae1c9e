"""Values that nobody can foresee."""

from abc import abstractmethod
from typing import Protocol


class Identifiers(Protocol):
    """Ids for new things, secrets, and chance for spreading things out."""

    @abstractmethod
    def unique(self) -> str:
        """Return an id that no call anywhere has returned or will return; lower-case ASCII without white space.

        Raises: nothing.
        """

    @abstractmethod
    def secret(self) -> str:
        """Return 43 characters of 256 random bits that nobody can guess: letters, digits, `-` and `_` (base64url).

        Raises: nothing.
        """

    @abstractmethod
    def fraction(self) -> float:
        """Return a number in [0, 1), evenly distributed.

        Raises: nothing.
        """

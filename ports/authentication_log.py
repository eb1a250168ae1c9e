"""The authentication log: who signed in, what was refreshed, who was denied, and why."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

from domain.change import AccountChange
from domain.errors import IACSGraphError


class AuthenticationLog(Protocol):
    """Hears what happened to sign-ins and tokens. It never fails nor keeps its caller waiting; no secret reaches it."""

    @abstractmethod
    def changed(self, change: AccountChange) -> None:
        """Tell of a stored change: enrolment, sign-in, sign-out, lost or recovered grant, status.

        Raises: nothing.
        """

    @abstractmethod
    def refreshed(self, user_id: str, lifetime: timedelta, *, ahead: bool = False) -> None:
        """Tell that a new access token was stored; `ahead` of its predecessor's expiry, with nobody waiting for it.

        Raises: nothing.
        """

    @abstractmethod
    def refresh_failed(self, user_id: str, error: IACSGraphError) -> None:
        """Tell that a refresh failed, once per refresh, however many waited for it.

        Raises: nothing.
        """

    @abstractmethod
    def sign_in_failed(self, user_id: str, error: IACSGraphError) -> None:
        """Tell that a sign-in came to nothing, other than by the wrong person (`denied`).

        Raises: nothing.
        """

    @abstractmethod
    def short_lived(self, user_id: str, wanted: timedelta, lifetime: timedelta) -> None:
        """Warn that a caller wants longer-lived tokens than the provider gives.

        Raises: nothing.
        """

    @abstractmethod
    def denied(self, user_id: str, error: IACSGraphError) -> None:
        """Tell that somebody was refused a token.

        Raises: nothing.
        """

"""The authentication log as a list."""

from datetime import timedelta

from domain.change import AccountChange
from domain.errors import IACSGraphError
from ports.authentication_log import AuthenticationLog


class MemoryAuthenticationLog(AuthenticationLog):
    """Remembers what it heard, as tuples that begin with the method's name and the user id."""

    def __init__(self) -> None:
        self.entries: list[tuple[object, ...]] = []

    def changed(self, change: AccountChange) -> None:
        """Remember the action and the reason."""
        self.entries.append(("changed", change.after.user_id, change.audit.action, change.audit.reason))

    def refreshed(self, user_id: str, lifetime: timedelta, *, ahead: bool = False) -> None:
        """Remember the lifetime, and whether it was ahead if so."""
        self.entries.append(("refreshed", user_id, lifetime, *(("ahead",) if ahead else ())))

    def refresh_failed(self, user_id: str, error: IACSGraphError) -> None:
        """Remember the error's code."""
        self.entries.append(("refresh_failed", user_id, error.error_code))

    def sign_in_failed(self, user_id: str, error: IACSGraphError) -> None:
        """Remember the error's code."""
        self.entries.append(("sign_in_failed", user_id, error.error_code))

    def short_lived(self, user_id: str, wanted: timedelta, lifetime: timedelta) -> None:
        """Remember both durations."""
        self.entries.append(("short_lived", user_id, wanted, lifetime))

    def denied(self, user_id: str, error: IACSGraphError) -> None:
        """Remember the error's code."""
        self.entries.append(("denied", user_id, error.error_code))

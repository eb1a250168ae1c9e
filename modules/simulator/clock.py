"""The simulator's time: the machine's, moved forward by hand."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Runs with the machine's clock; `advance` makes codes and tokens expire without waiting."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def seconds(self) -> int:
        """Whole seconds since 1970, as in `iat`."""
        return int(self.now().timestamp())

    def advance(self, by: timedelta) -> None:
        """Raises: ValueError if `by` is negative or leads past the year 9999: time does not go back."""
        if by < timedelta():
            raise ValueError("the clock only goes forward")
        try:
            _ = self.now() + by
        except OverflowError as error:
            raise ValueError("that is too far ahead") from error
        self._ahead += by

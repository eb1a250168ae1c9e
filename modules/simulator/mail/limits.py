"""How much an application may ask of one mailbox: so many requests at once, and so many in a while.

Source: Microsoft Graph service-specific throttling limits, Outlook service limits.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime

import attrs

from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.graph_error import GraphError
from modules.simulator.people import User
from modules.simulator.switches import RetryAfterForm, Switches

_TOO_MANY = 429
_BUSY_SECONDS = 1.0
_FRACTION = 0.128


@attrs.define(eq=False)
class _Use:
    """What one application does with one mailbox. `moments`: its latest requests, as many as the limit is."""

    in_flight: list[Callable[[], bool]] = attrs.field(factory=list)
    moments: deque[datetime] = attrs.field(factory=deque)
    peak: int = 0
    requests: int = 0
    refused: int = 0


class Limits:
    """Who asks what now, by application and mailbox; `who` is its owner's UPN, address, object id or number (KeyError).

    A request counts towards those in a while even if it is refused; towards those at once it counts until it is
    answered, or until its client has gone.
    """

    def __init__(self, *, clock: Clock, switches: Switches, directory: Directory) -> None:
        self._clock, self._switches, self._directory = clock, switches, directory
        self._uses: dict[tuple[str, str], _Use] = {}

    @contextmanager
    def admitted(self, application: str, owner: User, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """Work on a request whose client is there as long as `is_wanted` says.

        Raises: GraphError 429 if there are too many, at once or in a while.
        """
        use = self._uses.setdefault((application, owner.object_id), _Use())
        use.requests += 1
        try:
            self._note(use)
            self._check_concurrency(use)
        except GraphError:
            use.refused += 1
            raise
        use.in_flight.append(is_wanted)
        try:
            yield
        finally:
            use.in_flight.remove(is_wanted)

    def _note(self, use: _Use) -> None:
        now, most, window = self._clock.now(), self._switches.mailbox_requests, self._switches.mailbox_window
        while use.moments and (use.moments[0] <= now - window or len(use.moments) > most):
            use.moments.popleft()
        use.moments.append(now)
        if len(use.moments) > most:
            use.moments.popleft()
            seconds = (use.moments[0] + window - now) / timedelta(seconds=1) if use.moments else 0.0
            raise self._refusal("TooManyRequests", "Please retry again later.", seconds)

    def _check_concurrency(self, use: _Use) -> None:
        busy = sum(is_wanted() for is_wanted in use.in_flight)
        use.peak = max(use.peak, busy + 1)
        if busy >= self._switches.mailbox_concurrency:
            message = "Application is over its MailboxConcurrency limit."
            raise self._refusal("ApplicationThrottled", message, _BUSY_SECONDS)

    def _refusal(self, code: str, message: str, seconds: float) -> GraphError:
        form = retry_after(self._switches.throttle_retry_after, seconds, self._clock.now())
        return GraphError(_TOO_MANY, code, message, {} if form is None else {"Retry-After": form})

    def peak(self, who: str | int) -> int:
        """The most requests that one application had at this mailbox at once, a refused one included."""
        return max((use.peak for use in self._of(who)), default=0)

    def requests(self, who: str | int) -> int:
        return sum(use.requests for use in self._of(who))

    def refused(self, who: str | int) -> int:
        """How many requests were answered by 429 because of a limit, not of a fault."""
        return sum(use.refused for use in self._of(who))

    def clear(self) -> None:
        """Forget what was counted; what is in flight stays."""
        for use in self._uses.values():
            use.moments.clear()
            use.peak = use.requests = use.refused = 0

    def _of(self, who: str | int) -> list[_Use]:
        owner = self._directory.user(who).object_id
        return [use for (_, each), use in self._uses.items() if each == owner]


def retry_after(form: RetryAfterForm, seconds: float, now: datetime) -> str | None:
    """What stands in the header; at least one second, and never less than is to be waited."""
    whole = max(1, math.ceil(seconds))
    match form:
        case "integer":
            return str(whole)
        case "fraction":
            return f"{max(1.0, seconds) + _FRACTION:.3f}"
        case "date":
            return format_datetime(now.replace(microsecond=0) + timedelta(seconds=whole + 1), usegmt=True)
        case "absent":
            return None
        case "garbage":
            return "soon"

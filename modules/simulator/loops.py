"""Clients that repeat one request: Entra takes 15 within 5 minutes for a loop."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from modules.simulator.clock import Clock
from modules.simulator.refusal import refused

_MOST = 15
_WINDOW = timedelta(minutes=5)
_SAMENESS = ("grant_type", "scope", "refresh_token", "username", "redirect_uri", "code")


class Loops:
    """When each request was made, by a fingerprint of what makes it the same."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, deque[datetime]] = {}

    def check(self, client_id: str, form: Mapping[str, str], *, on: bool) -> None:
        """Raises: RefusedError 50196 for the 15th equal request in 5 minutes, if this is switched on."""
        if not on or form.get("device_code"):
            return
        text = "\0".join((client_id, *(form.get(name, "") for name in _SAMENESS)))
        moments = self._seen.setdefault(sha256(text.encode(errors="surrogatepass")).hexdigest(), deque(maxlen=_MOST))
        now = self._clock.now()
        moments.append(now)
        if len(moments) == _MOST and now - moments[0] < _WINDOW:
            raise refused(50196)

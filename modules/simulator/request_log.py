"""What the simulator was asked, for tests: secrets only as fingerprints."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256

import attrs

_FINGERPRINTED = frozenset(
    {"client_secret", "client_assertion", "code", "refresh_token", "device_code", "code_verifier", "otc", "flow"}
)
_HIDDEN = frozenset({"password"})
_OF_INTEREST = (
    "accept",
    "accept-language",
    "client-request-id",
    "content-type",
    "origin",
    "prefer",
    "retry-attempt",
    "return-client-request-id",
    "user-agent",
    "x-client-sku",
    "x-client-ver",
    "x-client-current-telemetry",
    "x-anchormailbox",
)
_KEPT = 20_000


@attrs.frozen(kw_only=True)
class Request:
    """One request. `form` and `query` hold fingerprints where there were secrets: equal ones for equal secrets.

    `endpoint`: see the route table; empty for an unknown path. `authorization`: scheme only.
    """

    method: str
    path: str
    endpoint: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    authorization: str
    moment: datetime
    scheme: str


class RequestLog:
    """The latest requests, oldest first."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=_KEPT)

    def add(self, request: Request) -> None:
        self._requests.append(request)

    def of(self, endpoint: str) -> list[Request]:
        return [each for each in self._requests if each.endpoint == endpoint]

    def clear(self) -> None:
        self._requests.clear()

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._requests))

    def __getitem__(self, index: int) -> Request:
        return self._requests[index]


def without_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: _shown(name, value) for name, value in fields.items()}


def headers_of_interest(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _OF_INTEREST if name in headers}


def fingerprint(secret: str) -> str:
    """What the log holds instead of a secret."""
    return f"sha256:{sha256(secret.encode(errors='surrogatepass')).hexdigest()[:16]}"


def _shown(name: str, value: str) -> str:
    if name in _HIDDEN:
        return "***"
    return fingerprint(value) if name in _FINGERPRINTED else value

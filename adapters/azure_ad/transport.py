"""One HTTP request and its answer, bounded in time and size; nothing foreign leaves.

An error says in `details["sent"]` how far the request came (`Sent`): what may be repeated depends on it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Literal

import aiohttp
import attrs
from yarl import URL

from adapters.azure_ad.retry_after import parse_date
from adapters.azure_ad.session import proxy_for, timeout
from domain.errors import APIConnectionError, ConfigurationError, IACSGraphError
from ports.clock import Clock
from ports.identifiers import Identifiers

LARGEST_BODY_BYTES = 1 << 20
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)


class Sent(StrEnum):
    """How far a failed request came."""

    NEVER = "never"
    """The server surely did not receive it."""
    REFUSED = "refused"
    """The server answered that it is too busy to look at it (429)."""
    FAILED = "failed"
    """The server answered that it failed."""
    PERHAPS = "perhaps"
    """No answer that can be understood: it may have been acted upon."""


@attrs.frozen(kw_only=True)
class Request:
    """`form` is the body of a POST; a GET has none. `bearer` is an access token."""

    method: Literal["GET", "POST"]
    url: URL
    form: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    bearer: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Answer:
    """What came back. `asked_at` is the time before the request was sent, so that no answer outlives its content."""

    status: int
    body: bytes = attrs.field(repr=False)
    asked_at: datetime
    answered_at: datetime
    retry_after: str | None
    date: datetime | None
    """The server's own time, if it told it."""
    request_id: str
    """What the request was marked with (client-request-id), for the provider's support."""

    @property
    def details(self) -> dict[str, object]:
        """Return what every error about this answer carries."""
        return {"status": self.status, "client_request_id": self.request_id}


@attrs.frozen(kw_only=True, eq=False)
class Transport:
    """Sends over the session of the process."""

    session: aiohttp.ClientSession
    clock: Clock
    identifiers: Identifiers

    async def send(self, request: Request, seconds: float) -> Answer:
        """Send once, and read the answer whole; redirects are answers.

        Raises:
            APIConnectionError: there was no answer within `seconds`, or it was cut off or too large.
            ConfigurationError: the server's certificate is not trusted (CERTIFICATE_NOT_TRUSTED).
        """
        request_id = self.identifiers.unique()
        asked_at = self.clock.now()
        try:
            async with asyncio.timeout(seconds), self._exchange(request, request_id, seconds) as response:
                body = await _read(response)
        except (
            aiohttp.ClientError,
            TimeoutError,
            OSError,
            ssl.SSLError,
            ValueError,
            asyncio.IncompleteReadError,
        ) as error:
            raise _translated(error, request, request_id) from error
        if body is None:
            raise _failure("sent more than a mebibyte", request, request_id, Sent.PERHAPS)
        return Answer(
            status=response.status,
            body=body,
            asked_at=asked_at,
            answered_at=self.clock.now(),
            retry_after=response.headers.get("Retry-After"),
            date=parse_date(response.headers.get("Date")),
            request_id=request_id,
        )

    def _exchange(
        self, request: Request, request_id: str, seconds: float
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        headers = {"Accept": "application/json", "client-request-id": request_id}
        if request.bearer is not None:
            headers["Authorization"] = f"Bearer {request.bearer}"
        return self.session.request(
            request.method,
            request.url,
            data=request.form,
            headers=headers,
            allow_redirects=False,
            timeout=timeout(seconds),
            proxy=proxy_for(request.url),
        )


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the body; None if it is too large. What was announced and did not come is an error."""
    chunks = bytearray()
    async for chunk in response.content.iter_any():
        chunks += chunk
        if len(chunks) > LARGEST_BODY_BYTES:
            response.close()
            return None
    return bytes(chunks)


def _translated(error: Exception, request: Request, request_id: str) -> IACSGraphError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        msg = (
            f"The certificate of {request.url.host} is not trusted: the operator must name the authority that signed it"
            " in AZURE_CA_FILE."
        )
        details = {"client_request_id": request_id, "sent": Sent.NEVER.value}
        return ConfigurationError(msg, error_code="CERTIFICATE_NOT_TRUSTED", details=details)
    if isinstance(error, _NEVER_SENT):
        return _failure("cannot be reached", request, request_id, Sent.NEVER)
    if isinstance(error, TimeoutError):
        return _failure("did not answer in time", request, request_id, Sent.PERHAPS)
    if isinstance(error, aiohttp.ClientConnectionError):
        return _failure("broke the connection off", request, request_id, Sent.PERHAPS)
    return _failure("did not answer as the protocol wants it", request, request_id, Sent.PERHAPS)


def _failure(what: str, request: Request, request_id: str, sent: Sent) -> APIConnectionError:
    msg = f"{request.url.host} {what}; if that lasts, the operator must check the network and AZURE_AUTHORITY."
    return APIConnectionError(
        msg, error_code="PROVIDER_UNREACHABLE", details={"client_request_id": request_id, "sent": sent.value}
    )

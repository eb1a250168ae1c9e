"""One HTTP request and its answer, bounded in time and size; nothing foreign leaves.

An error says in `details["sent"]` how far the request came (`Sent`): what may be repeated depends on it, and in
`details["timed_out"]` and `details["too_large"]` whether it was given up because the server was too slow or sent too
much.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Literal
from urllib.parse import quote_plus

import aiohttp
import attrs
from yarl import URL

from adapters.http_client.retry_after import parse_date
from adapters.http_client.session import proxy_for, timeout
from domain.errors import APIConnectionError, ConfigurationError, IACSGraphError
from ports.clock import Clock
from ports.identifiers import Identifiers

MEBIBYTE = 1 << 20
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_FOREIGN = (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError, ValueError, asyncio.IncompleteReadError)


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
    """`form` (names of letters and `_`) or `json` (its bytes) is the body of a POST; a GET has none.

    `bearer` is an access token.
    """

    method: Literal["GET", "POST"]
    url: URL = attrs.field(repr=False)
    form: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    json: bytes | None = attrs.field(default=None, repr=False)
    bearer: str | None = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict)


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
    challenges: Sequence[str] = attrs.field(default=(), repr=False)
    """What the server wants to be shown (WWW-Authenticate)."""
    media_type: str | None = None
    """Of the body, in lower case and without parameters; None where the answer does not say it."""
    server_request_id: str | None = None
    """What the server calls the request (request-id), for its support."""

    @property
    def details(self) -> dict[str, object]:
        """Return what every error about this answer carries."""
        return {"status": self.status, "client_request_id": self.request_id}


@attrs.frozen(kw_only=True)
class Server:
    """What its errors are called, and by which setting the operator says where it is."""

    unreachable: str
    """The error code where there is no answer that can be understood."""
    setting: str


@attrs.frozen(kw_only=True, eq=False)
class Transport:
    """Sends over the session of the process."""

    session: aiohttp.ClientSession
    clock: Clock
    identifiers: Identifiers
    server: Server
    largest: int = MEBIBYTE
    """Of an answer's body, in bytes."""
    silence: float | None = None
    """Seconds for which the server may be silent, if not the session's."""
    _proxies: dict[tuple[str, str | None], URL | None] = attrs.field(factory=dict, init=False, repr=False)
    """By scheme and host, as the environment named them at the first request: looking there is slow."""

    async def send(self, request: Request, seconds: float) -> Answer:
        """Send once, and read the answer whole; redirects are answers.

        Raises:
            APIConnectionError: there was no answer within `seconds`, or it was cut off or too large.
            ConfigurationError: the server's certificate is not trusted (CERTIFICATE_NOT_TRUSTED).
        """
        request_id, asked_at = self.identifiers.unique(), self.clock.now()
        with self._translating(request, request_id):
            async with asyncio.timeout(seconds), self._exchange(request, request_id) as response:
                body = await self._read(response)
        if body is None:
            failure = self._failure(f"sent more than {self.largest} bytes", request, request_id, Sent.PERHAPS)
            failure.details["too_large"] = True
            raise failure
        return self._answer(response, request_id, asked_at, body)

    @asynccontextmanager
    async def stream(self, request: Request, seconds: float) -> AsyncIterator[tuple[Answer, AsyncIterator[bytes]]]:
        """Send once; give the answer without its body, and the body in parts, of any length, as they come.

        Nothing bounds the whole, but the server's silences are bounded. What is not read is not transferred.

        Raises:
            APIConnectionError: no answer began within `seconds`, or, from the parts, it was cut off.
            ConfigurationError: as `send`.
        """
        request_id, asked_at = self.identifiers.unique(), self.clock.now()
        with self._translating(request, request_id):
            async with asyncio.timeout(seconds):
                response = await self._exchange(request, request_id)
        try:
            async with aclosing(self._parts(response, request, request_id)) as parts:
                yield self._answer(response, request_id, asked_at, b""), parts
        finally:
            response.close()

    def _exchange(self, request: Request, request_id: str) -> "aiohttp.client._RequestContextManager":
        """Return the request, to be awaited within a bound on the whole: here connecting and silences have theirs."""
        headers = {"Accept": "application/json", **request.headers, "client-request-id": request_id}
        if request.bearer is not None:
            headers["Authorization"] = f"Bearer {request.bearer}"
        body = request.json
        if body is not None:
            headers["Content-Type"] = "application/json"
        elif request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = _encoded(request.form)
        return self.session.request(
            request.method,
            request.url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=timeout(None, self.silence),
            proxy=self._proxy(request.url),
        )

    def _proxy(self, url: URL) -> URL | None:
        asked = (url.scheme, url.host)
        if asked not in self._proxies:
            self._proxies[asked] = proxy_for(url)
        return self._proxies[asked]

    def _answer(self, response: aiohttp.ClientResponse, request_id: str, asked_at: datetime, body: bytes) -> Answer:
        return Answer(
            status=response.status,
            body=body,
            asked_at=asked_at,
            answered_at=self.clock.now(),
            retry_after=response.headers.get("Retry-After"),
            date=parse_date(response.headers.get("Date")),
            request_id=request_id,
            challenges=tuple(response.headers.getall("WWW-Authenticate", ())),
            media_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None,
            server_request_id=response.headers.get("request-id"),
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        """Return the body; None if it is too large. What was announced and did not come is an error."""
        chunks = bytearray()
        while chunk := await self._part(response):
            chunks += chunk
            if len(chunks) > self.largest:
                response.close()
                return None
        return bytes(chunks)

    async def _parts(
        self, response: aiohttp.ClientResponse, request: Request, request_id: str
    ) -> AsyncGenerator[bytes]:
        while True:
            with self._translating(request, request_id):
                part = await self._part(response)
            if not part:
                return
            yield part

    async def _part(self, response: aiohttp.ClientResponse) -> bytes:
        """Return what comes next of the body; nothing at its end.

        The session's bound on silence ends with the connection, but where chunks are broken (RFC 9112 section 7.1)
        aiohttp closes that and tells its reader nothing. What has come whole is not waited for.
        """
        if response.content.is_eof():
            return response.content.read_nowait()
        async with asyncio.timeout(timeout(None, self.silence).sock_read):
            return await response.content.readany()

    @contextmanager
    def _translating(self, request: Request, request_id: str) -> Iterator[None]:
        try:
            yield
        except aiohttp.ClientResponseError as error:  # it quotes the token, the address and bytes of the answer
            raise self._translated(error, request, request_id) from None
        except _FOREIGN as error:
            raise self._translated(error, request, request_id) from error

    def _translated(self, error: Exception, request: Request, request_id: str) -> IACSGraphError:
        if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
            msg = (
                f"The certificate of {request.url.host} is not trusted: the operator must name the authority that"
                " signed it in AZURE_CA_FILE."
            )
            details = {"client_request_id": request_id, "sent": Sent.NEVER.value}
            return ConfigurationError(msg, error_code="CERTIFICATE_NOT_TRUSTED", details=details)
        if isinstance(error, _NEVER_SENT):
            return self._failure("cannot be reached", request, request_id, Sent.NEVER)
        if isinstance(error, TimeoutError):
            failure = self._failure("did not answer in time", request, request_id, Sent.PERHAPS)
            failure.details["timed_out"] = True
            return failure
        if isinstance(error, aiohttp.ClientConnectionError):
            return self._failure("broke the connection off", request, request_id, Sent.PERHAPS)
        return self._failure("did not answer as the protocol wants it", request, request_id, Sent.PERHAPS)

    def _failure(self, what: str, request: Request, request_id: str, sent: Sent) -> APIConnectionError:
        msg = f"{request.url.host} {what}; if that lasts, the operator must check the network and"
        details = {"client_request_id": request_id, "sent": sent.value}
        return APIConnectionError(f"{msg} {self.server.setting}.", error_code=self.server.unreachable, details=details)


def _encoded(form: Mapping[str, str]) -> bytes:
    """Return the body of a form; the fields' own names need no quoting."""
    return "&".join([f"{name}={quote_plus(value)}" for name, value in form.items()]).encode()

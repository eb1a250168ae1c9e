"""Microsoft Graph, asked on behalf of people: with their tokens, within its limits, and again where that helps."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote

import aiohttp
import attrs
from yarl import URL

from adapters.graph.batch import Outcomes, read_batch, write_batch
from adapters.graph.credentials import Credentials
from adapters.graph.errors import GATEWAY_TIMEOUT, MAILBOX_MOVING, OK, Refusal, error_of
from adapters.graph.limits import Limits
from adapters.graph.requests import ANY_MEDIA_TYPE, Absent, GraphRequest, foreign_link, of_server, unusable
from adapters.http_client.retrying import Deadline, Pace, Repeat, Retrying
from adapters.http_client.transport import Answer, Request, Server, Transport
from domain.errors import APIConnectionError, IACSGraphError, ThrottledError
from domain.mail import MailboxOwner
from ports.access_tokens import AccessTokens
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mailbox_log import MailboxLog

T = TypeVar("T")

GRAPH: Final = Server(unreachable="GRAPH_UNREACHABLE", setting="AZURE_GRAPH_URL")
PACE: Final = Pace(
    budget=timedelta(minutes=2), attempts=8, first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=30)
)
"""Of a call in all; waiting for others' requests to the same mailbox is part of it."""
ATTEMPT_SECONDS: Final = 60.0
SILENCE_SECONDS: Final = 30.0
"""A page of a thousand messages takes Graph long before its first byte; then its gateway gives up (504)."""
LARGEST: Final = 64 << 20
"""Of a page, in bytes: more than a thousand messages with bodies; contents are streamed."""
LARGEST_REFUSAL: Final = 64 << 10
LONGEST_BATCH: Final = 20
"""Source: json-batching.md."""
TOKEN_LIFETIME: Final = timedelta(seconds=10)
"""A token is asked for just before it is sent, and Graph looks at it when it comes."""
MOVING_ATTEMPTS: Final = 3
"""A mailbox moves for hours: more attempts would not see the end of it."""


@attrs.define(kw_only=True, eq=False)
class _Call:
    """What the attempts of one call share."""

    owner: MailboxOwner
    deadline: Deadline
    credentials: Credentials

    @property
    def mailbox(self) -> str:
        return (self.owner.address or self.owner.user_id).casefold()

    @property
    def seconds(self) -> float:
        return min(self.deadline.remaining, ATTEMPT_SECONDS)


@attrs.frozen(kw_only=True, eq=False)
class _Opened:
    """An answer of success whose body is still to come, behind its first part; `stack` closes it."""

    first: bytes = attrs.field(repr=False)
    rest: AsyncIterator[bytes]
    stack: AsyncExitStack

    async def parts(self) -> AsyncGenerator[bytes]:
        if self.first:
            yield self.first
        async for part in self.rest:
            yield part


def _without_slash(url: URL) -> URL:
    return URL(str(url).rstrip("/"), encoded=True)


@attrs.frozen(kw_only=True, eq=False)
class GraphService:
    """Asks; `root` is the address of the version: `https://graph.microsoft.com/v1.0`.

    All calls may raise, besides what each one says: whatever `AccessTokens.get` raises; ThrottledError and other
    APIConnectionErrors after the last attempt that fits into `pace`; ReauthenticationRequiredError after a second token
    was refused; and what `errors` makes of a refusal. Of one mailbox, requests are sent in the order of the calls.
    """

    session: aiohttp.ClientSession = attrs.field(repr=False)
    root: URL = attrs.field(converter=_without_slash)
    tokens: AccessTokens = attrs.field(repr=False)
    clock: Clock = attrs.field(repr=False)
    identifiers: Identifiers = attrs.field(repr=False)
    limits: Limits = attrs.field(repr=False)
    pace: Pace = PACE
    log: MailboxLog | None = attrs.field(default=None, repr=False)
    _transport: Transport = attrs.field(init=False, repr=False)
    _retrying: Retrying = attrs.field(init=False, repr=False)

    @_transport.default
    def _own_transport(self) -> Transport:
        return Transport(
            session=self.session,
            clock=self.clock,
            identifiers=self.identifiers,
            server=GRAPH,
            largest=LARGEST,
            silence=SILENCE_SECONDS,
        )

    @_retrying.default
    def _own_retrying(self) -> Retrying:
        return Retrying(clock=self.clock, identifiers=self.identifiers, pace=self.pace)

    def url(self, owner: MailboxOwner, path: str) -> URL:
        """Return the address of something in a mailbox.

        `path` is percent-encoded and may end with a query: `messages/AA%2B%3D?$select=id`.
        """
        who = "me" if owner.address is None else f"users/{quote(owner.address, safe='')}"
        return URL(f"{self.root}/{who}/{path}", encoded=True)

    async def get(self, request: GraphRequest) -> Answer:
        """Return an answer of success, which calls itself JSON."""
        return await self.read(request, lambda answer: answer)

    async def read(self, request: GraphRequest, parse: Callable[[Answer], T]) -> T:
        """Return what `parse` makes of the answer.

        It is part of the attempt: if it raises `requests.unusable`, the request is repeated.
        """
        call, asked = self._call(request.owner), request

        async def attempt(_: float) -> T:
            nonlocal asked
            current = asked
            try:
                return await self._sent(
                    call, partial(self._get, current), lambda _, answer: parse(_checked(answer)), current.absent
                )
            except APIConnectionError as error:
                if _is_too_much(error):
                    asked = asked.smaller or asked
                raise

        return await self._run(attempt, call)

    @asynccontextmanager
    async def stream(self, request: GraphRequest) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open the bytes of something, of any number; they count as a request in flight until this is left.

        What breaks off before the first byte is asked for again; later, the iterator raises.
        """
        call = self._call(request.owner)
        opened = await self._run(lambda _: self._opened(call, request), call)
        async with opened.stack, aclosing(opened.parts()) as parts:
            yield parts

    async def batch(self, owner: MailboxOwner, requests: Sequence[GraphRequest]) -> Sequence[Answer | IACSGraphError]:
        """Return what each of the requests comes to, in their order; all are of this owner's mailbox.

        No more are sent at once than may be in flight. Those that fail in passing are repeated, and no others.

        Raises: what concerns all of them. What stops the rest after some were answered is the outcome of the rest.
        """
        call, outcomes = self._call(owner), Outcomes(requests=requests)

        async def attempt(_: float) -> None:
            outcomes.begin()
            while chunk := outcomes.next(min(self.limits.heaviest, LONGEST_BATCH)):
                await self._post(call, outcomes, chunk)
            outcomes.check()

        try:
            await self._run(attempt, call)
        except IACSGraphError as error:
            if not outcomes.found:
                raise
            return outcomes.listed(error)
        return outcomes.listed(None)

    async def _post(self, call: _Call, outcomes: Outcomes, chunk: Sequence[int]) -> None:
        """Send some of a batch, and sort the outcomes."""
        asked = [outcomes.requests[number] for number in chunk]
        body = write_batch(asked, self.root)

        def post(token: str) -> Request:
            url = URL(f"{self.root}/$batch", encoded=True)
            return Request(method="POST", url=url, json=body, bearer=token, headers=asked[0].headers())

        def settle(token: str, answer: Answer) -> None:
            for number, inner in zip(chunk, read_batch(_checked(answer), len(chunk)), strict=True):
                if inner is None:
                    outcomes.found[number] = unusable(answer, "without an answer to each request")
                elif inner.status in OK:
                    outcomes.found[number] = inner
                elif call.credentials.replaceable(token, refusal := Refusal.of(inner)):
                    outcomes.again(number)
                else:
                    outcomes.found[number] = self._error(call, refusal, outcomes.requests[number].absent)

        await self._sent(call, post, settle, None, weight=len(chunk))

    async def _sent(
        self,
        call: _Call,
        request: Callable[[str], Request],
        use: Callable[[str, Answer], T],
        absent: Absent | None,
        *,
        weight: int = 1,
    ) -> T:
        """Send with a token, and with another one if that was refused; what is held back is so before others begin."""
        while True:
            async with self.limits.slot(call.mailbox, call.deadline, weight):
                token = await call.credentials.token()
                answer = await self._transport.send(request(token), call.seconds)
                if answer.status in OK:
                    return use(token, answer)
                refusal = Refusal.of(answer)
                if not call.credentials.replaceable(token, refusal):
                    raise self._error(call, refusal, absent)

    async def _opened(self, call: _Call, request: GraphRequest) -> _Opened:
        """Send as `_sent`, and leave the answer open."""
        while True:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self.limits.slot(call.mailbox, call.deadline))
                token = await call.credentials.token()
                asked = self._get(request, token, ANY_MEDIA_TYPE)
                answer, parts = await stack.enter_async_context(self._transport.stream(asked, call.seconds))
                if answer.status in OK:
                    if request.not_html and answer.media_type == "text/html":
                        raise unusable(answer, "a page of HTML")
                    first = await anext(parts, b"")
                    return _Opened(first=first, rest=parts, stack=stack.pop_all())
                body = await _beginning(parts, call.seconds)
                refusal = Refusal.of(attrs.evolve(answer, body=body))
                if not call.credentials.replaceable(token, refusal):
                    raise self._error(call, refusal, request.absent)

    def _get(self, request: GraphRequest, token: str, accept: str = "application/json") -> Request:
        """Return the request as it is sent; a token goes to no other server."""
        if not of_server(request.target, self.root):
            raise foreign_link()
        return Request(method="GET", url=request.target, bearer=token, headers=request.headers(accept))

    def _error(self, call: _Call, refusal: Refusal, absent: Absent | None) -> IACSGraphError:
        """Return the error; a wait that Graph asks for holds for the whole mailbox, and is told."""
        error = error_of(refusal, call.owner, absent)
        if isinstance(error, APIConnectionError) and error.retry_after:
            self.limits.hold(call.mailbox, error.retry_after)
        if isinstance(error, ThrottledError) and self.log is not None:
            self.log.throttled(call.owner.user_id, error.retry_after)
        return error

    def _call(self, owner: MailboxOwner) -> _Call:
        credentials = Credentials(tokens=self.tokens, user_id=owner.user_id, min_lifetime=TOKEN_LIFETIME)
        return _Call(owner=owner, deadline=self._retrying.deadline(), credentials=credentials)

    async def _run(self, attempt: Callable[[float], Awaitable[T]], call: _Call) -> T:
        try:
            return await self._retrying.run(attempt, Repeat.ALWAYS, call.deadline, worth=_worth)
        except IACSGraphError as error:
            error.details.setdefault("user_id", call.owner.user_id)
            raise


def _worth(error: APIConnectionError, attempts: int) -> bool:
    return error.error_code != MAILBOX_MOVING or attempts < MOVING_ATTEMPTS


def _is_too_much(error: APIConnectionError) -> bool:
    """Return whether less might be answered: this took too long, or was too large."""
    said = error.details
    return bool(said.get("timed_out") or said.get("too_large")) or said.get("status") == GATEWAY_TIMEOUT


def _checked(answer: Answer) -> Answer:
    """Return an answer that calls itself JSON, or nothing: a page of HTML with 200 is none of Graph's."""
    if answer.media_type is None or answer.media_type.endswith(("/json", "+json")):
        return answer
    raise unusable(answer, "not JSON")


async def _beginning(parts: AsyncIterator[bytes], seconds: float) -> bytes:
    """Return the first bytes of a refusal; it is short, unless it comes from somebody else."""
    found = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for part in parts:
                found += part
                if len(found) > LARGEST_REFUSAL:
                    break
    return bytes(found)

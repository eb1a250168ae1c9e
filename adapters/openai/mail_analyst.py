"""Asking a language model, within its limits, and again where that helps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp
import attrs
from yarl import URL

from adapters.http_client.retrying import Deadline, Pace, Repeat, Retrying
from adapters.http_client.session import open_session
from adapters.http_client.transport import Request, Sent, Server, Transport
from adapters.openai.answers import ANSWER_INVALID, NOT_FOUND, OK, PAUSE, analysis_of, error_of
from adapters.openai.prompt import VERSION, request_body
from domain.correspondence.analysis import Analysis, Means, Wording
from domain.errors import APIConnectionError, ConfigurationError, ThrottledError
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mail_analyst import MailAnalyst

OPENAI: Final = Server(unreachable="OPENAI_UNREACHABLE", setting="OPENAI_BASE_URL")
ATTEMPTS: Final = 4
PAID_ATTEMPTS: Final = 2
"""An answer that cannot be used was paid for."""
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=10)


@attrs.frozen(kw_only=True)
class OpenAIOptions:
    """Which model is asked where. `timeout` bounds a call in all, waiting for others' calls included.

    `base_url` ends before `/chat/completions`: `https://api.openai.com/v1`.
    """

    api_key: str = attrs.field(repr=False)
    model: str
    base_url: str
    max_concurrency: int
    timeout: timedelta


@attrs.frozen(kw_only=True, eq=False)
class OpenAIMailAnalyst(MailAnalyst):
    """Asks over the session that it is given; nothing of a mail or the key is in any error."""

    session: aiohttp.ClientSession = attrs.field(repr=False)
    options: OpenAIOptions
    clock: Clock = attrs.field(repr=False)
    identifiers: Identifiers = attrs.field(repr=False)
    _slots: asyncio.Semaphore = attrs.field(init=False, repr=False)
    _transport: Transport = attrs.field(init=False, repr=False)
    _retrying: Retrying = attrs.field(init=False, repr=False)

    @_slots.default
    def _own_slots(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.options.max_concurrency)

    @_transport.default
    def _own_transport(self) -> Transport:
        return Transport(
            session=self.session,
            clock=self.clock,
            identifiers=self.identifiers,
            server=OPENAI,
            silence=self.options.timeout.total_seconds(),
        )

    @_retrying.default
    def _own_retrying(self) -> Retrying:
        pace = Pace(
            budget=self.options.timeout, attempts=ATTEMPTS, first_pause=FIRST_PAUSE, longest_pause=LONGEST_PAUSE
        )
        return Retrying(clock=self.clock, identifiers=self.identifiers, pace=pace)

    @property
    def means(self) -> Means:
        """The model and the version of what it is asked; each answer is paid for."""
        return Means(name=f"openai:{self.options.model}:prompt-{VERSION}", is_paid=True)

    async def analyse(self, wording: Wording) -> Analysis:
        """Return what the model says of the beginning of the words.

        Raises: as the port says. A server that is too busy without saying for how long is left alone for a minute.
        """
        deadline = self._retrying.deadline()
        await self._slot(deadline)
        try:
            return await self._asked(wording, deadline)
        except ThrottledError as error:
            error.retry_after = error.retry_after or PAUSE
            raise
        except ConfigurationError as error:
            details = {**error.details, "cause": error.error_code}
            raise APIConnectionError(error.message, error_code=OPENAI.unreachable, details=details) from error
        finally:
            self._slots.release()

    async def _slot(self, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(deadline.remaining):
                await self._slots.acquire()
        except TimeoutError:
            msg = (
                "Too many mails wait for the language model: the operator may raise OPENAI_MAX_CONCURRENCY or"
                " OPENAI_TIMEOUT."
            )
            raise APIConnectionError(msg, error_code="OPENAI_BUSY", details={"sent": Sent.NEVER.value}) from None

    async def _asked(self, wording: Wording, deadline: Deadline) -> Analysis:
        request = Request(
            method="POST",
            url=URL(f"{self.options.base_url.rstrip('/')}/chat/completions"),
            json=request_body(wording, self.options.model),
            bearer=self.options.api_key,
        )

        async def attempt(seconds: float) -> Analysis:
            answer = await self._transport.send(request, seconds)
            if answer.status == OK:
                return analysis_of(answer, wording.sent_on)
            raise error_of(answer)

        return await self._retrying.run(attempt, Repeat.ALWAYS, deadline, worth=_worth)


@asynccontextmanager
async def open_openai_analyst(
    options: OpenAIOptions, *, clock: Clock, identifiers: Identifiers, ca_file: Path | None = None
) -> AsyncIterator[OpenAIMailAnalyst]:
    """Open the analyst with an HTTP session of its own.

    Raises:
        ConfigurationError: `ca_file` cannot be read (CA_FILE_UNREADABLE).
    """
    async with open_session(ca_file=ca_file) as session:
        yield OpenAIMailAnalyst(session=session, options=options, clock=clock, identifiers=identifiers)


def _worth(error: APIConnectionError, attempts: int) -> bool:
    if error.error_code == ANSWER_INVALID:
        return attempts < PAID_ATTEMPTS
    return error.error_code != NOT_FOUND

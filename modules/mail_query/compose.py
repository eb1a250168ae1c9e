"""Composition root of mail queries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher
from adapters.logging.mail_query_log import LoggingMailQueryLog
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database
from adapters.system.clock import SystemClock
from application.applications import Applications
from application.mail_queries import MailQueries
from modules.mail_query.settings import MailQuerySettings
from modules.runtime.compose import open_mailboxes

if TYPE_CHECKING:
    from datetime import datetime

    from ports.mailbox import Mailbox


@attrs.frozen(kw_only=True)
class MailQuery:
    """The use cases of this module."""

    queries: MailQueries
    mailbox: "Mailbox"


def now() -> "datetime":
    """Return the time, for what people say relative to it."""
    return SystemClock().now()


def wire(database: Database, mailbox: "Mailbox", applications: Applications, settings: MailQuerySettings) -> MailQuery:
    """Build the use cases on an open database and the process's mailboxes."""
    return MailQuery(
        queries=MailQueries(
            accounts=SqliteAccountStore(database, FernetCipher(settings.encryption.keys), CloudEventCodec()),
            applications=applications,
            mailbox=mailbox,
            log=LoggingMailQueryLog(),
            clock=SystemClock(),
        ),
        mailbox=mailbox,
    )


@asynccontextmanager
async def compose(settings: MailQuerySettings) -> AsyncIterator[MailQuery]:
    """Open the provider, the database and the token service, and wire.

    Raises:
        ConfigurationError: the provider has no mailboxes (PROVIDER_FOR_PRACTICE).
    """
    async with open_mailboxes(settings) as opened:
        yield wire(opened.database, opened.mailbox, opened.applications, settings)

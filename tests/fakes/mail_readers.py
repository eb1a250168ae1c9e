"""Readers of mail that end, stall and are away as a test wants."""

import asyncio
from collections.abc import Sequence

import attrs

from application.mail_reading import MailReading
from domain.correspondence.read_mail import NotRead, ReadMail
from domain.errors import IACSGraphError
from domain.mail_results import ClaimedMail
from ports.mail_readers import READERS_UNAVAILABLE, MailReaders
from tests.fakes.mail_path import DEADLY

STUCK = "stuck"
"""A body that begins so is never read to its end."""


@attrs.define(kw_only=True)
class FragileReaders(MailReaders):
    """Breaks "one that cannot be read affects no other": some bodies end it, with all mails that it was given."""

    reading: MailReading
    are_away: bool = False
    asked: list[int] = attrs.field(factory=list)
    """How many mails came with each call."""

    async def read(self, claimed: Sequence[ClaimedMail]) -> Sequence[ReadMail | NotRead]:
        """Read them as the program does itself."""
        self.asked.append(len(claimed))
        if self.are_away:
            raise IACSGraphError("none", error_code=READERS_UNAVAILABLE, transient=True)
        bodies = [each.mail.body.content for each in claimed if each.mail.body is not None]
        if any(body.startswith(DEADLY) for body in bodies):
            raise IACSGraphError("ended", error_code="READER_ENDED", transient=True)
        if any(body.startswith(STUCK) for body in bodies):
            await asyncio.Event().wait()
        return await self.reading.read(claimed)

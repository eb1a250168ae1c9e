"""The processing of mail on in-memory adapters, with a clock that is moved by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.account_store import MemoryAccountStore
from adapters.memory.analyses import MemoryAnalyses
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.mail_archive import MemoryMailArchive
from adapters.memory.mail_log import MemoryMailLog
from adapters.memory.mail_queue import MemoryMailQueue
from adapters.memory.mail_sync_store import MemoryMailSyncStore
from application.mail_analysis import MailAnalysis
from application.mail_processing import MailProcessing
from application.mail_reading import MailReading
from domain.account import AccountId
from domain.correspondence.senders import ChairRoster
from domain.events import received_event_id
from domain.mail import BodyFormat, Importance, Mail, MailAddress, MailBody
from domain.mail_sync import FolderNews, FolderSync, MailId, mail_id_of
from tests.contracts.samples import enrolment
from tests.fakes.mail_path import FragileText, ScriptedAnalyst

FOLDER = "inbox"
KIM = MailAddress("kim@office.example", "Kim")
NOBODY = MailAddress("no-reply@office.example", "News")


@attrs.define(kw_only=True)
class MailRig:
    """What all processes share. Each processing is another process."""

    clock: MemoryClock = attrs.field(factory=MemoryClock)
    database: MemoryDatabase = attrs.field(
        factory=lambda: MemoryDatabase(cipher=MemoryCipher(), codec=CloudEventCodec())
    )
    identifiers: MemoryIdentifiers = attrs.field(factory=MemoryIdentifiers)
    log: MemoryMailLog = attrs.field(factory=MemoryMailLog)
    users: dict[str, AccountId] = attrs.field(factory=dict)

    @property
    def archive(self) -> MemoryMailArchive:
        """Return what an operator looks at."""
        return MemoryMailArchive(self.database)

    @property
    def announced(self) -> list[str]:
        """Return the ids of all events, in their order."""
        return [event.event_id for event in self.database.outbox if event.topic == "email.received"]

    @property
    def infos(self) -> Mapping[MailId, Any]:
        """Return what is told of each announced or dropped mail."""
        return {mail_id: row.info for mail_id, row in self.database.mail.results.items()}

    async def store(self, *bodies: str, user: str = "ann", sender: MailAddress = KIM) -> Sequence[MailId]:
        """Store mails as a sync does, in their order; the same body comes once only to the same user."""
        account_id = await self._account(user)
        store = MemoryMailSyncStore(self.database)
        known = {each.folder_id: each for each in await store.folders(account_id)}
        sync = known.get(FOLDER) or FolderSync.begun(account_id, FOLDER, "Inbox", None)
        mails = [a_mail(body, sender) for body in bodies]
        await store.save(sync, FolderNews(mails=mails, paths={FOLDER: "Inbox"}), self.clock.now())
        return [mail_id_of(account_id, mail.message_id) for mail in mails]

    def processing(self, **fields: Any) -> MailProcessing:  # noqa: ANN401 - fields of several types
        """Return the processing of another process: one worker, unless told otherwise."""
        shared = {"clock": self.clock, "identifiers": self.identifiers, "log": self.log}
        of_reading = ("text", "offline", "analysis", "readers")
        reading = self.reading(**{name: fields.pop(name) for name in of_reading if name in fields})
        own = {"queue": MemoryMailQueue(self.database, self.clock), "reading": reading, "workers": 1}
        return MailProcessing(**{**shared, **own, **fields})

    def reading(self, **fields: Any) -> MailReading:  # noqa: ANN401
        """Return what reads mails."""
        shared = {"clock": self.clock, "identifiers": self.identifiers}
        own = {"text": FragileText(), "offline": ScriptedAnalyst(says="offline"), "chairs": ChairRoster()}
        return MailReading(**{**shared, **own, **fields})

    def analysis(self, **fields: Any) -> MailAnalysis:  # noqa: ANN401
        """Return the analysis of another process; the analyst is among the fields."""
        shared = {"clock": self.clock, "identifiers": self.identifiers, "log": self.log}
        return MailAnalysis(**{**shared, "analyses": MemoryAnalyses(self.database), **fields})

    async def _account(self, user: str) -> AccountId:
        if user not in self.users:
            change = enrolment(user, at=self.clock.now())
            await MemoryAccountStore(self.database).save(change)
            self.users[user] = change.after.account_id
        return self.users[user]


def a_mail(body: str, sender: MailAddress = KIM) -> Mail:
    """Return a mail that is known by its body; as long as the clock stands, it was received now."""
    return Mail(
        message_id=f"message of {body[:40]}",
        folder_id=FOLDER,
        subject=f"About {body[:40]}",
        sender=sender,
        received_at=MemoryClock().now(),
        is_read=False,
        is_draft=False,
        importance=Importance.NORMAL,
        has_attachments=False,
        body=MailBody(format=BodyFormat.TEXT, content=body),
    )


def events_of(mail_ids: Sequence[MailId]) -> list[str]:
    """Return the ids of the events that announce these mails."""
    return [received_event_id(mail_id) for mail_id in mail_ids]

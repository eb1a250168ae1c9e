"""Made-up mails, what syncs tell of them, and what processing finds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from hypothesis import strategies as st

from domain.account import Account, AccountId
from domain.correspondence.vocabulary import DropReason, MailType, SenderType
from domain.mail import Attachment, AttachmentKind, BodyFormat, Importance, Mail, MailAddress, MailBody
from domain.mail_results import ClaimedMail, EmailInfo, Failed, Processed
from domain.mail_sync import Departure, FolderNews, FolderSync, MailId, Stored, mail_id_of
from ports.event_codec import EncodedEvent
from tests.contracts.rigs import Rig
from tests.contracts.samples import NOW, enrolment

LEASE = timedelta(minutes=2)
SINCE = NOW - timedelta(days=30)
KIM = MailAddress("kim@office.example", "Kim")


def mail(message_id: str = "m1", folder_id: str = "inbox", **fields: Any) -> Mail:  # noqa: ANN401 - fields of many types
    """Return a mail with a body."""
    return Mail(
        **{
            "message_id": message_id,
            "folder_id": folder_id,
            "internet_message_id": f"<{message_id}@office.example>",
            "subject": f"About {message_id}",
            "sender": KIM,
            "received_at": NOW,
            "is_read": False,
            "is_draft": False,
            "importance": Importance.NORMAL,
            "has_attachments": False,
            "version": "1",
            "body": MailBody(format=BodyFormat.TEXT, content=f"The body of {message_id}"),
            **fields,
        }
    )


def mails(*message_ids: str, folder_id: str = "inbox") -> list[Mail]:
    """Return several."""
    return [mail(message_id, folder_id) for message_id in message_ids]


def deleted(message_id: str) -> Departure:
    """Return the news that a mail is gone."""
    return Departure(message_id=message_id, folder_id=None)


def moved(message_id: str, folder_id: str) -> Departure:
    """Return the news that a mail is elsewhere."""
    return Departure(message_id=message_id, folder_id=folder_id)


def info(**fields: Any) -> EmailInfo:  # noqa: ANN401 - fields of many types
    """Return what was found about a mail."""
    return EmailInfo(
        **{
            "received_time": NOW,
            "has_attachments": False,
            "sender_type": SenderType.OTHER,
            "mail_type": MailType.OTHER,
            **fields,
        }
    )


def announced(claimed: ClaimedMail) -> Processed:
    """Return that a mail is to be announced."""
    return Processed(mail_id=claimed.mail_id, info=info(subject=claimed.mail.subject))


def dropped(claimed: ClaimedMail, reason: DropReason = DropReason.NEWSLETTER) -> Processed:
    """Return that a mail is unwanted."""
    return Processed(mail_id=claimed.mail_id, info=info(subject=claimed.mail.subject), dropped=reason)


def failed(claimed: ClaimedMail, after: timedelta = timedelta(minutes=1)) -> Failed:
    """Return that a mail could not be processed, and when it is tried again."""
    return Failed(mail_id=claimed.mail_id, problem="UNREADABLE", retry_at=NOW + after)


@attrs.define
class Copying:
    """An account's mailbox, copied into a rig's store by a sync that keeps the revisions right."""

    rig: Rig
    account: Account
    syncs: dict[str, FolderSync] = attrs.field(factory=dict)

    @property
    def account_id(self) -> AccountId:
        return self.account.account_id

    def sync(self, folder_id: str = "inbox", **fields: Any) -> FolderSync:  # noqa: ANN401 - fields of many types
        """Return the state of a folder from which to go on, changed in some fields."""
        begun = FolderSync.begun(self.account_id, folder_id, folder_id.title(), None)
        return attrs.evolve(self.syncs.get(folder_id, begun), **fields)

    async def save(self, sync: FolderSync, news: FolderNews, now: datetime = NOW) -> Stored:
        """Save a next state."""
        stored = await self.rig.mail_sync.save(sync, news, now)
        self.syncs[sync.folder_id] = attrs.evolve(sync, revision=sync.revision + 1)
        return stored

    async def tell(self, *told: Mail | Departure, folder_id: str = "inbox", now: datetime = NOW) -> Stored:
        """Save mails and departures."""
        news = FolderNews(
            mails=[each for each in told if isinstance(each, Mail)],
            departures=[each for each in told if isinstance(each, Departure)],
        )
        return await self.save(self.sync(folder_id), news, now)

    async def announce(self, *told: Mail) -> None:
        """Save mails and announce them, with whatever else is new."""
        await self.tell(*told)
        await finish_all(self.rig)

    def mail_id(self, message_id: str) -> MailId:
        """Return the id of a mail of this account."""
        return mail_id_of(self.account_id, message_id)


async def copying(rig: Rig, user_id: str = "ann") -> Copying:
    """Enrol an account to be copied."""
    change = enrolment(user_id)
    await rig.accounts.save(change)
    return Copying(rig, change.after)


async def claim(
    rig: Rig, owner: str = "me", now: datetime = NOW, limit: int = 100, only: Sequence[MailId] | None = None
) -> Sequence[ClaimedMail]:
    """Claim for the usual time."""
    return await rig.queue.claim(owner, now, LEASE, limit, only=only)


async def finish_all(rig: Rig, now: datetime = NOW) -> None:
    """Announce whatever is new and was never tried."""
    claimed = await claim(rig, "finisher", now)
    await rig.queue.finish("finisher", now, [announced(each) for each in claimed])


async def drop_all(rig: Rig, now: datetime = NOW) -> Sequence[ClaimedMail]:
    """Drop whatever is new and was never tried."""
    claimed = await claim(rig, "dropper", now)
    await rig.queue.finish("dropper", now, [dropped(each) for each in claimed])
    return claimed


def ids(claimed: Sequence[ClaimedMail]) -> list[str]:
    """Return the message ids."""
    return [each.mail.message_id for each in claimed]


async def mail_events(rig: Rig) -> list[EncodedEvent]:
    """Return the events about mails, in order of appending."""
    return [each for each in await rig.outbox() if each.topic == "email.received"]


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
_IDS = _TEXTS.filter(bool)
_TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
_ADDRESSES = st.builds(MailAddress, st.none() | _TEXTS, st.none() | _TEXTS)
_LISTS = st.lists(_ADDRESSES, max_size=3).map(tuple)
_ATTACHMENTS = st.builds(
    Attachment,
    attachment_id=_IDS,
    name=st.none() | _TEXTS,
    kind=st.sampled_from(AttachmentKind),
    media_type=st.none() | _TEXTS,
    size_bytes=st.integers(0, 2**63 - 1),
    is_inline=st.booleans(),
    content_id=st.none() | _TEXTS,
)
MAILS = st.builds(
    Mail,
    message_id=_IDS,
    folder_id=_IDS,
    internet_message_id=st.none() | _TEXTS,
    conversation_id=st.none() | _TEXTS,
    subject=st.none() | _TEXTS,
    sender=st.none() | _ADDRESSES,
    sent_by=st.none() | _ADDRESSES,
    to=_LISTS,
    cc=_LISTS,
    bcc=_LISTS,
    reply_to=_LISTS,
    received_at=_TIMES,
    sent_at=st.none() | _TIMES,
    changed_at=st.none() | _TIMES,
    is_read=st.booleans(),
    is_draft=st.booleans(),
    importance=st.sampled_from(Importance),
    has_attachments=st.booleans(),
    categories=st.lists(_TEXTS, max_size=3).map(tuple),
    web_link=st.none() | _TEXTS,
    preview=st.none() | _TEXTS,
    version=st.none() | _TEXTS,
    body=st.none() | st.builds(MailBody, format=st.sampled_from(BodyFormat), content=_TEXTS),
    headers=st.none() | st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3).map(tuple),
    attachments=st.none() | st.lists(_ATTACHMENTS, max_size=2).map(tuple),
)
"""Every field of a mail, with any text that is Unicode."""

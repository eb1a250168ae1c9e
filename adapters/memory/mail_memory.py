"""What the stores of mail share in memory."""

from datetime import datetime

import attrs

from domain.account import AccountId
from domain.correspondence.analysis import Analysis, AnalysisKey
from domain.correspondence.vocabulary import DropReason
from domain.mail import Mail
from domain.mail_results import EmailInfo, MailState
from domain.mail_sync import FolderSync, MailId, UnreadableRecord

FolderKey = tuple[AccountId, str]


@attrs.frozen(kw_only=True)
class MailRow:
    """A stored mail. `round`: its folder's in which it was met last, 0 for none. `told`: events after the first."""

    mail_id: MailId
    account_id: AccountId
    mail: Mail
    round: int
    deleted_at: datetime | None = None
    state: MailState = MailState.NEW
    told: int = 0

    @property
    def folder(self) -> FolderKey:
        return self.account_id, self.mail.folder_id


@attrs.frozen(kw_only=True)
class QueueRow:
    """What is kept of a NEW mail."""

    queued_at: datetime
    attempts: int = 0
    owner: str | None = None
    until: datetime | None = None
    retry_at: datetime | None = None
    problem: str | None = None


@attrs.frozen(kw_only=True)
class ResultRow:
    """What became of a mail."""

    info: EmailInfo
    announced_at: datetime | None = None
    dropped: tuple[datetime, DropReason] | None = None
    """When last, and why."""
    restored: tuple[datetime, str] | None = None
    """When last, and by whom."""


@attrs.define(kw_only=True)
class MailMemory:
    """`mails` is in the order of storing. `firsts`: which mail was announced first with an internetMessageId."""

    syncs: dict[FolderKey, FolderSync] = attrs.field(factory=dict)
    paths: dict[FolderKey, str | None] = attrs.field(factory=dict)
    mails: dict[MailId, MailRow] = attrs.field(factory=dict)
    queue: dict[MailId, QueueRow] = attrs.field(factory=dict)
    results: dict[MailId, ResultRow] = attrs.field(factory=dict)
    firsts: dict[str, MailId] = attrs.field(factory=dict)
    unreadable: dict[FolderKey | MailId, UnreadableRecord] = attrs.field(factory=dict)
    analyses: dict[AnalysisKey, Analysis] = attrs.field(factory=dict)

    def copy(self) -> "MailMemory":
        """Return what can be changed without changing this."""
        return MailMemory(**{field.name: dict(getattr(self, field.name)) for field in attrs.fields(MailMemory)})

    def become(self, other: "MailMemory") -> None:
        """Take over what the other holds, all at once."""
        for field in attrs.fields(MailMemory):
            setattr(self, field.name, getattr(other, field.name))

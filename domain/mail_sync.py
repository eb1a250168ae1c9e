"""How far a mailbox has been copied into the store, folder by folder. Nothing is lost or told twice on the way.

A folder goes through rounds: all of it is listed, what was known and not met in the list is looked for, and from then
on its changes are followed. When the mailbox forgets the cursor, the next round begins. What a bounded sync needs of
the past is fetched before, newest first, as a window.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NewType

import attrs

from domain.account import AccountId
from domain.mail import Mail, MailChanges, UnreadableMail
from domain.validation import not_blank, not_negative, optional, utc

MailId = NewType("MailId", str)
"""Identifies a stored mail in all of the system, for good: the same message in another mailbox has another."""

_LENGTH: Final = 32


def mail_id_of(account_id: AccountId, message_id: str) -> MailId:
    """Return the id of an account's message: 32 hexadecimal digits, the same wherever and whenever it is asked for."""
    digest = sha256(f"{len(account_id)}:{account_id}{message_id}".encode("utf-8", "surrogatepass"))
    return MailId(digest.hexdigest()[:_LENGTH])


class SyncPhase(StrEnum):
    """ROUND: all of the folder is being listed. VERIFYING: what the round did not meet is being looked for. FOLLOWING:
    the cursor leads to what changed since. ENDED: the folder is gone, or not wanted any more.
    """

    ROUND = "round"
    VERIFYING = "verifying"
    FOLLOWING = "following"
    ENDED = "ended"


@attrs.frozen(kw_only=True)
class Window:
    """What is still to be fetched of the past: received from the sync's `since` on and before this; None: until now."""

    before: datetime | None = attrs.field(default=None, validator=optional(utc))


@attrs.frozen(kw_only=True)
class FolderSync:
    """How far one folder is.

    `since`: mail received before is not wanted; None: all is. `round` counts the rounds begun. `complete_at`: what had
    happened in the folder by then is stored. `asked_at`: when the changes to which the cursor leads were asked for
    first, as some of them came before; None: not yet. `revision` counts the states that were stored: 0 is none yet.
    """

    account_id: AccountId = attrs.field(validator=not_blank)
    folder_id: str = attrs.field(validator=not_blank)
    path: str
    since: datetime | None = attrs.field(default=None, validator=optional(utc))
    window: Window | None = None
    phase: SyncPhase = SyncPhase.ROUND
    cursor: str | None = attrs.field(default=None, repr=False)
    round: int = attrs.field(default=1, validator=not_negative)
    complete_at: datetime | None = attrs.field(default=None, validator=optional(utc))
    asked_at: datetime | None = attrs.field(default=None, validator=optional(utc))
    revision: int = attrs.field(default=0, validator=not_negative)

    @classmethod
    def begun(cls, account_id: AccountId, folder_id: str, path: str, since: datetime | None) -> "FolderSync":
        """Return where a folder begins that was never synced."""
        window = None if since is None else Window()
        return cls(account_id=account_id, folder_id=folder_id, path=path, since=since, window=window)

    def wants(self, mail: Mail) -> bool:
        """Return whether the mail is recent enough."""
        return self.since is None or mail.received_at >= self.since

    def widened(self, since: datetime | None) -> "FolderSync":
        """Return the state that fetches more of the past; itself if nothing more is wanted."""
        if self.since is None or (since is not None and since >= self.since):
            return self
        window = Window(before=self.since) if self.window is None else self.window
        return attrs.evolve(self, since=since, window=window)

    def fetched(self, down_to: datetime) -> "FolderSync":
        """Return the state once everything of the window received at `down_to` or later is stored."""
        return attrs.evolve(self, window=Window(before=down_to))

    def filled(self) -> "FolderSync":
        """Return the state once the whole window is stored."""
        return attrs.evolve(self, window=None)

    def after(self, changes: MailChanges, asked_at: datetime) -> "FolderSync":
        """Return the state once these changes, asked for at that time, are stored.

        What happens while pages are fetched need not be told on the last of them, only by the next changes.
        """
        first_at = self.asked_at or asked_at
        if not changes.complete:
            return attrs.evolve(self, cursor=changes.cursor, asked_at=first_at)
        done = attrs.evolve(self, cursor=changes.cursor, asked_at=None)
        if self.phase is SyncPhase.ROUND:
            return attrs.evolve(done, phase=SyncPhase.VERIFYING)
        return attrs.evolve(done, complete_at=first_at)

    def verified(self) -> "FolderSync":
        """Return the state once everything that the round did not meet has been looked for."""
        ended = self.cursor is None
        return attrs.evolve(self, phase=SyncPhase.ENDED if ended else SyncPhase.FOLLOWING)

    def restarted(self) -> "FolderSync":
        """Return the state once the mailbox no longer knows the cursor, or a folder that was gone is back."""
        return attrs.evolve(self, phase=SyncPhase.ROUND, cursor=None, asked_at=None, round=self.round + 1)

    def lost(self) -> "FolderSync":
        """Return the state once the folder is gone: its mails are looked for as if a round had met none."""
        return attrs.evolve(
            self, phase=SyncPhase.VERIFYING, cursor=None, asked_at=None, window=None, round=self.round + 1
        )


def steps_of(syncs: Iterable[FolderSync]) -> int:
    """Return how many steps were stored of an account that has these folders."""
    return sum(sync.revision for sync in syncs)


@attrs.frozen(kw_only=True)
class Departure:
    """A mail that is no longer where it was. `folder_id` is where it is now; None: it was deleted."""

    message_id: str
    folder_id: str | None


@attrs.frozen(kw_only=True)
class FolderNews:
    """What one step of a sync found. `mails` are stored if they are unknown, else brought up to date.

    `seen` is how many steps of the account's sync were stored when the mailbox was asked where these mails are; None:
    they are in the step's own folder, or gone, and what comes later is told there.

    `recovered` are ids of mails that could not be read before and now are among `mails`, or are gone;
    `nameless_recovered`: the same of all in this folder whose ids are not known. `paths` names folders by their id, for
    events.
    """

    mails: Sequence[Mail] = ()
    departures: Sequence[Departure] = ()
    unreadable: Sequence[UnreadableMail] = ()
    recovered: Sequence[str] = ()
    nameless_recovered: bool = False
    paths: Mapping[str, str] = attrs.field(factory=dict)
    seen: int | None = None


@attrs.frozen(kw_only=True)
class Stored:
    """How many mails a step brought about. A mail that did not change counts nowhere."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    deleted: int = 0

    def plus(self, other: "Stored") -> "Stored":
        """Return both together."""
        return Stored(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            moved=self.moved + other.moved,
            deleted=self.deleted + other.deleted,
        )


@attrs.frozen(kw_only=True)
class KnownMail:
    """What the store knows of a message's whereabouts."""

    message_id: str
    folder_id: str
    is_deleted: bool


@attrs.frozen(kw_only=True)
class UnreadableRecord:
    """A message that could not be read when it was last tried; `message_id` None: not even that is known."""

    account_id: AccountId
    folder_id: str
    message_id: str | None
    problem: str
    first_at: datetime
    last_at: datetime

"""Mailboxes as far as they have been copied."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.account import AccountId
from domain.mail_sync import FolderNews, FolderSync, KnownMail, Stored, UnreadableRecord


class MailSyncStore(Protocol):
    """Keeps mails with the state of the sync that brought them. All methods raise DatabaseError if the store failed.

    Halves of surrogate pairs are replaced in whatever is stored (see `as_unicode`): no mail is lost because of them.
    """

    @abstractmethod
    async def folders(self, account_id: AccountId) -> Sequence[FolderSync]:
        """Return every folder that was ever begun, in the order of their ids; empty if the account is unknown.

        Raises: as above.
        """

    @abstractmethod
    async def save(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Store what was found together with how far the folder now is, durably, or nothing of it.

        `sync` is the next state of the one whose revision it carries; the stored one's revision is one higher then. A
        mail is identified by account and message id, and an unknown one is stored as NEW. A known one is brought up to
        date, unless its version is the stored one; body, headers and attachments are only added where the store has
        none. In the sync's own folder it counts as met in `sync.round`; come to another folder, as not yet met there.

        It has moved if its folder is another than stored, or if it was deleted and is told of again. A departure of an
        unknown or deleted mail is passed over; one to the folder where it is stored changes nothing. Of mails that are
        told several times the last counts, also of departures; these come after `mails`. Counted is what a mail came
        to by each of the two: moved, else changed (always, if it has no version that could be the same).

        For every move and deletion of a mail that is ANNOUNCED the store appends `MailMoved` or `MailDeleted` to the
        outbox, in the order of `news`; of others nothing is told (see `MailQueue.finish`). Folders have the path that
        was told last, in `sync` or `paths`.

        Unreadable mails are kept, each id once, and at last forgotten when they are `recovered`; those whose id is not
        known count once per folder, and are forgotten by `nameless_recovered`, but for those that are told with it.

        Raises:
            ConflictError: another sync went on from this state, or stored anything of the account after `news.seen`
                (SYNC_OVERTAKEN). Nothing was written.
            NotFoundError: there is no such account (ACCOUNT_UNKNOWN).
        """

    @abstractmethod
    async def known(self, account_id: AccountId, message_ids: Sequence[str]) -> Mapping[str, KnownMail]:
        """Return those of the messages that are stored, by message id, deleted ones among them.

        Raises: as above.
        """

    @abstractmethod
    async def unmet(self, sync: FolderSync, limit: int) -> Sequence[str]:
        """Return up to `limit` message ids of mails that are stored as being in the folder, are not deleted, and were
        not met in its present round; in any order.

        Raises: as above.
        """

    @abstractmethod
    async def message_ids(
        self, account_id: AccountId, folder_id: str, *, after: str | None = None, limit: int = 10_000
    ) -> Sequence[str]:
        """Return up to `limit` message ids of what is stored as being in the folder and is not deleted, in order,
        behind `after`, which need not be one of them.

        Raises: as above.
        """

    @abstractmethod
    async def unreadable(self, account_id: AccountId) -> Sequence[UnreadableRecord]:
        """Return what could not be read so far, by when that was first so, oldest first.

        Raises: as above.
        """

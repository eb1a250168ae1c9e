"""Stored mails that are yet to be processed."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.mail_results import ClaimedMail, Failed, Processed, QueueDepth
from domain.mail_sync import MailId

LONGEST_RETRY: Final = timedelta(days=1)
"""A time to be tried again that is later than this from now is not believed: the clock was set back since."""


class MailQueue(Protocol):
    """Hands each NEW mail to one worker at a time. All methods raise DatabaseError if the store failed."""

    @abstractmethod
    async def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None = None
    ) -> Sequence[ClaimedMail]:
        """Make up to `limit` NEW mails `owner`'s until `now` + `lease`, and return them: longest stored first.

        Whose claim has not ended, be it `owner`'s, and whose time to be tried again has not come, is left out, but for
        the latter if it is named in `only`. A mail that was claimed before without success, so that it may have brought
        its worker down, comes alone: a claim has either such a mail or others, and others go first; of such mails that
        with the fewest attempts, so that one that always brings its worker down keeps no other waiting. A claim that
        ends later than `now` + `LONGEST_CLAIM` is not believed.

        A mail that the store can no longer read is passed over: it counts as failing, and is looked at again after
        `LONGEST_RETRY`, or when it is named.

        Raises: as above.
        """

    @abstractmethod
    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Store the results with the mails' new states and events, all together and durably; return whose were stored,
        in this order, failed ones last.

        Passed over are mails that are no longer NEW, or not `owner`'s any more: a claim that ended is still the
        owner's until somebody else makes one. Of a mail that is named several times the first result counts. Events are
        appended to the outbox in the order of `processed`. An announced mail's `EmailReceived` gets its duplicate: the
        mail that was announced first with the same internetMessageId, in any account, unless it has none. If the mail
        is deleted by now, `MailDeleted` follows, which occurred when that was noticed. A failed mail stays NEW, with
        its problem, and is nobody's.

        Raises: as above.
        """

    @abstractmethod
    async def release(self, owner: str) -> None:
        """Give back whatever `owner` has claimed and not finished; the claims do not count as attempts.

        Raises: as above.
        """

    @abstractmethod
    async def restore(self, mail_id: MailId, actor: str, now: datetime) -> bool:
        """Make a DROPPED mail NEW again, to be announced whatever it looks like; False if it is not DROPPED. Who did so
        and when is stored, and why it had been dropped remains.

        Raises: as above; NotFoundError: there is no such mail (MAIL_UNKNOWN).
        """

    @abstractmethod
    async def depth(self) -> QueueDepth:
        """Return how much waits.

        Raises: as above.
        """

    @abstractmethod
    async def wait(self, longest: timedelta) -> None:
        """Return when this process may have stored mail that was unknown since the last call, at the latest after
        `longest`; what other processes store, and what is restored, need not end it.

        Raises: nothing.
        """

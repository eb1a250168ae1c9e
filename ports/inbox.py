"""Which events were handled: for handlers whose effect is in no store that takes `handled`.

The order of asking, effect and remembering is what a handler promises; nothing here can make the effect exactly once.

    is_handled, effect, accept   at least once: the effect is made again if the process dies, or the handler fails or
                                 is cancelled, between effect and accept. Nothing is lost.
    accept, effect               at most once: the event is lost, without a dead letter, if the process dies or the
                                 effect fails, also for a while only: the next attempt is told that it was handled, and
                                 so is one after a replay. Only where twice is worse than never.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.messages import Handled


class Inbox(Protocol):
    """Remembers who handled what. Stores write to it in the transaction of the effect.

    All methods raise DatabaseError if the store failed.
    """

    @abstractmethod
    async def is_handled(self, handled: Handled) -> bool:
        """Return whether it is remembered, by `accept` or by a store, that the group handled the event.

        Durable when True; two who ask at once may both be told False.

        Raises: as above.
        """

    @abstractmethod
    async def accept(self, handled: Handled, now: datetime) -> bool:
        """Remember durably that the group handled the event; False if it was remembered before, of many callers to all
        but one. It cannot be taken back, whatever becomes of the effect.

        Raises: as above.
        """

    @abstractmethod
    async def trim(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` entries made before that time; return how many.

        Raises: as above.
        """

"""Which messages a query finds. What was found is kept while the mailbox does not change, so that pages cost little."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

import attrs

from modules.simulator.mail.kql import Query
from modules.simulator.mail.mailbox import Folder, Mailbox, Message
from modules.simulator.mail.odata_filter import Filter
from modules.simulator.mail.odata_options import Order, sort
from modules.simulator.mail.ordering import Ordered

MOST_FOUND: Final = 1000
"""A search finds no more than these, the newest."""
_KEPT: Final = 32
_NEWEST_FIRST: Final = ("receivedDateTime", True)


@attrs.frozen(kw_only=True)
class Asked:
    """A query, in a folder or (None) in all of them."""

    folder: Folder | None = None
    where: Filter | None = None
    order_by: tuple[Order, ...] = ()
    search: Query | None = None

    @property
    def _by_time(self) -> bool | None:
        """Whether it is everything, by time: newest first (True) or last (False); None if it is anything else."""
        if self.where or self.search:
            return None
        orders = [(each.path, each.descending) for each in self.order_by] or [_NEWEST_FIRST]
        return orders[0][1] if len(orders) == 1 and orders[0][0] == _NEWEST_FIRST[0] else None

    def _text(self) -> tuple[object, ...]:
        orders = tuple((each.path, each.descending) for each in self.order_by)
        folder_id = self.folder.folder_id if self.folder else None
        return folder_id, self.where and self.where.text, orders, self.search and self.search.text


@attrs.frozen(kw_only=True)
class Found:
    """Part of what was found, and of how many."""

    messages: Sequence[Message]
    total: int


class Views:
    """What the latest queries found, each until its mailbox changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[int, list[Message]]] = {}

    def find(self, mailbox: Mailbox, asked: Asked, skip: int, count: int) -> Found:
        everything = asked.folder.messages if asked.folder else mailbox.all_messages
        newest_first = asked._by_time  # noqa: SLF001 - of this file
        if newest_first is not None:
            return Found(messages=_slice(everything, skip, count, newest_first=newest_first), total=len(everything))
        matches = self._matches(mailbox, asked, everything)
        return Found(messages=matches[skip : skip + count], total=len(matches))

    def _matches(self, mailbox: Mailbox, asked: Asked, everything: Ordered[Message]) -> list[Message]:
        key = (mailbox.user.object_id, *asked._text())  # noqa: SLF001 - of this file
        revision, found = self._known.pop(key, (-1, []))
        if revision != mailbox.revision:
            found = _evaluated(asked, everything.newest_first)
        self._known[key] = (mailbox.revision, found)
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return found


def _slice(everything: Ordered[Message], skip: int, count: int, *, newest_first: bool) -> Sequence[Message]:
    if not newest_first:
        return everything.ascending[skip : skip + count]
    end = max(0, len(everything) - skip)
    return everything.ascending[max(0, end - count) : end][::-1]


def _evaluated(asked: Asked, newest_first: Sequence[Message]) -> list[Message]:
    if asked.search:
        return list(islice(filter(asked.search.matches, newest_first), MOST_FOUND))
    matches = filter(asked.where.matches, newest_first) if asked.where else newest_first
    return sort(matches, asked.order_by)

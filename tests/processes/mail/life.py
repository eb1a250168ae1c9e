"""What goes on in mailboxes: mail comes, and is filed, changed, deleted and fetched back; and what goes wrong there."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import attrs

from modules.simulator import faults
from modules.simulator.correspondence.live import Live
from modules.simulator.garbling import DAMAGES
from modules.simulator.mail.mailbox import Folder, Mailbox, Message
from modules.simulator.simulator import Simulator

NOT_SYNCED = frozenset({"drafts", "outbox", "sentitems", "junkemail", "deleteditems"})
_PAUSE = 1.0
"""Seconds between two deeds when nothing is asked for."""
_URGENT = 2.0
"""Seconds between two urges."""
_LIFETIME, _LATER = timedelta(minutes=30), timedelta(minutes=35)
_MOVED_AT_ONCE = 25


@attrs.define(kw_only=True)
class Life:
    """Its methods are called where the simulator runs. `known` is every message that ever was, with its mailbox."""

    simulator: Simulator
    live: Live
    mailboxes: Sequence[Mailbox]
    bounded: Sequence[Mailbox]
    chance: random.Random
    known: list[tuple[Mailbox, Message]]
    pause: float = _PAUSE
    urge: Callable[[], object] | None = None
    """What somebody does again and again, besides."""
    is_quiet: bool = False
    _told: int = 0
    _folders: "count[int]" = attrs.field(factory=lambda: count(1))

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Let people do something every now and then, as long as the block runs."""
        switches = self.simulator.switches
        switches.delta_partial_updates = switches.delta_replays = switches.delta_empty_pages = True
        switches.token_lifetime = _LIFETIME
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._go_on())
            yield
            task.cancel()

    async def _go_on(self) -> None:
        urged = 0.0
        while True:
            await asyncio.sleep(self.pause)
            if not self.is_quiet:
                self.step()
            if self.urge is not None and time.monotonic() > urged + _URGENT:
                urged = time.monotonic()
                self.urge()

    def step(self) -> None:
        """Let a mail come, and somebody do something with another one."""
        self.live.step()
        arrivals = self.live.arrivals
        self.known += [(each.mailbox, each.message) for each in arrivals[self._told :]]
        self._told = len(arrivals)
        self._deed()

    def _deed(self) -> None:
        mailbox = self.chance.choice(self.mailboxes)
        message = self.some_message(mailbox)
        deeds: list[tuple[int, Callable[[], object]]] = [
            (3, lambda: mailbox.delete(message)),
            (3, lambda: mailbox.move(message, "deleteditems")),
            (3, lambda: mailbox.move(message, self.chance.choice(["inbox", "archive", "Panels/PL"]))),
            (2, lambda: mailbox.change(message, is_read=not message.is_read)),
            (2, lambda: mailbox.change(message, categories=("Red category",))),
            (2, lambda: self._fetch_back(mailbox)),
        ]
        weights, acts = zip(*deeds, strict=True)
        self.chance.choices(acts, weights)[0]()

    def some_message(self, mailbox: Mailbox) -> Message:
        """Return a message that is there, in a folder that is synced."""
        found = [each for each in mailbox.all_messages.newest_first[:200] if is_synced(each.folder)]
        return self.chance.choice(found)

    def _fetch_back(self, mailbox: Mailbox) -> None:
        """Let somebody find a mail among the deleted ones."""
        deleted = mailbox.messages("deleteditems")
        if deleted:
            mailbox.move(self.chance.choice(deleted), "inbox")

    def busy(self, deeds: int) -> None:
        """Let much happen at once."""
        for _ in range(deeds):
            self.step()

    def forget(self, mailbox: Mailbox, deletions: int = 3) -> None:
        """Let a mailbox forget all cursors, and what was deleted since they were last asked for with them."""
        for _ in range(deletions):
            mailbox.delete(self.some_message(mailbox))
        mailbox.expire_deltas()
        self.simulator.switches.delta_resync_location = self.chance.random() < 0.5

    def rearrange(self) -> None:
        """Let somebody begin a folder, whose past is then wanted: a window is filled."""
        mailbox = self.chance.choice(self.bounded)
        folder = mailbox.add_folder(f"Project {next(self._folders)}")
        for _ in range(_MOVED_AT_ONCE):
            mailbox.move(self.some_message(mailbox), folder)

    def go_wrong(self) -> None:
        """Let a few requests meet with something. Faults are used up by being met."""
        chance, add = self.chance, self.simulator.faults.add
        endpoint = chance.choice(["folders", "delta", "batch"])
        found = [
            faults.status(429, retry_after=chance.choice([0, 1]), endpoint=endpoint, times=1),
            faults.status(chance.choice([500, 502, 503, 504]), endpoint=endpoint, times=1),
            faults.html(endpoint="delta", times=1),
            faults.truncated(endpoint=endpoint, times=1),
            faults.dropped(endpoint=endpoint, before=chance.random() < 0.5, times=1),
            faults.slow(0.1, endpoint="delta", before=False, times=2),
            faults.garbled(chance.choice(DAMAGES), nth=chance.randrange(5), endpoint="delta", times=1),
            faults.aadsts(90033, times=1),
            faults.dropped(endpoint="token", times=1),
        ]
        if not self.is_quiet and len(self.simulator.faults.all) < len(found):
            for fault in chance.sample(found, 2):
                add(fault)

    def let_tokens_expire(self) -> None:
        """Let the time pass in which tokens are good."""
        self.simulator.clock.advance(_LATER)

    def challenge(self, mailbox: Mailbox) -> None:
        """Let a token be refused once, though it is good."""
        self.simulator.mail.conditions.challenge(mailbox.user, once=True)

    def revoke(self, mailbox: Mailbox) -> None:
        """End the grant of a mailbox's owner, and let that be noticed."""
        self.simulator.revoke_sessions(mailbox.user.upn)
        self.challenge(mailbox)

    def end(self) -> None:
        """Let nothing happen any more, and nothing go wrong."""
        self.is_quiet = True
        self.simulator.faults.clear()
        for mailbox in self.mailboxes:
            self.simulator.mail.conditions.withdraw(mailbox.user)
            self.simulator.mail.conditions.put(mailbox.user, "ready")


def is_synced(folder: Folder) -> bool:
    """Return whether the folder is none of those that are left out, nor inside of one."""
    above: Folder | None = folder
    while above is not None:
        if above.well_known in NOT_SYNCED:
            return False
        above = above.parent
    return True

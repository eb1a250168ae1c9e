"""Kills whoever carries mail, in named windows and at any moment, while mailboxes are used and fail; others go on."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta

import attrs

from adapters.sqlite.timestamps import to_text
from adapters.system.clock import SystemClock
from modules.simulator.mail.mailbox import Mailbox
from tests.fakes.shared_watched_mail import (
    ANALYSED,
    CLAIMED,
    FETCHED,
    FILLING,
    FINISHED,
    FINISHING,
    RELISTING,
    SAVED,
    SAVING,
    VERIFYING,
)
from tests.fakes.shared_watched_relay import AFTER_SEND, BEFORE_SEND
from tests.processes.driver import PATIENCE
from tests.processes.events.way import Player, Way
from tests.processes.mail.life import is_synced
from tests.processes.mail.stage import Stage, user_id

UP = "up"
"""The role of those who are killed."""
PAGE_FETCHED, PAGE_SAVING = "killed with a page fetched, before it is stored", "killed in the middle of storing a page"
PAGE_SAVED, WINDOW = "killed with a page stored, before the next", "killed between the pages of a window"
ROUND, UNMET = "killed in the middle of a resync's round", "killed while verifying what a round did not meet"
MAIL_CLAIMED, MAIL_ANALYSED = "killed with mails claimed", "killed with an analysis kept, before the result is"
RESULT_SAVING, RESULT_SAVED = (
    "killed in the middle of storing results",
    "killed with results stored, before events leave",
)
EVENT_SEND, EVENT_MARK = "killed before events are sent", "killed with events sent, before the relay is told"
ANY_MOMENT = "killed at any moment"
LATE_PAGE, REVOKED = "late with a page that others have gone beyond", "grant revoked, and a new sign-in"
ENDED = "told to end"

_LONGEST_PAUSE = 1.0
_EXPIRY = 60.0
"""Seconds between two times that tokens expire: an account may refresh ten times in five minutes."""
_LONG = 2 * PATIENCE
"""Longer than the lease of a refresh that was killed."""
_OVERTAKEN = 10.0
_DROPPED = "SELECT mail_id FROM mails WHERE state = 'dropped'"
_LEFT = (
    "SELECT (SELECT count(*) FROM mail_queue), (SELECT count(*) FROM unreadable_mails),"
    " (SELECT count(*) FROM outbox WHERE position NOT IN (SELECT position FROM outbox_published))"
)
_DONE = (
    "SELECT f.folder_id FROM folder_syncs AS s JOIN mail_folders AS f ON f.folder = s.folder"
    " WHERE s.phase = 'following' AND s.complete_at > ?"
)
_LAPSE = "UPDATE unreadable_mails SET first_at = ?, last_at = ?"


@attrs.define(eq=False, kw_only=True)
class Storm:
    """So many of the `cast` are at work at a time."""

    way: Way
    stage: Stage
    chance: random.Random
    cast: int = 2
    mishaps: bool = True
    expiry: bool = False
    """Whether tokens expire. Nobody can sign in any more when the provider's clock was moved on for that."""
    hits: Counter[str] = attrs.field(factory=Counter, init=False)
    _expired: float = attrs.field(factory=time.monotonic, init=False)

    @property
    def kills_by_window(self) -> Mapping[str, Callable[[], None]]:
        """What is done, by name, of which each has its window."""
        life = self.stage.life
        return {
            PAGE_FETCHED: lambda: self.kill_at(FETCHED),
            PAGE_SAVING: lambda: self.kill_at(SAVING),
            PAGE_SAVED: lambda: self.kill_at(SAVED),
            WINDOW: lambda: self.kill_at(FILLING, life.rearrange),
            ROUND: lambda: self.kill_at(RELISTING, self._forget),
            UNMET: lambda: self.kill_at(VERIFYING, self._forget),
            MAIL_CLAIMED: lambda: self.kill_at(CLAIMED),
            MAIL_ANALYSED: lambda: self.kill_at(ANALYSED),
            RESULT_SAVING: lambda: self.kill_at(FINISHING),
            RESULT_SAVED: lambda: self.kill_at(FINISHED),
            EVENT_SEND: lambda: self.kill_at(BEFORE_SEND),
            EVENT_MARK: lambda: self.kill_at(AFTER_SEND),
        }

    @property
    def blows(self) -> Mapping[str, Callable[[], None]]:
        """What is done, by name; those that kill begin with that word."""
        others = {
            ANY_MOMENT: self.kill_at_random,
            LATE_PAGE: self.delay_page,
            REVOKED: self.revoke,
            ENDED: self.dismiss,
        }
        return {**self.kills_by_window, **others}

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(number for name, number in self.hits.items() if name.startswith("killed "))

    def begin(self) -> None:
        """Let everybody start."""
        for _ in range(self.cast):
            self.way.play(UP)

    def strike(self, name: str) -> None:
        """Do one thing, with some mishaps, and count it."""
        if self.mishaps:
            self._let_go_wrong()
        self.stage.do(lambda: self.stage.life.busy(2))
        self.blows[name]()
        self.hits[name] += 1

    def calm(self) -> bool:
        """Let nothing happen any more and the others finish; False if nothing moves any more."""
        self.stage.do(self.stage.life.end)
        began, known = SystemClock().now(), set(self._folders())
        state, moved = self._state(to_text(began), known), time.monotonic()
        while any(state):
            if state[2]:
                self._let_mending_be_due()
            self.way.listen(0.2)
            self.way.ready(UP)
            now = self._state(to_text(began), known)
            if now != state:
                state, moved = now, time.monotonic()
            if time.monotonic() > moved + _LONG:
                return False
        for player in tuple(self.way.players):
            self.way.dismiss(player)
        return True

    def kill_at(self, window: str, urge: Callable[[], object] | None = None) -> None:
        """Kill the first who comes to the window; `urge` makes somebody come there."""
        self.stage.life.urge = urge
        try:
            player = self.way.first_at(window, UP)
        finally:
            self.stage.life.urge = None
        self._replace(player)

    def kill_at_random(self) -> None:
        """Kill anyone, any time."""
        self.way.ready(UP)
        deadline = time.monotonic() + self.chance.uniform(0, _LONGEST_PAUSE)
        while (left := deadline - time.monotonic()) > 0:
            self.way.listen(left)
        self._replace(self.chance.choice(self.way.ready(UP)))

    def delay_page(self) -> None:
        """Let somebody store a page of mails that are deleted, and stored as deleted by another, meanwhile."""
        self._wait(lambda: self.way.all_ready(UP), PATIENCE)
        self.stage.life.urge = lambda: self._forget(0)
        late = self.way.first_at(FETCHED, UP)
        self.stage.life.urge = None
        page = set(late.worker.call("page"))
        self.stage.do(lambda: self._delete(page))
        self._wait(lambda: self._are_deleted(page), _OVERTAKEN)
        self.way.let_go(late, FETCHED)

    def revoke(self) -> None:
        """Let a grant end, until that is noticed; then the owner signs in again."""
        mailbox = self.chance.choice(self.stage.life.mailboxes)
        self.stage.do(lambda: self.stage.life.revoke(mailbox))
        sql = "SELECT status FROM accounts WHERE user_id = ?"
        self._wait(lambda: self.way.rows(sql, user_id(mailbox)) == [("REAUTH_REQUIRED",)], PATIENCE)
        self.stage.sign_in(mailbox)

    def dismiss(self) -> None:
        """Let one end as programs should, and another one come."""
        player = self.chance.choice(self.way.ready(UP))
        self.way.play(UP)
        self.way.dismiss(player)

    def _replace(self, player: Player) -> None:
        self.way.kill_player(player)
        self.way.play(UP)

    def _forget(self, deletions: int = 3) -> None:
        life = self.stage.life
        life.forget(self.chance.choice(life.mailboxes), deletions)

    def _let_go_wrong(self) -> None:
        stage, life = self.stage, self.stage.life
        if self.chance.random() < 0.6:
            stage.do(life.go_wrong)
        if self.chance.random() < 0.1:
            stage.do(lambda: life.challenge(self.chance.choice(life.mailboxes)))
        if self.expiry and time.monotonic() > self._expired + _EXPIRY:
            self._expired = time.monotonic()
            stage.do(life.let_tokens_expire)
        if self.chance.random() < 0.3:
            self._restore()

    def _restore(self) -> None:
        """Let somebody restore a mail that was dropped."""
        dropped = self.way.rows(_DROPPED)
        if dropped:
            ready = self.chance.choice(self.way.ready(UP))
            ready.worker.call("restore", mail_id=self.chance.choice(dropped)[0])

    def _delete(self, message_ids: set[str]) -> None:
        for mailbox in self.stage.life.mailboxes:
            for message in mailbox.all_messages.newest_first:
                if message.immutable_id in message_ids:
                    mailbox.delete(message)

    def _are_deleted(self, message_ids: set[str]) -> bool:
        rows = self.way.rows("SELECT message_id FROM mails WHERE is_deleted = 0")
        return message_ids.isdisjoint(message_id for (message_id,) in rows)

    def _folders(self) -> list[str]:
        life = self.stage.life
        return self.stage.do(lambda: [each for mailbox in life.mailboxes for each in _followed(mailbox)])

    def _state(self, began: str, folders: set[str]) -> tuple[int, ...]:
        """Return how many folders are not complete, and how much is left to be processed, read, and sent."""
        done = {folder_id for (folder_id,) in self.way.rows(_DONE, began)}
        return (len(folders - done), *self.way.rows(_LEFT)[0])

    def _let_mending_be_due(self) -> None:
        """Let the time pass after which a mail that came damaged is looked for again."""
        before = to_text(SystemClock().now() - timedelta(hours=1))
        with closing(sqlite3.connect(self.way.database, timeout=60)) as connection, connection:
            connection.execute(_LAPSE, (before, before))

    def _wait(self, done: Callable[[], bool], patience: float) -> bool:
        deadline = time.monotonic() + patience
        while not done():
            if time.monotonic() > deadline:
                return False
            self.way.listen(0.1)
        return True


def _followed(mailbox: Mailbox) -> list[str]:
    return [each.folder_id for each in mailbox.folders if each.parent is not None and is_synced(each)]

"""Whatever happens in the mailbox between two steps, and wherever a sync breaks off: nothing is lost or told twice."""

import asyncio
import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import APIConnectionError, ConflictError, ThrottledError
from domain.mail import FolderRole
from domain.mail_sync import Stored
from tests.application.mail_sync_rig import NEWS, SyncRig, open_memory_sync_rig
from tests.contracts.letters import NOON, SECOND, draft
from tests.contracts.mailbox_benches import MemoryMailboxBench
from tests.contracts.properties import QUICK
from tests.fakes.sync_path import TurningMailbox, TurningSyncStore

ACTS = ("deliver", "deliver", "move", "move", "move", "mark", "delete", "forget", "folder", "no folder")
BREAKS = ("fail", "throttle", "cancel", "overtake")
Turn = tuple[str, int, int]
"""What, which mail, which folder."""


def turns_of(*acts: str) -> st.SearchStrategy[Turn]:
    """Draw one of these."""
    return st.tuples(st.sampled_from(acts), st.integers(0, 5), st.integers(0, 3))


DEEDS = turns_of(*ACTS)
TURNS = st.one_of(DEEDS, DEEDS, turns_of("nothing"), turns_of(*BREAKS))
SYNCS = st.lists(st.tuples(st.lists(DEEDS, max_size=6), st.lists(TURNS, max_size=12)), min_size=1, max_size=8)
"""What happens before each sync, and at its calls."""
FEW = settings(QUICK, max_examples=30)


@attrs.define(kw_only=True)
class Game:
    """`turns` are what happens at the calls of the sync, one after the other; then nothing more does."""

    rig: SyncRig
    bench: MemoryMailboxBench
    turns: list[Turn] = attrs.field(factory=list)
    number: int = 0
    added: list[str] = attrs.field(factory=list)

    @property
    def places(self) -> list[str]:
        """The folders in which mails are."""
        roles = (FolderRole.INBOX, FolderRole.ARCHIVE, FolderRole.DELETED)
        return [*(self.bench.folder_id(role) for role in roles), *self.added]

    async def turn(self, call: str) -> None:
        """Let happen what comes next."""
        await asyncio.sleep(0)
        if not self.turns:
            return
        act, mail, place = self.turns.pop(0)
        match act:
            case "fail":
                raise APIConnectionError("It failed.")
            case "throttle":
                raise ThrottledError("Wait.")
            case "cancel":
                raise asyncio.CancelledError
            case "overtake":
                if call == "save":
                    raise ConflictError("Another.", error_code="SYNC_OVERTAKEN")
            case _:
                self.act(act, mail, place)

    def act(self, act: str, mail: int, place: int) -> None:
        """Do what senders and the owner do."""
        mails = sorted(self.bench.memory._states[self.bench.owner.user_id].mails)  # noqa: SLF001 - the mailbox's own
        chosen = mails[mail % len(mails)] if mails else None
        if act == "deliver" or chosen is None:
            self.number += 1
            self.bench.deliver(draft(mail * 2 + place), self.places[place % len(self.places)])
        elif act == "move":
            self.bench.move(chosen, self.places[place % len(self.places)])
        elif act == "mark":
            self.bench.mark(chosen, is_read=bool(place % 2))
        elif act == "delete":
            self.bench.delete(chosen)
        elif act == "forget":
            self.bench.forget_cursors()
        elif act == "folder":
            self.number += 1
            self.added.append(self.bench.add_folder(f"Folder {self.number}"))
        elif act == "no folder" and self.added:
            self.bench.memory.remove_folder(self.bench.owner, self.added.pop(place % len(self.added)))


def told(rig: SyncRig) -> dict[str, list[dict[str, Any]]]:
    """Return what was told about each mail later than that it came, in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in rig.rig.database.outbox:
        if event.headers["ce_type"] in NEWS:
            value = json.loads(event.value)
            found.setdefault(value["mail_id"], []).append(value)
    return found


def check_story(rig: SyncRig) -> None:
    """Check that what was told about each mail is a way from one folder to the next, without a step twice."""
    rows = {row.mail_id: row for row in rig.rows}
    for mail_id, story in told(rig).items():
        assert len({value["event_id"] for value in story}) == len(story)
        place: str | None = story[0].get("from_folder_id") or story[0].get("folder_id")
        for value in story:
            if value["event_type"] == "mail_deleted":
                assert value["folder_id"] == place
                place = None
            else:
                assert value["from_folder_id"] == place
                assert value["to_folder_id"] != place
                place = value["to_folder_id"]
        row = rows[mail_id]
        assert place == (None if row.deleted_at else row.mail.folder_id)


async def play(syncs: list[tuple[list[Turn], list[Turn]]], since: datetime | None) -> None:
    """Sync again and again while things happen, then once in peace; compare."""
    async with open_memory_sync_rig(page_size=2) as (rig, bench):
        game = Game(rig=rig, bench=bench)
        unruly = rig.with_parts(TurningMailbox(bench.mailbox, game.turn), TurningSyncStore(rig.store, game.turn))
        for deeds, turns in syncs:
            for deed in deeds:
                game.act(*deed)
            game.turns = list(turns)
            with suppress(asyncio.CancelledError):
                await unruly.attempt(since)
            await rig.announce()
        game.turns = []
        await rig.run(since)
        await rig.check(since)
        check_story(rig)
        assert (await rig.run(since)).stored == Stored()


@given(SYNCS)
@FEW
def test_the_store_ends_as_an_image_of_the_mailbox(syncs: list[tuple[list[Turn], list[Turn]]]) -> None:
    """All of it is wanted."""
    asyncio.run(play(syncs, None))


@given(SYNCS)
@FEW
def test_of_a_bounded_sync_nothing_of_the_window_is_missing(syncs: list[tuple[list[Turn], list[Turn]]]) -> None:
    """What was received before the bound is not wanted."""
    asyncio.run(play(syncs, NOON + 6 * SECOND))

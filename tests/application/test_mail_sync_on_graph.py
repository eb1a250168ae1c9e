"""The sync against the simulated Microsoft Graph: everything that delta queries may do, faults of all kinds, size."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from domain.mail import FolderRole
from domain.mail_sync import Stored, SyncPhase
from modules.simulator.faults import Fault, dropped, garbled, graph, html, truncated
from modules.simulator.garbling import DAMAGES
from tests.application.mail_sync_rig import NEWS, SyncRig, open_sync_rig
from tests.contracts.letters import NOON, SECOND, draft
from tests.contracts.mailbox_benches import GraphMailboxBench

ALL, WANTED = 6500, 5500
ENDPOINTS = ("graph", "delta", "message", "messages", "folders", "batch")


def some_faults(chance: Random) -> Sequence[Fault]:
    """Return what goes wrong at the next requests: some of it is repeated in vain, some is not."""
    endpoint = chance.choice(ENDPOINTS)
    kinds = (
        graph(429, "TooManyRequests", retry_after=chance.choice([1, 90]), times=1, endpoint=endpoint),
        graph(503, "ServiceUnavailable", times=chance.choice([1, 50]), endpoint=endpoint),
        graph(500, "ErrorInternalServerError", times=1, endpoint=endpoint),
        html(502, times=chance.choice([1, 2]), endpoint=endpoint),
        truncated(times=1, endpoint=endpoint),
        dropped(before=chance.random() < 0.5, times=1, endpoint=endpoint),
        garbled(chance.choice(DAMAGES), nth=chance.randrange(3), times=chance.choice([1, 3])),
    )
    return chance.sample(kinds, 3)


def bench_of(rig: SyncRig) -> GraphMailboxBench:
    """Return the mailbox as what it is."""
    assert isinstance(rig.bench, GraphMailboxBench)
    return rig.bench


def do_something(bench: GraphMailboxBench, chance: Random, places: Sequence[str]) -> None:
    """Play the senders and the owner."""
    for _ in range(chance.randrange(8)):
        mails = bench.box.messages()
        act = chance.choice(("deliver", "deliver", "move", "mark", "delete"))
        if act == "deliver" or not mails:
            bench.deliver(draft(chance.randrange(50), body="hull"), chance.choice(places))
            continue
        mail = chance.choice(mails)
        if act == "move":
            bench.box.move(mail, chance.choice(places))
        elif act == "mark":
            bench.box.change(mail, is_read=chance.random() < 0.5)
        else:
            bench.box.delete(mail)
    if chance.random() < 0.2:
        bench.forget_cursors()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("bounded", [False, True])
async def test_whatever_graph_does_nothing_is_lost_and_nothing_is_told_twice(seed: int, bounded: bool) -> None:  # noqa: FBT001 - a parameter
    async with open_sync_rig("graph unruly") as rig:
        bench, chance, since = bench_of(rig), Random(seed), NOON + 10 * SECOND if bounded else None  # noqa: S311 - a reproducible choice
        roles = (FolderRole.INBOX, FolderRole.ARCHIVE, FolderRole.DELETED)
        places = [*map(bench.folder_id, roles), bench.add_folder("Class")]
        for _ in range(10):
            do_something(bench, chance, places)
            for fault in some_faults(chance):
                bench.simulator.faults.add(fault)
            await rig.attempt(since)
            bench.simulator.faults.clear()
            bench.clock.run(timedelta(minutes=10))
            await rig.announce()
        await rig.rig.clock.advance(timedelta(days=2))
        report = await rig.run(since)
        assert report.unreadable == 0
        await rig.check(since)
        told = [json.loads(each.value) for each in rig.rig.database.outbox if each.headers["ce_type"] in NEWS]
        moves = [each for each in told if each["event_type"] == "mail_moved"]
        assert all(each["from_folder_id"] != each["to_folder_id"] for each in moves)
        deleted = [each["mail_id"] for each in told if each["event_type"] == "mail_deleted"]
        assert len(deleted) == len(set(deleted)), "no mail of Graph's comes back from the dead"
        assert (await rig.run(since)).stored == Stored()


async def test_of_a_folder_with_more_than_five_thousand_mails_the_whole_window_is_stored_and_followed() -> None:
    """A delta query with a filter would stop at five thousand."""
    async with open_sync_rig("graph", page_size=500) as rig:
        bench = bench_of(rig)
        ids = bench.crowd(draft(number) for number in range(ALL))
        since = NOON + (ALL - WANTED) * SECOND
        report = await rig.run(since)
        assert report.stored == Stored(new=WANTED)
        assert rig.stored() == sorted(ids[-WANTED:])
        assert (await rig.folder()).phase is SyncPhase.FOLLOWING
        oldest, older, late = ids[-WANTED], ids[0], bench.deliver(draft(ALL + 1))
        bench.mark(oldest, is_read=True)
        bench.mark(older, is_read=True)
        bench.delete(ids[-WANTED + 1])
        bench.move(ids[-WANTED + 2], bench.folder_id(FolderRole.ARCHIVE))
        assert (await rig.run()).stored == Stored(new=1, changed=1, moved=1, deleted=1)
        assert late in rig.stored()
        assert older not in rig.stored()


class Killed(Exception):  # noqa: N818 - what a test does to a sync
    """Ends a sync after a step."""


async def test_what_comes_between_two_pages_of_changes_is_stored_before_the_folder_counts_as_complete() -> None:
    def die(_: object) -> None:
        raise Killed

    async with open_sync_rig("graph", page_size=3) as rig:
        begun_at = (await rig.run()).complete_at
        for number in range(9):
            rig.bench.deliver(draft(number))
        with pytest.raises(Killed):
            await rig.run(heard=die)
        assert 0 < len(rig.rows) < 9
        await rig.rig.clock.advance(timedelta(minutes=1))
        late = rig.bench.deliver(draft(10))
        assert (await rig.folder()).complete_at == begun_at
        report = await rig.run()
        assert late in rig.stored()
        assert report.complete_at == rig.rig.clock.now()


async def test_a_bounded_sync_reads_bodies_of_nothing_but_what_it_stores() -> None:
    async with open_sync_rig("graph", page_size=50) as rig:
        bench = bench_of(rig)
        bench.crowd(draft(number) for number in range(300))
        report = await rig.run(NOON + 250 * SECOND)
        asked = [each for each in bench.simulator.requests if "/messages" in each.path]
        with_bodies = [each for each in asked if ",body," in each.query.get("$select", "")]
        assert len(rig.rows) == 50
        assert 0 < len(with_bodies) <= report.folders, "a page of each folder's window"
        assert len(asked) < 30


async def test_two_processes_that_sync_one_mailbox_at_the_same_time_store_everything_once() -> None:
    async with open_sync_rig("graph unruly") as rig:
        bench = bench_of(rig)
        ids = [bench.deliver(draft(number)) for number in range(30)]
        reports = await asyncio.gather(*(rig.attempt() for _ in range(3)))
        assert all(report.first_error is None for report in reports)
        while not all(report.complete == report.folders for report in [await rig.attempt()]):
            pass
        assert rig.stored() == sorted(ids)
        assert len(rig.rows) == 30
        await rig.check()

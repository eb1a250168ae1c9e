"""The promises of `MailQueue` about claims. What is finished: `test_mail_finishing`."""

import asyncio
import time
from datetime import datetime, timedelta

import pytest

from domain.mail_results import ClaimedMail, QueueDepth
from domain.mail_sync import MailId
from ports.mail_queue import LONGEST_RETRY
from ports.outbox import LONGEST_CLAIM
from tests.contracts.mail_samples import (
    LEASE,
    announced,
    claim,
    copying,
    deleted,
    drop_all,
    failed,
    finish_all,
    ids,
    mail,
    mails,
)
from tests.contracts.rigs import Rig, World
from tests.contracts.samples import MINUTE, NOW, SECOND

SOON = SECOND / 100
LONG = 5 * MINUTE
"""Longer than any test may last: whoever waits for so long must be woken."""
HOUR = timedelta(hours=1)


async def fail(rig: Rig, *claimed: ClaimedMail, after: timedelta = MINUTE, owner: str = "me") -> None:
    """Finish as failed."""
    await rig.queue.finish(owner, NOW, [], [failed(each, after) for each in claimed])


async def test_new_mails_are_claimed_with_all_that_is_stored_of_them(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    first = mail("m1", headers=(("a", "b"),))
    await copy.tell(first, mail("m2", body=None))
    found = await claim(elsewhere)
    assert found == [
        ClaimedMail(mail_id=copy.mail_id("m1"), account_id=copy.account_id, mail=first, attempts=1),
        ClaimedMail(mail_id=copy.mail_id("m2"), account_id=copy.account_id, mail=mail("m2", body=None), attempts=1),
    ]


async def test_an_empty_queue_has_nothing_to_claim(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.tell(mail("m2"))
    await drop_all(rig)
    assert list(await claim(rig)) == []


async def test_the_longest_stored_come_first_and_no_more_than_are_asked_for(rig: Rig) -> None:
    ann, bob = await copying(rig, "ann"), await copying(rig, "bob")
    await ann.tell(*mails("z", "a"))
    await bob.tell(mail("b"), now=NOW - MINUTE)
    await ann.tell(mail("c"))
    assert [ids(await claim(rig, limit=limit)) for limit in (-1, 0, 1, 2, 9)] == [[], [], ["z"], ["a", "b"], ["c"]]


async def test_what_is_claimed_is_nobody_elses_until_the_claim_ends(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    assert ids(await claim(rig)) == ["m1"]
    assert ids(await claim(rig)) == [], "not even its owner's again"
    assert ids(await claim(elsewhere, "other", NOW + LEASE - timedelta(microseconds=1))) == []
    (again,) = await claim(elsewhere, "other", NOW + LEASE)
    assert again.attempts == 2


async def test_owners_who_claim_at_once_share_the_mails(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*(mail(f"m{number}") for number in range(40)))
    claims = [claim((rig, elsewhere)[number % 2], f"owner {number}", limit=7) for number in range(8)]
    found = [each for claimed in await asyncio.gather(*claims) for each in ids(claimed)]
    assert sorted(found) == sorted(f"m{number}" for number in range(40))


async def test_a_claim_from_before_the_clock_was_set_back_is_not_believed(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await claim(rig, now=NOW + HOUR)
    assert ids(await claim(rig, "other")) == ["m1"]


async def test_a_claim_of_the_longest_time_is_believed(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await rig.queue.claim("me", NOW, LONGEST_CLAIM, 1)
    assert ids(await claim(rig, "other")) == []


async def test_mails_that_were_claimed_in_vain_come_alone_and_after_others(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2"))
    await claim(rig, "lost")
    await copy.tell(*mails("m3", "m4"))
    later = NOW + LEASE
    assert ids(await claim(rig, now=later, limit=1)) == ["m3"]
    assert ids(await claim(rig, now=later)) == ["m4"]
    assert [ids(await claim(rig, now=later)) for _ in range(3)] == [["m1"], ["m2"], []]


async def test_a_mail_that_always_brings_its_worker_down_keeps_no_other_waiting(rig: Rig) -> None:
    """Nobody finishes or releases anything here."""
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"))
    found = [ids(await claim(rig, f"worker {turn}", NOW + turn * LEASE, 2)) for turn in range(6)]
    assert found == [["m1", "m2"], ["m3"], ["m1"], ["m2"], ["m3"], ["m1"]]


async def test_a_failed_mail_waits_until_its_time_and_comes_alone(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2"))
    await fail(rig, *await claim(rig), after=MINUTE)
    assert ids(await claim(rig, now=NOW + MINUTE - timedelta(microseconds=1))) == []
    (first,) = await claim(rig, now=NOW + MINUTE)
    assert (first.mail.message_id, first.attempts) == ("m1", 2)
    await copy.tell(mail("m3"))
    assert ids(await claim(rig, now=NOW + MINUTE)) == ["m3"]


@pytest.mark.parametrize(("wait", "believed"), [(LONGEST_RETRY, True), (LONGEST_RETRY + SECOND, False)])
async def test_a_time_to_be_tried_again_is_believed_as_long_as_a_day(
    rig: Rig, wait: timedelta, *, believed: bool
) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await fail(rig, *await claim(rig), after=wait)
    assert ids(await claim(rig)) == ([] if believed else ["m1"])


async def test_named_mails_are_claimed_and_no_others(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3", "m4"))
    wanted = [copy.mail_id("m3"), copy.mail_id("m2"), MailId("unknown")]
    assert ids(await claim(rig, only=[])) == []
    assert ids(await claim(rig, only=wanted, limit=1)) == ["m2"]
    assert ids(await claim(rig, only=wanted)) == ["m3"]
    assert ids(await claim(rig, only=wanted)) == []
    assert ids(await claim(rig)) == ["m1", "m4"]


async def test_a_failed_mail_that_is_named_need_not_wait(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2"))
    await fail(rig, *await claim(rig), after=HOUR)
    assert ids(await claim(rig, only=[copy.mail_id("m2")])) == ["m2"]
    assert ids(await claim(rig, only=[copy.mail_id("m2")])) == [], "it is claimed"


async def test_named_mails_that_were_claimed_in_vain_come_alone_too(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"))
    await fail(rig, *await claim(rig, limit=2))
    wanted = [copy.mail_id(message_id) for message_id in ("m1", "m2", "m3")]
    assert [ids(await claim(rig, only=wanted)) for _ in range(4)] == [["m3"], ["m1"], ["m2"], []]


async def test_what_is_released_was_not_tried(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"))
    await claim(rig, limit=2)
    await claim(elsewhere, "other")
    await rig.queue.release("me")
    await rig.queue.release("nobody")
    found = await claim(rig)
    assert [(each.mail.message_id, each.attempts) for each in found] == [("m1", 1), ("m2", 1)]


async def test_a_mail_that_failed_before_is_still_suspected_after_a_release(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2"))
    await fail(rig, *await claim(rig), after=timedelta(0))
    await claim(rig)
    await rig.queue.release("me")
    found = await claim(rig)
    assert [(each.mail.message_id, each.attempts) for each in found] == [("m1", 2)]


async def test_a_release_gives_back_nothing_that_is_finished(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2"))
    first, second = await claim(rig)
    await rig.queue.finish("me", NOW, [announced(first)], [failed(second)])
    await rig.queue.release("me")
    assert list(await claim(rig)) == []
    assert (await rig.queue.depth()).failing == 1


async def test_a_deleted_mail_is_processed_all_the_same(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await copy.tell(deleted("m1"))
    assert ids(await claim(rig)) == ["m1"]


async def test_the_depth_counts_what_is_new_and_what_failed(rig: Rig) -> None:
    assert await rig.queue.depth() == QueueDepth()
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2"), now=NOW - MINUTE)
    await copy.tell(*mails("m3", "m4"))
    first, second = await claim(rig, limit=2)
    await rig.queue.finish("me", NOW, [announced(first)], [failed(second)])
    assert await rig.queue.depth() == QueueDepth(new=3, failing=1, oldest_at=NOW - MINUTE)
    (again,) = await claim(rig, only=[second.mail_id])
    assert (await rig.queue.depth()).failing == 1, "it has failed, though it is tried again"
    await rig.queue.finish("me", NOW, [announced(again)])
    assert await rig.queue.depth() == QueueDepth(new=2, oldest_at=NOW)


async def test_a_restored_mail_waits_since_it_was_restored(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"), now=NOW - HOUR)
    await drop_all(rig)
    await rig.queue.restore(copy.mail_id("m1"), "operator", NOW)
    assert (await rig.queue.depth()).oldest_at == NOW


async def test_waiting_ends_when_mail_is_stored(rig: Rig) -> None:
    copy = await copying(rig)
    await rig.queue.wait(SOON)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        waiting = group.create_task(rig.queue.wait(LONG))
        await asyncio.sleep(0)
        assert not waiting.done()
        await copy.tell(mail("m1"))


async def test_what_was_stored_before_waiting_is_not_missed(rig: Rig) -> None:
    copy = await copying(rig)
    await rig.queue.wait(SOON)
    await copy.tell(mail("m1"))
    async with asyncio.timeout(60):
        await rig.queue.wait(LONG)


async def test_what_was_told_is_waited_for_no_more(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await rig.queue.wait(LONG)
    await finish_all(rig)
    await copy.tell(mail("m1", version="2"))
    begun = time.monotonic()
    await rig.queue.wait(SOON)
    assert time.monotonic() - begun >= SOON.total_seconds() / 2


async def test_a_wait_that_was_cancelled_takes_nothing_from_the_next(rig: Rig) -> None:
    copy = await copying(rig)
    await rig.queue.wait(SOON)
    waiting = asyncio.create_task(rig.queue.wait(LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await copy.tell(mail("m1"))
    async with asyncio.timeout(60):
        await rig.queue.wait(LONG)


async def test_claims_hold_for_a_process_that_starts_later(world: World) -> None:
    async def claimed(owner: str, now: datetime) -> list[str]:
        async with world.process("old") as rig:
            return ids(await claim(rig, owner, now))

    async with world.process("old") as before:
        await (await copying(before)).tell(mail("m1"))
    assert [await claimed("one", NOW), await claimed("two", NOW), await claimed("two", NOW + LEASE)] == [
        ["m1"],
        [],
        ["m1"],
    ]

"""The promises of `MailQueue` about results: what is stored of them, what is announced, and what can be restored."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest

from domain.correspondence.vocabulary import DropReason
from domain.errors import NotFoundError
from domain.mail_results import ClaimedMail, Processed, QueueDepth
from domain.mail_sync import MailId, Stored
from domain.unicode_text import REPLACEMENT
from tests.contracts.mail_samples import (
    LEASE,
    Copying,
    announced,
    claim,
    copying,
    deleted,
    drop_all,
    dropped,
    failed,
    finish_all,
    ids,
    info,
    mail,
    mail_events,
    mails,
    moved,
)
from tests.contracts.rigs import Rig
from tests.contracts.samples import MINUTE, NOW
from tests.contracts.scenes import contents_unchanged, refusal

SAME = "<same@office.example>"


async def told(rig: Rig) -> list[dict[str, Any]]:
    """Return the events about mails as others read them."""
    return [json.loads(each.value) for each in await mail_events(rig)]


async def claimed_mails(rig: Rig, *message_ids: str) -> tuple[Copying, Sequence[ClaimedMail]]:
    """Store mails and claim them."""
    copy = await copying(rig)
    await copy.tell(*mails(*message_ids))
    return copy, await claim(rig)


async def test_a_finished_mail_is_announced_with_what_was_found(rig: Rig) -> None:
    copy, (claimed,) = await claimed_mails(rig, "m1")
    received = NOW - MINUTE
    found = info(received_time=received, subject="Subject", body="text", keywords=("hull",), agenda_code="PL25007")
    done = await rig.queue.finish("me", NOW, [Processed(mail_id=claimed.mail_id, info=found)])
    assert list(done) == [claimed.mail_id]
    (event,) = await told(rig)
    mail_id = copy.mail_id("m1")
    assert (event["event_type"], event["event_id"]) == ("email_received", f"{mail_id}.received")
    assert (event["mail_id"], event["user_id"]) == (mail_id, "ann")
    assert event["occurred_at"] == "2026-03-01T11:59:00.000000Z"
    told_info = event["event_info"]
    assert (told_info["subject"], told_info["body"], told_info["keywords"]) == ("Subject", "text", ["hull"])
    assert (told_info["agenda_code"], told_info["duplicate_of"]) == ("PL25007", None)


async def test_events_stand_in_the_order_of_the_results(rig: Rig) -> None:
    copy, (first, second, third) = await claimed_mails(rig, "m1", "m2", "m3")
    done = await rig.queue.finish("me", NOW, [announced(third), dropped(first), announced(second)])
    assert list(done) == [third.mail_id, first.mail_id, second.mail_id]
    assert [event["mail_id"] for event in await told(rig)] == [copy.mail_id("m3"), copy.mail_id("m2")]


async def test_a_dropped_mail_is_not_announced_and_not_new(rig: Rig) -> None:
    _, claimed = await claimed_mails(rig, "m1")
    assert list(await rig.queue.finish("me", NOW, [dropped(claimed[0])])) == [claimed[0].mail_id]
    assert await told(rig) == []
    assert await rig.queue.depth() == QueueDepth()


async def test_failed_mails_are_returned_last(rig: Rig) -> None:
    _, (first, second) = await claimed_mails(rig, "m1", "m2")
    done = await rig.queue.finish("me", NOW, [announced(second)], [failed(first)])
    assert list(done) == [second.mail_id, first.mail_id]


async def test_nothing_at_all_can_be_finished(rig: Rig) -> None:
    await claimed_mails(rig, "m1")
    before = await rig.contents()
    assert list(await rig.queue.finish("me", NOW, [])) == []
    assert await contents_unchanged(rig, before)


async def test_what_is_not_the_owners_is_passed_over(rig: Rig, elsewhere: Rig) -> None:
    _, (first, second) = await claimed_mails(rig, "m1", "m2")
    (taken,) = await claim(elsewhere, "other", NOW + LEASE, only=[first.mail_id])
    unknown = Processed(mail_id=MailId("unknown"), info=info())
    assert list(await rig.queue.finish("me", NOW, [announced(first), unknown], [failed(second)])) == [second.mail_id]
    assert await told(rig) == []
    assert list(await elsewhere.queue.finish("other", NOW, [announced(taken)])) == [taken.mail_id]


async def test_what_was_released_is_the_owners_no_more(rig: Rig) -> None:
    _, (claimed,) = await claimed_mails(rig, "m1")
    await rig.queue.release("me")
    before = await rig.contents()
    assert list(await rig.queue.finish("me", NOW, [announced(claimed)], [failed(claimed)])) == []
    assert await contents_unchanged(rig, before)


async def test_a_claim_that_ended_is_the_owners_until_somebody_else_claims(rig: Rig) -> None:
    _, (claimed,) = await claimed_mails(rig, "m1")
    assert list(await rig.queue.finish("me", NOW + 2 * LEASE, [announced(claimed)])) == [claimed.mail_id]


async def test_a_mail_is_finished_once(rig: Rig) -> None:
    _, (first, second) = await claimed_mails(rig, "m1", "m2")
    twice = [announced(first), dropped(first), dropped(second)]
    assert list(await rig.queue.finish("me", NOW, twice, [failed(second)])) == [first.mail_id, second.mail_id]
    assert list(await rig.queue.finish("me", NOW, twice)) == []
    assert [event["mail_id"] for event in await told(rig)] == [first.mail_id]
    assert await rig.queue.depth() == QueueDepth()


async def test_a_mail_with_the_same_internet_message_id_is_marked_as_a_duplicate_of_the_first(rig: Rig) -> None:
    ann, bob = await copying(rig, "ann"), await copying(rig, "bob")
    await ann.tell(mail("m1", internet_message_id=SAME))
    await finish_all(rig)
    await bob.tell(mail("m2", internet_message_id=SAME), mail("m3", internet_message_id=SAME), mail("m4"))
    await finish_all(rig)
    duplicates = {event["mail_id"]: event["event_info"]["duplicate_of"] for event in await told(rig)}
    first = ann.mail_id("m1")
    assert duplicates == {
        first: None,
        bob.mail_id("m2"): first,
        bob.mail_id("m3"): first,
        bob.mail_id("m4"): None,
    }


async def test_duplicates_that_are_finished_together_are_seen(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*(mail(message_id, internet_message_id=SAME) for message_id in ("m1", "m2", "m3")))
    first, second, third = await claim(rig)
    await rig.queue.finish("me", NOW, [announced(second), dropped(first), announced(third)])
    assert [event["event_info"]["duplicate_of"] for event in await told(rig)] == [None, second.mail_id]


async def test_only_an_announced_mail_is_the_first(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1", internet_message_id=SAME))
    await drop_all(rig)
    await copy.announce(mail("m2", internet_message_id=SAME))
    await rig.queue.restore(copy.mail_id("m1"), "operator", NOW)
    await finish_all(rig)
    assert [event["event_info"]["duplicate_of"] for event in await told(rig)] == [None, copy.mail_id("m2")]


@pytest.mark.parametrize("internet_message_id", [None, ""])
async def test_mails_without_an_internet_message_id_are_no_duplicates(
    rig: Rig, internet_message_id: str | None
) -> None:
    copy = await copying(rig)
    await copy.announce(*(mail(each, internet_message_id=internet_message_id) for each in ("m1", "m2")))
    assert [event["event_info"]["duplicate_of"] for event in await told(rig)] == [None, None]


async def test_what_processing_says_of_duplicates_does_not_count(rig: Rig) -> None:
    _, (claimed,) = await claimed_mails(rig, "m1")
    found = info(duplicate_of=MailId("guessed"))
    await rig.queue.finish("me", NOW, [Processed(mail_id=claimed.mail_id, info=found)])
    assert (await told(rig))[0]["event_info"]["duplicate_of"] is None


async def test_of_a_mail_that_was_deleted_meanwhile_both_are_told(rig: Rig) -> None:
    copy, claimed = await claimed_mails(rig, "m1", "m2")
    await copy.tell(deleted("m1"), moved("m2", "archive"), now=NOW + MINUTE)
    await rig.queue.finish("me", NOW + 2 * MINUTE, [announced(each) for each in claimed])
    events = await told(rig)
    assert [event["event_type"] for event in events] == ["email_received", "mail_deleted", "email_received"]
    assert events[1]["event_id"] == f"{copy.mail_id('m1')}.1"
    assert events[1]["occurred_at"] == "2026-03-01T12:01:00.000000Z"
    assert (events[1]["folder_id"], events[1]["folder"]) == ("inbox", "Inbox")
    assert await copy.tell(mail("m1")) == Stored(moved=1)
    assert (await told(rig))[3]["event_id"] == f"{copy.mail_id('m1')}.2"


async def test_halves_of_surrogate_pairs_in_results_are_replaced(rig: Rig) -> None:
    _, (first, second) = await claimed_mails(rig, "m1", "m2")
    found = Processed(mail_id=first.mail_id, info=info(subject="a\ud800", keywords=("\udfff",)))
    problem = attrs.evolve(failed(second), problem="\ud800")
    await rig.queue.finish("me", NOW, [found], [problem])
    (event,) = await told(rig)
    assert event["event_info"]["subject"] == f"a{REPLACEMENT}"
    assert event["event_info"]["keywords"] == [REPLACEMENT]
    assert (await rig.queue.depth()).failing == 1


async def test_a_dropped_mail_that_is_restored_is_new_again_and_says_so(rig: Rig, elsewhere: Rig) -> None:
    copy, (claimed,) = await claimed_mails(rig, "m1")
    await rig.queue.finish("me", NOW, [dropped(claimed)])
    assert await elsewhere.queue.restore(claimed.mail_id, "operator", NOW)
    (again,) = await claim(rig)
    assert again == attrs.evolve(claimed, attempts=1, is_restored=True)
    await rig.queue.finish("me", NOW, [announced(again)])
    assert [event["mail_id"] for event in await told(rig)] == [copy.mail_id("m1")]
    assert not await rig.queue.restore(claimed.mail_id, "operator", NOW), "it is announced"


async def test_a_restored_mail_can_be_dropped_and_restored_again(rig: Rig) -> None:
    _, (claimed,) = await claimed_mails(rig, "m1")
    await rig.queue.finish("me", NOW, [dropped(claimed)])
    for number in range(2):
        assert await rig.queue.restore(claimed.mail_id, "operator", NOW)
        assert not await rig.queue.restore(claimed.mail_id, "operator", NOW), "it is new"
        (again,) = await claim(rig)
        reason = list(DropReason)[number]
        await rig.queue.finish("me", NOW + MINUTE, [dropped(again, reason)])
        (seen,) = await rig.archive.dropped()
        assert (seen.reason, seen.dropped_at) == (reason, NOW + MINUTE)


async def test_a_deleted_mail_can_be_restored(rig: Rig) -> None:
    copy, (claimed,) = await claimed_mails(rig, "m1")
    await rig.queue.finish("me", NOW, [dropped(claimed)])
    await copy.tell(deleted("m1"))
    assert await rig.queue.restore(claimed.mail_id, "operator", NOW)
    await finish_all(rig)
    assert [event["event_type"] for event in await told(rig)] == ["email_received", "mail_deleted"]


async def test_an_unknown_mail_cannot_be_restored(rig: Rig) -> None:
    with refusal(NotFoundError, "MAIL_UNKNOWN"):
        await rig.queue.restore(MailId("unknown"), "operator", NOW)


async def test_a_new_mail_cannot_be_restored(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    before = await rig.contents()
    assert not await rig.queue.restore(copy.mail_id("m1"), "operator", NOW)
    assert await contents_unchanged(rig, before)


async def test_many_mails_are_finished_at_once(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*(mail(f"m{number:04}", received_at=NOW + timedelta(seconds=number)) for number in range(600)))
    claimed = await claim(rig, limit=1000)
    assert len(ids(claimed)) == 600
    assert len(await rig.queue.finish("me", NOW, [announced(each) for each in claimed])) == 600
    assert len(await mail_events(rig)) == 600

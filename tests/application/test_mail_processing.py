"""Mail is claimed, read and announced; whatever is wrong with one mail stays with that mail."""

import asyncio
from datetime import timedelta
from threading import Event, get_ident

import pytest

from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from application.mail_processing import ProcessingCounts, open_mail_processing
from application.mail_reading import LONG, LONGEST_TEXT
from domain.correspondence.vocabulary import DropReason
from domain.errors import DatabaseError, ValidationError
from domain.mail import MailBody
from domain.mail_results import Processed
from tests.application.mail_rig import NOBODY, MailRig, events_of
from tests.fakes.mail_path import BAD, DEADLY, DeadProcessError, FailingMailQueue, FragileText, PickyMailQueue

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LOCKED = DatabaseError("locked", error_code="DATABASE_LOCKED", transient=True)
BROKEN = DatabaseError("broken")


@pytest.fixture
def rig() -> MailRig:
    return MailRig()


async def test_stored_mail_is_announced_in_the_order_in_which_it_was_stored(rig: MailRig) -> None:
    stored = await rig.store(*(f"mail {number}" for number in range(20)))
    counts = await rig.processing().process_once()
    assert counts == ProcessingCounts(claimed=20, announced=20)
    assert rig.announced == events_of(stored)
    assert [rig.infos[mail_id].body for mail_id in stored[:2]] == ["mail 0", "mail 1"]
    assert rig.log.entries == [("processed", 20, 0)]


async def test_nothing_is_announced_twice(rig: MailRig) -> None:
    stored = await rig.store("one", "two")
    processing = rig.processing()
    for _ in range(3):
        await processing.process_once()
    assert rig.announced == events_of(stored)
    assert processing.counts == ProcessingCounts(claimed=2, announced=2)


async def test_no_more_is_claimed_at_once_than_allowed(rig: MailRig) -> None:
    await rig.store("one", "two", "three")
    assert await rig.processing(limit=2).process_once() == ProcessingCounts(claimed=2, announced=2)
    assert await rig.processing().process_once(0) == ProcessingCounts()


async def test_unwanted_mail_is_dropped_with_its_reason_and_announced_once_it_is_restored(rig: MailRig) -> None:
    (mail_id,) = await rig.store("Our products", sender=NOBODY)
    processing = rig.processing()
    assert await processing.process_once() == ProcessingCounts(claimed=1, dropped=1)
    assert [(each.mail_id, each.reason) for each in await rig.archive.dropped()] == [(mail_id, DropReason.NO_REPLY)]
    assert rig.announced == []
    assert await processing.queue.restore(mail_id, "operator", rig.clock.now())
    assert await processing.process_once(only=[mail_id]) == ProcessingCounts(claimed=1, announced=1)
    assert rig.announced == events_of([mail_id])


@pytest.mark.parametrize("length", [100, LONG + 100])
async def test_a_mail_that_cannot_be_read_is_tried_again_later_and_the_others_go_out(rig: MailRig, length: int) -> None:
    """Also if it is long, and read in a thread."""
    good = await rig.store(*(f"mail {number}" for number in range(10)))
    (bad,) = await rig.store(BAD + "x" * length)
    more = await rig.store(*(f"more {number}" for number in range(9)))
    processing = rig.processing()
    assert await processing.process_once() == ProcessingCounts(claimed=20, announced=19, failed=1)
    assert rig.announced == events_of([*good, *more])
    assert await processing.process_once() == ProcessingCounts()
    await rig.clock.advance(HOUR)
    assert await processing.process_once() == ProcessingCounts(claimed=1, failed=1)
    healed = rig.processing(text=Healed())
    await rig.clock.advance(HOUR)
    assert await healed.process_once() == ProcessingCounts(claimed=1, announced=1)
    assert rig.announced[-1:] == events_of([bad])


class Healed(FragileText):
    """Raises nothing after all."""

    def read(self, body: object) -> str:
        """Return something."""
        return "whole" if body else ""


async def test_long_mail_is_read_beside_the_event_loop_and_others_have_turns_between_two_mails(rig: MailRig) -> None:
    text, turns = FragileText(), list[int]()

    async def count() -> None:
        while True:
            turns.append(len(text.read_so_far))
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await rig.store("short", "x" * (LONG + 1), "short, too", "and this")
    await rig.processing(text=text, offline=OfflineMailAnalyst()).process_once()
    counting.cancel()
    assert [thread == get_ident() for thread in text.threads] == [True, False, True, True]
    assert set(turns) >= {1, 2, 3, 4}


async def test_of_plain_text_only_what_is_looked_at_is_read(rig: MailRig) -> None:
    """Work on several megabytes at once would hold up the event loop, in whatever thread it is done."""
    text = FragileText()
    (mail_id,) = await rig.store("x" * (15 * LONGEST_TEXT))
    await rig.processing(text=text).process_once()
    assert [len(each) for each in text.read_so_far] == [LONGEST_TEXT]
    assert rig.infos[mail_id].body_truncated


async def test_a_mail_that_takes_for_ever_fails_before_its_claim_ends(rig: MailRig) -> None:
    """A thread cannot be stopped; this one ends with the test."""
    end, begun = Event(), Event()

    class Endless(FragileText):
        def read(self, body: MailBody) -> str:
            if len(body.content) > LONG:
                begun.set()
                end.wait()
            return super().read(body)

    await rig.store("one", "x" * (LONG + 1), "two")
    processing = rig.processing(text=Endless())
    task = asyncio.create_task(processing.process_once())
    try:
        assert await asyncio.to_thread(begun.wait, 10)
        await rig.clock.advance(processing.times.lease / 4)
        assert await task == ProcessingCounts(claimed=3, announced=2, failed=1)
    finally:
        end.set()


async def test_a_failure_is_told_with_its_kind_and_place_and_without_a_word_of_the_mail(rig: MailRig) -> None:
    (bad,) = await rig.store(BAD + " canary")
    await rig.processing().process_once()
    ((_, mail_id, attempts, problem),) = rig.log.told("processing_failed")
    assert (mail_id, attempts) == (bad, 1)
    assert str(problem).startswith("ValueError in FragileText.read, line ")
    assert rig.database.mail.queue[bad].problem == problem
    assert "canary" not in str(rig.log.entries)


async def test_each_further_failure_is_followed_by_a_longer_wait_up_to_an_hour(rig: MailRig) -> None:
    (bad,) = await rig.store(BAD)
    processing, waits = rig.processing(), list[timedelta]()
    for _ in range(15):
        assert (await processing.process_once()).failed == 1
        retry_at = rig.database.mail.queue[bad].retry_at
        assert retry_at is not None
        waits.append(retry_at - rig.clock.now())
        await rig.clock.advance(waits[-1])
    assert timedelta(seconds=2) < waits[0] <= timedelta(seconds=5)
    assert HOUR / 2 <= waits[-1] <= HOUR


async def test_a_result_that_cannot_be_stored_is_found_and_all_others_are_stored(rig: MailRig) -> None:
    stored = await rig.store(*(f"mail {number}" for number in range(20)))
    for error in (ValidationError("canary"), RuntimeError("canary"), BROKEN):
        rig.log.entries.clear()
        await rig.clock.advance(HOUR)

        def hates(result: Processed, error: Exception = error) -> Exception | None:
            return error if result.mail_id == stored[7] else None

        queue = PickyMailQueue(rig.database, rig.clock, hates)
        assert (await rig.processing(queue=queue).process_once()).failed == 1
        assert len(rig.log.told("processing_failed")) == 1
        assert "canary" not in str(rig.log.entries)
    assert rig.announced == events_of([mail_id for mail_id in stored if mail_id != stored[7]])
    await rig.clock.advance(HOUR)
    assert await rig.processing().process_once() == ProcessingCounts(claimed=1, announced=1)


async def test_a_store_that_is_locked_for_a_while_is_asked_again_so_that_nothing_is_read_twice(rig: MailRig) -> None:
    stored, text = await rig.store("one", "two"), FragileText()
    queue = FailingMailQueue(rig.database, rig.clock, finish=[LOCKED, LOCKED])
    task = asyncio.create_task(rig.processing(queue=queue, text=text).process_once())
    for _ in range(5):
        await rig.clock.advance(SECOND)
    assert await task == ProcessingCounts(claimed=2, announced=2)
    assert rig.announced == events_of(stored)
    assert len(text.read_so_far) == 2


async def test_a_store_that_fails_until_the_claim_ends_gets_its_mail_back(rig: MailRig) -> None:
    await rig.store("one", "two")
    queue = FailingMailQueue(rig.database, rig.clock, finish=[LOCKED] * 100)
    task = asyncio.create_task(rig.processing(queue=queue).process_once())
    for _ in range(180):
        await rig.clock.advance(SECOND)
    with pytest.raises(DatabaseError):
        await task
    assert queue.releases == 1
    assert await rig.processing().process_once() == ProcessingCounts(claimed=2, announced=2)


async def test_a_store_that_fails_for_good_is_not_asked_again(rig: MailRig) -> None:
    await rig.store("one")
    queue = FailingMailQueue(rig.database, rig.clock, finish=[BROKEN] * 3)
    with pytest.raises(DatabaseError, match="broken"):
        await rig.processing(queue=queue).process_once()
    assert len(queue.queued["finish"]) == 0


async def test_a_mail_that_another_took_meanwhile_is_not_counted(rig: MailRig) -> None:
    """The claim ended while this one read, and the other was faster."""
    stored = await rig.store("one", "two")
    slow, quick = rig.processing(), rig.processing()

    class Overtaken(FragileText):
        def read(self, body: object) -> str:  # noqa: ARG002 - whatever it is
            overtake()
            return "late"

    def overtake() -> None:
        for mail_id, row in rig.database.mail.queue.items():
            rig.database.mail.queue[mail_id] = type(row)(queued_at=row.queued_at, attempts=1, owner="another")

    slow = rig.processing(text=Overtaken())
    assert await slow.process_once() == ProcessingCounts(claimed=2)
    assert rig.announced == []
    for _ in stored:
        assert await quick.process_once() == ProcessingCounts(claimed=1, announced=1)


async def test_a_mail_that_ends_every_process_that_reads_it_holds_no_other_up(rig: MailRig) -> None:
    first, deadly, second = await rig.store("one", DEADLY, "two")
    deaths = 0
    for _ in range(6):
        try:
            await rig.processing().process_once()
        except DeadProcessError:
            deaths += 1
            await rig.clock.advance(2 * MINUTE)
    assert set(rig.announced) == {*events_of([first, second])}
    assert deaths >= 2
    (later,) = await rig.store("three")
    assert (await rig.processing().process_once()).announced == 1
    assert rig.announced[-1:] == events_of([later])
    assert deadly in rig.database.mail.queue


async def test_all_that_waits_is_processed_by_all_workers_together(rig: MailRig) -> None:
    stored = await rig.store(*(f"mail {number}" for number in range(50)), BAD)
    processing = rig.processing(workers=3, limit=4)
    assert await processing.process_all() == ProcessingCounts(claimed=51, announced=50, failed=1)
    assert sorted(rig.announced) == sorted(events_of(stored[:-1]))
    assert processing.counts == ProcessingCounts(claimed=51, announced=50, failed=1)


async def test_a_failing_store_ends_the_processing_of_all_that_waits_with_its_error(rig: MailRig) -> None:
    queue = FailingMailQueue(rig.database, rig.clock, claim=[LOCKED])
    with pytest.raises(DatabaseError, match="locked"):
        await rig.processing(queue=queue, workers=3).process_all()


async def test_in_the_background_mail_is_announced_as_soon_as_it_is_stored(rig: MailRig) -> None:
    async with open_mail_processing(rig.processing(workers=2)) as processing:
        for name in ("one", "two"):
            await rig.store(name)
            await rig.clock.advance(timedelta(0))
            assert processing.pulse.age == timedelta(0)
        assert len(rig.announced) == 2
        await rig.clock.advance(timedelta(0))


async def test_when_it_is_time_to_stop_what_was_begun_is_finished_and_the_rest_given_back_as_if_never_claimed(
    rig: MailRig,
) -> None:
    stored, stopping = await rig.store("one", "two", "three", "four"), asyncio.Event()

    class Last(FragileText):
        def read(self, body: MailBody) -> str:
            if body.content == "two":
                stopping.set()
            return super().read(body)

    await rig.processing(text=Last()).run(stopping)
    assert rig.announced == events_of(stored[:2])
    left = [rig.database.mail.queue[mail_id] for mail_id in stored[2:]]
    assert [(row.owner, row.attempts) for row in left] == [(None, 0), (None, 0)]


async def test_work_that_is_cancelled_gives_back_what_it_claimed(rig: MailRig) -> None:
    (mail_id,) = await rig.store("one")
    queue = FailingMailQueue(rig.database, rig.clock, finish=[LOCKED] * 100)
    task = asyncio.create_task(rig.processing(queue=queue).process_once())
    await rig.clock.advance(SECOND)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.database.mail.queue[mail_id].owner is None


async def test_a_store_that_fails_for_a_moment_interrupts_the_background_work_only_for_a_while(rig: MailRig) -> None:
    queue = FailingMailQueue(rig.database, rig.clock, claim=[LOCKED] * 3, release=[LOCKED])
    await rig.store("one")
    async with open_mail_processing(rig.processing(queue=queue)):
        await rig.clock.advance(timedelta(0))
        assert rig.announced == []
        for _ in range(10):
            await rig.clock.advance(SECOND)
        assert len(rig.announced) == 1


async def test_a_store_that_fails_for_good_ends_the_background_work_with_its_error(rig: MailRig) -> None:
    queue = FailingMailQueue(rig.database, rig.clock, claim=[BROKEN])
    with pytest.raises(DatabaseError, match="broken"):
        await rig.processing(queue=queue, workers=2).run(asyncio.Event())

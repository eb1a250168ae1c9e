"""Much mail is read by others; what they cannot do is done here, and a mail that ends them harms no other."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from application.mail_processing import MailProcessing, ProcessingCounts
from application.mail_reading import LONGEST, MANY, MUCH
from tests.application.mail_rig import MailRig, events_of
from tests.fakes.mail_path import BAD, DEADLY, FragileText, ScriptedAnalyst
from tests.fakes.mail_readers import STUCK, FragileReaders

HOUR = timedelta(hours=1)


@pytest.fixture
def rig() -> MailRig:
    return MailRig()


@pytest.fixture
def readers(rig: MailRig) -> FragileReaders:
    return FragileReaders(reading=rig.reading())


def processing(rig: MailRig, readers: FragileReaders, here: FragileText | None = None) -> MailProcessing:
    return rig.processing(readers=readers, text=here or FragileText())


def some(count: int = MANY) -> list[str]:
    return [f"mail {number}" for number in range(count)]


async def test_much_mail_is_read_by_others_and_told_as_if_it_had_been_read_here(
    rig: MailRig, readers: FragileReaders
) -> None:
    here = FragileText()
    stored = await rig.store(*some())
    assert await processing(rig, readers, here).process_once() == ProcessingCounts(claimed=MANY, announced=MANY)
    assert readers.asked == [MANY]
    assert here.read_so_far == []
    other = MailRig()
    await other.store(*some())
    await other.processing().process_once()
    assert list(rig.infos.values()) == list(other.infos.values())
    assert rig.announced == events_of(stored)


async def test_a_few_mails_are_read_here(rig: MailRig, readers: FragileReaders) -> None:
    await rig.store(*some(MANY - 1))
    await processing(rig, readers).process_once()
    assert readers.asked == []
    assert len(rig.announced) == MANY - 1


async def test_mails_that_would_keep_others_busy_for_too_long_are_read_here(
    rig: MailRig, readers: FragileReaders
) -> None:
    await rig.store(*some(), "x" * MUCH)
    await processing(rig, readers).process_once()
    assert readers.asked == []
    assert len(rig.announced) == MANY + 1


async def test_while_there_are_no_others_mail_is_read_here(rig: MailRig, readers: FragileReaders) -> None:
    readers.are_away = True
    here = FragileText()
    await rig.store(*some())
    assert await processing(rig, readers, here).process_once() == ProcessingCounts(claimed=MANY, announced=MANY)
    assert here.read_so_far == some()


async def test_a_mail_that_cannot_be_read_fails_alone_and_is_told_without_a_word(
    rig: MailRig, readers: FragileReaders
) -> None:
    await rig.store(*some(), BAD + " canary")
    counts = await processing(rig, readers).process_once()
    assert counts == ProcessingCounts(claimed=MANY + 1, announced=MANY, failed=1)
    ((_, _, _, problem),) = rig.log.told("processing_failed")
    assert str(problem).startswith("ValueError in FragileText.read, line ")
    assert "canary" not in str(rig.log.entries)


async def test_a_mail_that_ends_its_reader_fails_alone_and_is_not_read_here(
    rig: MailRig, readers: FragileReaders
) -> None:
    """Here it would end the program."""
    here = FragileText()
    await rig.store(*some(), DEADLY)
    counts = await processing(rig, readers, here).process_once()
    assert counts == ProcessingCounts(claimed=MANY + 1, announced=MANY, failed=1)
    assert readers.asked == [MANY + 1] + [1] * (MANY + 1)
    assert here.read_so_far == []
    ((_, _, _, problem),) = rig.log.told("processing_failed")
    assert str(problem).startswith("READER_ENDED")


async def test_a_mail_that_takes_for_ever_fails_alone(rig: MailRig, readers: FragileReaders) -> None:
    await rig.store(*some(), STUCK)
    task = asyncio.create_task(processing(rig, readers).process_once())
    while not task.done():
        await rig.clock.advance(LONGEST)
    assert task.result() == ProcessingCounts(claimed=MANY + 1, announced=MANY, failed=1)


async def test_a_mail_that_failed_is_tried_again_though_it_is_alone_by_then(
    rig: MailRig, readers: FragileReaders
) -> None:
    (*_, bad) = await rig.store(*some(), BAD)
    await processing(rig, readers).process_once()
    await rig.clock.advance(HOUR)
    assert await processing(rig, readers).process_once() == ProcessingCounts(claimed=1, failed=1)
    assert rig.database.mail.queue[bad].attempts == 2


async def test_when_it_is_time_to_stop_others_are_not_asked_any_more(rig: MailRig, readers: FragileReaders) -> None:
    stopping = asyncio.Event()
    stopping.set()
    await rig.store(*some())
    claimed = await processing(rig, readers).queue.claim("me", rig.clock.now(), HOUR, MANY)
    assert await rig.reading(readers=readers).outcomes(claimed, stopping) == []
    assert readers.asked == []


async def test_the_analyst_that_costs_is_asked_about_the_words_that_others_read(
    rig: MailRig, readers: FragileReaders
) -> None:
    analyst = ScriptedAnalyst(says="paid")
    await rig.store(*some())
    reading = attrs.evolve(rig.reading(readers=readers), analysis=rig.analysis(analyst=analyst))
    await attrs.evolve(processing(rig, readers), reading=reading).process_once()
    assert readers.asked == [MANY]
    assert [info.keywords for info in rig.infos.values()] == [(f"paid {body}",) for body in some()]

"""An analyst that costs money: paid once for the same words, and mail goes out without whatever is wrong with it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from adapters.memory.analyses import MemoryAnalyses
from application.mail_analysis import MailAnalysis
from application.mail_processing import MailProcessing, ProcessingCounts, open_mail_processing
from domain.correspondence.analysis import Analysis, Wording
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    DatabaseError,
    IACSGraphError,
    ThrottledError,
    ValidationError,
)
from domain.mail_sync import MailId
from tests.application.mail_rig import NOBODY, MailRig
from tests.fakes.mail_path import BAD, FailingAnalyses, FailingMailQueue, ScriptedAnalyst

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LOCKED = DatabaseError("locked", error_code="DATABASE_LOCKED", transient=True)
DOWN = APIConnectionError("away")


@pytest.fixture
def rig() -> MailRig:
    return MailRig()


@pytest.fixture
def analyst() -> ScriptedAnalyst:
    return ScriptedAnalyst()


@pytest.fixture
def analysis(rig: MailRig, analyst: ScriptedAnalyst) -> MailAnalysis:
    return rig.analysis(analyst=analyst)


@pytest.fixture
def processing(rig: MailRig, analysis: MailAnalysis) -> MailProcessing:
    return rig.processing(analysis=analysis)


def words(text: str) -> Wording:
    return Wording(subject="About", text=text, sent_on=date(2026, 1, 1))


def keywords(rig: MailRig, mail_ids: Sequence[MailId]) -> list[str]:
    """Return who analysed each mail, by the first word that it left."""
    return [rig.infos[mail_id].keywords[0].split()[0] for mail_id in mail_ids]


async def settle() -> None:
    """Let everybody go on as far as they can: nobody here waits for the machine."""
    for _ in range(200):
        await asyncio.sleep(0)


async def ask(analysis: MailAnalysis, *texts: str) -> list[Analysis | None]:
    wordings = [words(text) for text in texts]
    answers = await analysis.answers(wordings, asyncio.Event())
    return [answers[analysis.key(wording)] for wording in wordings]


async def test_announced_mail_has_what_the_paid_analyst_says(rig: MailRig, processing: MailProcessing) -> None:
    stored = await rig.store("one", "two")
    assert await processing.process_once() == ProcessingCounts(claimed=2, announced=2)
    assert [rig.infos[mail_id].keywords for mail_id in stored] == [("paid one",), ("paid two",)]


async def test_nothing_is_paid_for_dropped_or_broken_mail(
    rig: MailRig, processing: MailProcessing, analyst: ScriptedAnalyst
) -> None:
    await rig.store("Our products", sender=NOBODY)
    await rig.store(BAD, "good")
    await processing.process_once()
    assert list(analyst.asked) == ["good"]


async def test_the_same_words_are_paid_once_whether_before_at_once_or_by_another_process(
    rig: MailRig, processing: MailProcessing, analyst: ScriptedAnalyst
) -> None:
    first = await rig.store("same", user="ann")
    await processing.process_once()
    later = [*await rig.store("same", user="bob"), *await rig.store("same", user="kim")]
    await rig.processing(analysis=rig.analysis(analyst=analyst)).process_once()
    assert analyst.asked == {"same": 1}
    assert keywords(rig, [*first, *later]) == ["paid"] * 3


async def test_workers_that_meet_the_same_words_at_the_same_time_share_one_call(
    rig: MailRig, analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    stored = [*await rig.store("same", user="ann"), *await rig.store("same", user="bob"), *await rig.store("other")]
    analyst.holding = asyncio.Event()
    task = asyncio.create_task(rig.processing(analysis=analysis, workers=3, limit=1).process_all())
    await rig.clock.advance(SECOND)
    assert analyst.at_once == 2
    analyst.holding.set()
    assert (await task).announced == 3
    assert analyst.asked == {"same": 1, "other": 1}
    assert keywords(rig, stored) == ["paid"] * 3


async def test_words_that_were_answered_while_their_turn_had_not_come_are_not_paid_again(
    rig: MailRig, analyst: ScriptedAnalyst
) -> None:
    analysis = rig.analysis(analyst=analyst, concurrency=1)
    answers = await asyncio.gather(ask(analysis, "first", "same"), ask(analysis, "same"))
    assert analyst.asked == {"first": 1, "same": 1}
    assert answers[0][1:] == answers[1] == [Analysis(keywords=("paid same",))]


async def test_a_call_whose_caller_is_cancelled_leaves_those_without_who_wait_for_it(
    analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.holding = asyncio.Event()
    first, second = (asyncio.create_task(ask(analysis, "same")) for _ in range(2))
    await settle()
    first.cancel()
    assert await second == [None]
    assert analyst.asked == {"same": 1}


async def test_whoever_waits_for_anothers_call_may_be_cancelled_alone(
    analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.holding = asyncio.Event()
    first, second, third = (asyncio.create_task(ask(analysis, "same")) for _ in range(3))
    await settle()
    second.cancel()
    await settle()
    analyst.holding.set()
    assert await first == await third == [Analysis(keywords=("paid same",))]


async def test_what_was_paid_is_kept_before_the_mail_is_finished_so_that_a_death_in_between_costs_nothing(
    rig: MailRig, analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    stored = await rig.store("one", "two")
    dying = FailingMailQueue(rig.database, rig.clock, finish=[KeyboardInterrupt()], release=[LOCKED])
    with pytest.raises(KeyboardInterrupt):
        await rig.processing(queue=dying, analysis=analysis).process_once()
    assert rig.announced == []
    await rig.clock.advance(3 * MINUTE)
    heir = rig.processing(analysis=rig.analysis(analyst=analyst))
    assert (await heir.process_all()).announced == 2
    assert analyst.asked == {"one": 1, "two": 1}
    assert keywords(rig, stored) == ["paid", "paid"]


async def test_no_more_calls_than_allowed_are_made_at_once(rig: MailRig, analyst: ScriptedAnalyst) -> None:
    analysis = rig.analysis(analyst=analyst, concurrency=3)
    assert None not in await ask(analysis, *map(str, range(20)))
    assert (analyst.most_at_once, analysis.calls) == (3, 20)


FAILURES: list[Exception] = [
    DOWN,
    ThrottledError("wait", retry_after=SECOND),
    AuthenticationError("no"),
    ValidationError("such words"),
    IACSGraphError("anything"),
    RuntimeError("canary"),
    TimeoutError("canary"),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_a_mail_goes_out_with_the_offline_analysis_if_the_paid_one_fails(
    rig: MailRig, processing: MailProcessing, analyst: ScriptedAnalyst, error: Exception
) -> None:
    stored = await rig.store("one")
    analyst.errors.append(error)
    assert (await processing.process_once()).announced == 1
    assert keywords(rig, stored) == ["offline"]
    assert len(rig.log.told("analysis_failed")) == 1
    assert "canary" not in str(rig.log.entries)


async def test_after_a_failure_the_analyst_is_left_alone_for_a_while_and_then_asked_by_one_first(
    rig: MailRig, analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.errors.append(DOWN)
    assert await ask(analysis, "one") == [None]
    assert await ask(analysis, "two", "three") == [None, None]
    assert analyst.asked.total() == 1
    await rig.clock.advance(10 * SECOND)
    analyst.errors.append(DOWN)
    assert await ask(analysis, "four", "five", "six") == [None] * 3
    assert analyst.asked.total() == 2
    await rig.clock.advance(20 * SECOND)
    assert (await ask(analysis, "seven", "eight")).count(None) == 1
    assert None not in await ask(analysis, "nine", "ten", "one")


async def test_an_analyst_that_stays_away_is_asked_more_and_more_seldom(
    rig: MailRig, analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.errors.extend([DOWN] * 1000)
    for number in range(600):
        await ask(analysis, f"number {number}")
        await rig.clock.advance(6 * SECOND)
    assert 12 <= analyst.asked.total() <= 30


async def test_a_pause_that_is_asked_for_is_kept(
    rig: MailRig, analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.errors.append(ThrottledError("wait", retry_after=timedelta(hours=2)))
    await ask(analysis, "one")
    await rig.clock.advance(timedelta(hours=2) - SECOND)
    assert await ask(analysis, "two") == [None]
    await rig.clock.advance(SECOND)
    assert await ask(analysis, "two") == [Analysis(keywords=("paid two",))]


async def test_a_refused_key_is_not_used_again(rig: MailRig, analysis: MailAnalysis, analyst: ScriptedAnalyst) -> None:
    analyst.errors.append(AuthenticationError("no"))
    await ask(analysis, "one")
    await rig.clock.advance(timedelta(days=365))
    assert await ask(analysis, "two") == [None]
    assert analyst.asked.total() == 1


async def test_words_that_are_refused_say_nothing_about_others(
    analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.errors.append(ValidationError("such words"))
    assert (await ask(analysis, "one", "two", "three")).count(None) == 1


async def test_an_answer_to_what_was_asked_before_a_failure_ends_no_pause(
    analysis: MailAnalysis, analyst: ScriptedAnalyst
) -> None:
    analyst.errors.append(ThrottledError("wait", retry_after=MINUTE))
    assert (await ask(analysis, "one", "two", "three")).count(None) == 1
    assert await ask(analysis, "four") == [None]


async def test_an_analyst_that_never_answers_holds_a_batch_up_for_less_than_its_lease(
    rig: MailRig, processing: MailProcessing, analyst: ScriptedAnalyst
) -> None:
    stored, begun = await rig.store(*map(str, range(40))), rig.clock.now()
    analyst.holding = asyncio.Event()
    task = asyncio.create_task(processing.process_once(40))
    while not task.done():
        await rig.clock.advance(SECOND)
    assert task.result() == ProcessingCounts(claimed=40, announced=40)
    assert keywords(rig, stored) == ["offline"] * 40
    assert rig.clock.now() - begun < processing.times.lease / 2
    assert analyst.at_once == 0, "given up, not forgotten"


async def test_calls_that_each_take_their_time_are_begun_no_later_than_they_can_end(rig: MailRig) -> None:
    """Of twenty that take 15 s each, one at a time, only those begin that end before the bound."""
    begun = rig.clock.now()

    @attrs.define
    class Slow(ScriptedAnalyst):
        async def analyse(self, wording: Wording) -> Analysis:
            await rig.clock.sleep(15 * SECOND)
            return await super().analyse(wording)

    analysis = rig.analysis(analyst=Slow(), concurrency=1)
    task = asyncio.create_task(ask(analysis, *map(str, range(20))))
    while not task.done():
        await rig.clock.advance(SECOND)
    assert task.result().count(None) == 18
    assert rig.clock.now() - begun <= 2 * analysis.times.call


async def test_a_store_that_does_not_take_what_was_paid_for_is_offered_it_again(
    rig: MailRig, analyst: ScriptedAnalyst
) -> None:
    analyses = FailingAnalyses(rig.database)
    analysis = rig.analysis(analyst=analyst, analyses=analyses)
    analyses.keeps.append(LOCKED)
    assert await ask(analysis, "one") == [Analysis(keywords=("paid one",))]
    assert rig.database.mail.analyses == {}
    assert await ask(analysis, "one") == [Analysis(keywords=("paid one",))]
    assert list(rig.database.mail.analyses) == [analysis.key(words("one"))]
    assert analyst.asked == {"one": 1}


async def test_while_nobody_knows_what_was_paid_for_nothing_is_paid(rig: MailRig, analyst: ScriptedAnalyst) -> None:
    analyses = FailingAnalyses(rig.database, finds=deque([LOCKED]))
    analysis = rig.analysis(analyst=analyst, analyses=analyses)
    assert await ask(analysis, "one") == [None]
    assert analyst.asked.total() == 0
    assert rig.log.told("analysis_failed") == [("analysis_failed", "DATABASE_LOCKED")]


async def test_another_means_is_paid_for_anew(rig: MailRig, analysis: MailAnalysis) -> None:
    await ask(analysis, "one")
    other = ScriptedAnalyst(says="other")
    assert await ask(rig.analysis(analyst=other), "one") == [Analysis(keywords=("other one",))]
    kept = await MemoryAnalyses(rig.database).find([analysis.key(words("one")), words("one").key("other-1")])
    assert len(kept) == 2


async def test_when_it_is_time_to_stop_calls_under_way_may_end_and_mail_that_was_not_asked_about_is_given_back(
    rig: MailRig, analyst: ScriptedAnalyst
) -> None:
    stored = await rig.store("one", "two", "three")
    analyst.holding = asyncio.Event()
    async with open_mail_processing(rig.processing(analysis=rig.analysis(analyst=analyst, concurrency=2))):
        await rig.clock.advance(SECOND)
        asyncio.get_running_loop().call_later(0.01, analyst.holding.set)
    assert analyst.asked == {"one": 1, "two": 1}
    assert keywords(rig, stored[:2]) == ["paid", "paid"]
    assert rig.database.mail.queue[stored[2]].owner is None
    assert rig.database.mail.queue[stored[2]].attempts == 0


async def test_a_call_that_does_not_end_holds_the_end_of_the_program_up_within_its_bound(
    rig: MailRig, analyst: ScriptedAnalyst
) -> None:
    stored, stopping = await rig.store("one"), asyncio.Event()
    analyst.holding = asyncio.Event()
    processing = rig.processing(analysis=rig.analysis(analyst=analyst))
    task = asyncio.create_task(processing.run(stopping))
    await rig.clock.advance(SECOND)
    stopping.set()
    await rig.clock.advance(timedelta(0))
    await rig.clock.advance(4 * SECOND)
    assert not task.done()
    await rig.clock.advance(SECOND)
    await task
    assert keywords(rig, stored) == ["offline"]
    assert datetime(2026, 1, 1, 0, 0, 6, tzinfo=UTC) == rig.clock.now()

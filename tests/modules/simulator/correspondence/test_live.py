"""Mail that arrives while a simulator runs: paced by whoever waits, and the same at every pace."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import attrs
import pytest

from modules.simulator.correspondence.filling import address_of, fill, place
from modules.simulator.correspondence.generator import Correspondence, Generated
from modules.simulator.correspondence.live import Arrival, Live
from modules.simulator.correspondence.office import open_office
from modules.simulator.mail.mailbox import Mailbox, Message
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator
from tests.modules.simulator.correspondence.conftest import UNTIL
from tests.simulator.running import running_simulator

EACH = 90


class Paces:
    """A clock that stands still unless somebody sleeps, and a sleep that ends when it is told to."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.asleep, self.nights = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.release()
        await self.nights.acquire()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator() as running:
        yield running


@attrs.frozen(kw_only=True)
class Scene:
    mailboxes: Sequence[Mailbox]
    live: Live
    told: list[Arrival]
    known: set[str]
    now: Callable[[], datetime]


def scene(simulator: Simulator, seed: int = 3, number: int = EACH) -> Scene:
    """Fill the mailboxes; from then on it is a day later, and an hour later with every look at the clock."""
    mailboxes = [simulator.mail.mailbox(user) for user in simulator.directory.users]
    owners = [address_of(each.user) for each in mailboxes]
    world = Correspondence(seed, owners=owners, until=UNTIL, span=timedelta(days=30))
    filled = fill(world, mailboxes, number)
    told: list[Arrival] = []
    times = (UNTIL + timedelta(days=1, hours=hour) for hour in range(100_000))

    def now() -> datetime:
        return next(times)

    live = Live(world, mailboxes, turns=filled.turns, now=now, told=told.append)
    known = {truth.internet_message_id for truths in filled.truths.values() for truth in truths}
    return Scene(mailboxes=mailboxes, live=live, told=told, known=known, now=now)


def summary(mailboxes: Sequence[Mailbox]) -> list[object]:
    return [
        (message.draft.internet_message_id, message.folder.name, message.is_read, message.draft.received_at)
        for mailbox in mailboxes
        for message in mailbox.messages()
    ]


async def test_mails_are_delivered_in_the_order_of_receipt_to_folders_that_are_made(simulator: Simulator) -> None:
    mailboxes = [simulator.mail.mailbox(user) for user in simulator.directory.users]
    world = Correspondence(3, owners=[address_of(each.user) for each in mailboxes], until=UNTIL)
    filled = fill(world, mailboxes, EACH)
    for mailbox in mailboxes:
        messages = sorted(mailbox.messages(), key=lambda each: each.number)
        assert len(messages) == EACH
        received = [each.draft.received_at for each in messages]
        assert received == sorted(received)
        truths = filled.truths[mailbox.user.mail]
        assert [each.internet_message_id for each in truths] == [each.draft.internet_message_id for each in messages]
        assert {"PL", "PS"} == {each.name for each in mailbox.folder("Panels").children}
        expected = {each.truth.internet_message_id: each for each in world.mails(address_of(mailbox.user), EACH)}
        assert all(is_placed(mailbox, each, expected[each.draft.internet_message_id]) for each in messages)
    assert set(filled.truths) == {each.user.mail for each in mailboxes}
    assert filled.turns > 1


def is_placed(mailbox: Mailbox, message: Message, expected: Generated) -> bool:
    return mailbox.folder(expected.folder) is message.folder


async def test_a_folder_is_made_once(simulator: Simulator) -> None:
    mailbox = simulator.mail.mailbox(0)
    assert place(mailbox, "Panels/PL") is place(mailbox, "panels/pl") is mailbox.folder("Panels/PL")
    assert place(mailbox, "inbox").well_known == "inbox"


async def test_the_same_seed_gives_the_same_mails_and_deeds(simulator: Simulator) -> None:
    async with running_simulator() as other, running_simulator() as third:
        scenes = [scene(simulator), scene(other), scene(third, seed=4)]
        for each in scenes:
            for _ in range(100):
                each.live.step()
        first, second, different = (summary(each.mailboxes) for each in scenes)
    assert first == second
    assert first != different


async def test_agendas_go_on_and_new_ones_begin(simulator: Simulator) -> None:
    it = scene(simulator, number=400)
    before = {message.draft.conversation for mailbox in it.mailboxes for message in mailbox.messages()}
    for _ in range(150):
        it.live.step()
    came = [each.message.draft for each in it.live.arrivals]
    assert any(each.conversation in before for each in came), "what is an answer stays in its conversation"
    begun = [each.truth for each in it.live.arrivals if each.truth.kind == "request"]
    assert begun
    assert all(each.deadline is None or each.deadline > UNTIL.date() for each in begun)
    assert {"newsletter", "response"} < {each.truth.kind for each in it.live.arrivals}


async def test_what_arrives_is_new_and_comes_now_and_its_truth_is_kept(simulator: Simulator) -> None:
    it = scene(simulator)
    for _ in range(100):
        it.live.step()
    assert it.told == it.live.arrivals
    ids = [(each.mailbox.user.mail, each.truth.internet_message_id) for each in it.told]
    assert len(set(ids)) == len(ids)
    assert it.known.isdisjoint(each for _, each in ids)
    assert all(each.message.draft.internet_message_id == each.truth.internet_message_id for each in it.told)
    drafts = [each.message.draft for each in it.told]
    assert all(UNTIL < each.sent_at <= each.received_at < it.now() for each in drafts)
    assert len({each for _, each in ids}) < len(ids), "some come to several mailboxes"


async def test_people_read_file_and_throw_away(simulator: Simulator) -> None:
    it = scene(simulator)
    for _ in range(220):
        it.live.step()
    arrived = [each for each in it.told if not is_own(each)]
    left = [each.message for each in arrived if each.mailbox.find(each.message.immutable_id)]
    assert len(left) < len(arrived), "some are gone for good"
    assert {each.folder.name for each in left} >= {"Inbox", "Deleted Items", "PL", "PS"}
    assert {each.is_read for each in left} == {True, False}
    assert not any(each.message.draft.is_read for each in arrived)
    own = {each.message.folder.name for each in it.told if is_own(each)}
    assert own <= {"Sent Items", "Drafts"}, "nobody files what he wrote"


def is_own(arrival: Arrival) -> bool:
    draft = arrival.message.draft
    return draft.is_draft or draft.sender == address_of(arrival.mailbox.user)


async def test_empty_mailboxes_live_too_and_a_mail_that_is_gone_disturbs_nobody(simulator: Simulator) -> None:
    it = scene(simulator, number=0)
    assert it.known == set()
    for _ in range(30):
        it.live.step()
        for mailbox in it.mailboxes:
            for message in mailbox.messages():
                mailbox.delete(message)
    assert it.told


async def test_the_pace_is_the_one_that_is_set_and_nothing_happens_in_between(simulator: Simulator) -> None:
    paces, settings = Paces(), SimulatorSettings(mails=5, live=120)
    async with open_office(simulator, settings, sleep=paces.sleep) as office:
        assert [len(truths) for truths in office.filled.truths.values()] == [5, 5, 5]
        await paces.asleep.acquire()
        assert office.live.arrivals == []
        for _ in range(10):
            paces.nights.release()
            await paces.asleep.acquire()
        sent = {each.message.draft.internet_message_id for each in office.live.arrivals}
        assert len(sent) >= 10
    assert paces.slept == [0.5] * 11


async def test_it_ends_with_the_block_and_in_an_error(simulator: Simulator) -> None:
    paces, settings = Paces(), SimulatorSettings(live=60)
    with pytest.raises(LookupError):
        async with open_office(simulator, settings, sleep=paces.sleep):
            raise LookupError
    async with open_office(simulator, settings, sleep=paces.sleep) as office:
        arrivals = len(office.live.arrivals)
    paces.nights.release()
    await asyncio.sleep(0)
    assert len(office.live.arrivals) == arrivals


async def test_a_truth_that_cannot_be_written_ends_the_block(simulator: Simulator, tmp_path: Path) -> None:
    paces, settings = Paces(), SimulatorSettings(live=60)

    async def run() -> None:
        async with open_office(simulator, settings, tmp_path, sleep=paces.sleep) as office:
            assert office.truth is not None
            office.truth.unlink()
            office.truth.mkdir()
            paces.nights.release()
            await asyncio.Event().wait()

    with pytest.raises(IsADirectoryError):
        await run()


async def test_without_a_rate_nothing_arrives(simulator: Simulator) -> None:
    paces = Paces()
    async with open_office(simulator, SimulatorSettings(mails=3), sleep=paces.sleep) as office:
        await asyncio.sleep(0)
        assert (paces.slept, office.live.arrivals, office.truth) == ([], [], None)

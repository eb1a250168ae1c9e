"""Whatever fails and whoever dies, in whatever order: every event is published, in order, and not twice in vain."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from application.outbox_relay import OutboxRelay, RelayTimes
from domain.events import EventId
from ports.event_codec import EncodedEvent
from tests.application.event_rig import EventRig
from tests.contracts.properties import QUICK
from tests.fakes.event_path import Chance, ChancePublisher, Lifeline, MortalOutbox

TIMES = RelayTimes()
KEYS = ("ann", "bob", "kim")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["append", "append", "append_bad"]), st.integers(0, len(KEYS) - 1)),
        st.tuples(st.sampled_from(["begin", "kill", "stop", "begin_anew"]), st.integers(0, 2)),
        st.tuples(st.just("go_on"), st.integers(1, 25)),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 20])),
    ),
    min_size=10,
    max_size=40,
)
"""A wait is shorter than what is left of a claim when a call of the publisher begins."""


@attrs.define
class Process:
    """A relay that runs in a process of its own."""

    life: Lifeline
    relay: OutboxRelay
    task: asyncio.Task[None]
    stopping: asyncio.Event

    @classmethod
    def begun(cls, life: Lifeline, relay: OutboxRelay) -> "Process":
        """Let the relay run."""
        stopping = asyncio.Event()
        return cls(life, relay, asyncio.create_task(relay.run(stopping)), stopping)


@attrs.define(kw_only=True)
class Game:
    """What was appended so far, and which relays are at work."""

    chance: Chance
    rig: EventRig = attrs.field(factory=EventRig)
    processes: list[Process] = attrs.field(factory=list)
    names: list[str] = attrs.field(factory=list)

    def relay(self, life: Lifeline) -> OutboxRelay:
        """Return a relay that gets at most four events at a time, and of longer ones three."""
        rig = self.rig
        return rig.relay(
            outbox=MortalOutbox(rig.database, rig.clock, life),
            publisher=ChancePublisher(log=rig.events, chance=self.chance, life=life),
            batch=4,
            batch_bytes=33,
        )

    async def append(self, number: int) -> None:
        for _ in range(3):
            self.add(number, "good")

    async def append_bad(self, number: int) -> None:
        self.add(number, "bad")

    def add(self, number: int, kind: str) -> None:
        name = f"{kind}-{KEYS[number]}-{len(self.names)}"
        self.names.append(name)
        event = EncodedEvent(event_id=EventId(name), topic="topic", key=KEYS[number], value=name.encode(), headers={})
        self.rig.database.outbox.append(event)
        self.rig.database.appended.ring()

    async def begin(self, _: int) -> None:
        life = Lifeline()
        if len(self.processes) < 3:
            self.processes.append(Process.begun(life, self.relay(life)))

    async def kill(self, number: int) -> None:
        for process in self.processes[number : number + 1]:
            self.processes.remove(process)
            process.life.dead = True
            process.task.cancel()
            await asyncio.wait([process.task])
            assert process.task.cancelled(), process.task.exception()
            self.chance.doubtful.update(process.life.sent)

    async def stop(self, number: int) -> None:
        for process in self.processes[number : number + 1]:
            self.processes.remove(process)
            process.stopping.set()
            await process.task

    async def begin_anew(self, number: int) -> None:
        """Break the relay's task off in mid-step, and run the same relay again, as a supervisor does."""
        for place, process in list(enumerate(self.processes))[number : number + 1]:
            process.task.cancel()
            await asyncio.wait([process.task])
            assert process.task.cancelled(), process.task.exception()
            self.chance.doubtful.update(process.life.sent)
            process.life.sent.clear()
            self.processes[place] = Process.begun(process.life, process.relay)

    async def go_on(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def wait(self, seconds: int) -> None:
        await self.rig.clock.advance(timedelta(seconds=seconds))

    def check(self) -> None:
        """Look at what is in the log, and at what is marked."""
        relaying = self.rig.database.relaying
        good = [name for name in self.names if name.startswith("good")]
        assert set(relaying.published) == set(good)
        assert set(relaying.parked) == set(self.names) - set(good)
        found = [(each.message.value or b"").decode() for each in self.rig.events.deliveries("topic")]
        assert set(found) == set(good)
        for key in KEYS:
            first = dict.fromkeys(name for name in found if f"-{key}-" in name)
            assert list(first) == [name for name in good if f"-{key}-" in name]
        assert Counter(found) <= Counter(good) + self.chance.doubtful


async def play(steps: list[tuple[str, int]], chance: Chance) -> None:
    """Play the steps, let everybody die, and let one more relay do what is left."""
    game = Game(chance=chance)
    await game.begin(0)
    await game.begin(1)
    for step, number in steps:
        await getattr(game, step)(number)
    while game.processes:
        await game.kill(0)
    await game.rig.clock.advance(TIMES.lease)
    game.chance.failing = game.chance.lost = 0.0
    await game.relay(Lifeline()).pump()
    game.check()


@QUICK
@given(STEPS, st.integers(), st.sampled_from([0.0, 0.2, 0.6]), st.sampled_from([0.0, 0.2]))
def test_every_event_is_published_in_order_and_only_those_twice_whose_sender_could_not_know(
    steps: list[tuple[str, int]], seed: int, failing: float, lost: float
) -> None:
    chance = Chance(random=random.Random(seed), failing=failing, lost=lost)  # noqa: S311 - to be repeatable
    asyncio.run(play(steps, chance))

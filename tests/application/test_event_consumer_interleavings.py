"""Whoever joins, leaves, dies or is expelled, and whatever is not answered: each event has one effect, in order."""

import asyncio
import random
from datetime import timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.event_subscriber import MemoryEventSubscriber
from adapters.memory.inbox import MemoryInbox
from application.event_consumer import EventConsumer
from domain.errors import APIConnectionError
from domain.messages import Handled
from ports.event_codec import ReceivedEvent
from tests.application.event_rig import GROUP, MINUTE, SECOND, TOPIC, EventRig, partition_of
from tests.contracts.properties import QUICK
from tests.fakes.event_path import Lifeline, MortalSubscriber

KEYS = ("ann", "bob", "kim", "lee")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(0, len(KEYS) - 1)),
        st.tuples(st.sampled_from(["join", "kill", "leave", "expel"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["lose_answers", "lose_connection", "restore"]), st.just(0)),
        st.tuples(st.just("go_on"), st.integers(1, 30)),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 30])),
    ),
    min_size=10,
    max_size=40,
)


@attrs.define
class Process:
    """A member that runs in a process of its own."""

    life: Lifeline
    task: asyncio.Task[None]
    ending: asyncio.Event


@attrs.define(kw_only=True)
class Game:
    """What was published so far, which members are at work, and which effects there were, in order."""

    random: random.Random
    failing: float
    rig: EventRig = attrs.field(factory=EventRig)
    processes: list[Process] = attrs.field(factory=list)
    names: dict[str, list[str]] = attrs.field(factory=lambda: {key: [] for key in KEYS})
    effects: list[str] = attrs.field(factory=list)

    async def handle(self, event: ReceivedEvent, handled: Handled) -> None:
        """Make the effect once, somewhere between waiting, working and failing."""
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)
        if self.random.random() < self.failing:
            raise APIConnectionError("No route.")
        if self.random.random() < self.failing / 4:
            await self.rig.clock.sleep(timedelta(seconds=self.random.randrange(30)))
        if await MemoryInbox(self.rig.database).accept(handled, self.rig.clock.now()):
            self.effects.append(event.event_id)
        await asyncio.sleep(0)
        if self.random.random() < self.failing:
            raise APIConnectionError("No route.")

    async def member(self, consumer: EventConsumer, ending: asyncio.Event) -> None:
        async with consumer.subscribe(TOPIC, self.handle, GROUP):
            await ending.wait()

    async def publish(self, number: int) -> None:
        if not (self.rig.events.unreachable or self.rig.events.answers_lost):
            key = KEYS[number]
            first = len(self.names[key])
            names = [f"{key}-{first + more}" for more in range(4)]
            self.names[key] += names
            await self.rig.publish(*names, key=key)

    async def join(self, _: int) -> None:
        if len(self.processes) < 3:
            life, ending = Lifeline(), asyncio.Event()
            consumer = self.rig.consumer(
                subscriber=MortalSubscriber(MemoryEventSubscriber(self.rig.events), life), batch=5
            )
            self.processes.append(Process(life, asyncio.create_task(self.member(consumer, ending)), ending))

    async def kill(self, number: int) -> None:
        """Cancel it as often as it takes."""
        for process in self.processes[number : number + 1]:
            self.processes.remove(process)
            process.life.dead = True
            assert not process.task.done()
            while not process.task.done():
                process.task.cancel()
                await asyncio.sleep(0)

    async def leave(self, number: int) -> None:
        for process in self.processes[number : number + 1]:
            self.processes.remove(process)
            process.ending.set()
            await self.rig.turn()
            while not process.task.done():
                await self.rig.clock.advance(SECOND)
            await process.task

    async def expel(self, number: int) -> None:
        for member in list(self.rig.events.group(GROUP).members)[number : number + 1]:
            self.rig.events.expel(GROUP, member)

    async def lose_answers(self, _: int) -> None:
        self.rig.events.answers_lost = True

    async def lose_connection(self, _: int) -> None:
        self.rig.events.unreachable = True

    async def restore(self, _: int) -> None:
        self.rig.events.unreachable = self.rig.events.answers_lost = False

    async def go_on(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def wait(self, seconds: int) -> None:
        await self.rig.clock.advance(timedelta(seconds=seconds))

    def check(self) -> None:
        """Look at the effects and at what is committed."""
        for key, names in self.names.items():
            assert [name for name in self.effects if name.startswith(key)] == names
            partition = partition_of(key)
            if names:
                assert self.rig.committed(key) == self.rig.events.partition(partition).end
        assert not self.rig.letters()


async def play(steps: list[tuple[str, int]], game: Game) -> None:
    """Play the steps; then let everybody but one die, and let that one do what is left."""
    await game.join(0)
    await game.join(1)
    for step, number in steps:
        await getattr(game, step)(number)
    await game.restore(0)
    while game.processes:
        await game.kill(0)
    game.failing = 0.0
    await game.join(0)
    await game.rig.let_pass(2 * MINUTE, 10 * SECOND)
    await game.leave(0)
    game.check()


@QUICK
@given(STEPS, st.integers(), st.sampled_from([0.0, 0.3]), st.sampled_from(["eager", "sticky"]))
def test_every_event_has_its_effect_once_and_in_order(
    steps: list[tuple[str, int]], seed: int, failing: float, assignment: str
) -> None:
    game = Game(random=random.Random(seed), failing=failing)  # noqa: S311 - to be repeatable
    game.rig.events.eager = assignment == "eager"
    asyncio.run(play(steps, game))

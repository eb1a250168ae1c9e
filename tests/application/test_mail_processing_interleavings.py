"""Whoever works, dies and stops, in whatever order: every mail is announced or dropped once, and paid for once."""

import asyncio
from collections import Counter
from datetime import timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from application.mail_analysis import MailAnalysis
from application.mail_processing import MailProcessing, ProcessingTimes
from domain.mail_results import MailState
from domain.mail_sync import MailId
from tests.application.mail_rig import KIM, NOBODY, MailRig, events_of
from tests.contracts.properties import QUICK
from tests.fakes.mail_path import BAD, Lifeline, MortalMailQueue, ScriptedAnalyst

TIMES = ProcessingTimes()
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["store", "store", "store_unwanted", "store_bad"]), st.integers(1, 6)),
        st.tuples(st.sampled_from(["begin", "kill", "stop"]), st.integers(0, 2)),
        st.tuples(st.just("go_on"), st.integers(1, 40)),
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 130])),
    ),
    min_size=10,
    max_size=40,
)


@attrs.define
class Process:
    """A processing that runs in a process of its own, with a share in nobody's calls."""

    life: Lifeline
    task: asyncio.Task[None]
    stopping: asyncio.Event
    analyst: ScriptedAnalyst


@attrs.define(kw_only=True)
class Game:
    """What was stored so far, and which processes are at work. All mails of a kind have bodies of their own."""

    rig: MailRig = attrs.field(factory=MailRig)
    processes: list[Process] = attrs.field(factory=list)
    stored: dict[str, MailId] = attrs.field(factory=dict)
    asked: Counter[str] = attrs.field(factory=Counter)
    given_up: Counter[str] = attrs.field(factory=Counter)
    """What was asked for in vain, and what was answered to a process that died before it could keep it."""

    def processing(self, life: Lifeline, analyst: ScriptedAnalyst) -> MailProcessing:
        """Return two workers of a new process, which claim at most three mails each."""
        queue = MortalMailQueue(self.rig.database, self.rig.clock, life)
        analysis: MailAnalysis = self.rig.analysis(analyst=analyst, concurrency=2)
        return self.rig.processing(queue=queue, analysis=analysis, workers=2, limit=3)

    async def store(self, count: int) -> None:
        await self._store(count, "good")

    async def store_unwanted(self, count: int) -> None:
        await self._store(count, "unwanted")

    async def store_bad(self, count: int) -> None:
        await self._store(min(count, 2), BAD)

    async def _store(self, count: int, kind: str) -> None:
        bodies = [f"{kind} {len(self.stored) + number}" for number in range(count)]
        ids = await self.rig.store(*bodies, sender=NOBODY if kind == "unwanted" else KIM)
        self.stored.update(zip(bodies, ids, strict=True))

    async def begin(self, _: int) -> None:
        if len(self.processes) < 3:
            life, stopping, analyst = Lifeline(), asyncio.Event(), ScriptedAnalyst()
            task = asyncio.create_task(self.processing(life, analyst).run(stopping))
            self.processes.append(Process(life, task, stopping, analyst))

    async def kill(self, number: int) -> None:
        for process in self.processes[number : number + 1]:
            process.life.dead = True
            process.task.cancel()
            await asyncio.wait([process.task])
            assert process.task.cancelled(), process.task.exception()
            self._count(process)
            self.given_up.update(text for text in process.analyst.asked if not self._is_kept(text))

    async def stop(self, number: int) -> None:
        for process in self.processes[number : number + 1]:
            process.stopping.set()
            await process.task
            self._count(process)
            assert not process.analyst.at_once

    async def go_on(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def wait(self, seconds: int) -> None:
        """Nobody is frozen in the midst of something for longer than its claim lasts."""
        await self.go_on(200)
        await self.rig.clock.advance(timedelta(seconds=seconds))

    def _is_kept(self, text: str) -> bool:
        kept = self.rig.database.mail.analyses.values()
        return any(analysis.keywords == (f"paid {text}",) for analysis in kept)

    def _count(self, process: Process) -> None:
        self.processes.remove(process)
        self.add(process.analyst)

    def add(self, analyst: ScriptedAnalyst) -> None:
        """Count what was asked."""
        self.asked.update(analyst.asked)
        self.given_up.update(analyst.given_up)

    def check(self) -> None:
        """Look at what became of every mail."""
        mails = self.rig.database.mail.mails
        states = {
            "good": MailState.ANNOUNCED,
            "unwanted": MailState.DROPPED,
            BAD: MailState.NEW,
        }
        assert {body: mails[mail_id].state for body, mail_id in self.stored.items()} == {
            body: states[body.split()[0]] for body in self.stored
        }
        good = [mail_id for body, mail_id in self.stored.items() if body.startswith("good")]
        assert sorted(self.rig.announced) == sorted(events_of(good))
        assert self.asked <= Counter(self.stored.keys()) + self.given_up
        assert set(self.asked) <= {body for body in self.stored if body.startswith("good")}


async def play(steps: list[tuple[str, int]]) -> Game:
    """Play the steps, let everybody die, and let another process do what is left."""
    game = Game()
    await game.begin(0)
    await game.begin(1)
    for step, number in steps:
        await getattr(game, step)(number)
    while game.processes:
        await game.kill(0)
    await game.rig.clock.advance(TIMES.lease)
    heir = ScriptedAnalyst()
    await game.processing(Lifeline(), heir).process_all()
    game.add(heir)
    return game


@QUICK
@given(STEPS)
def test_every_mail_is_announced_or_dropped_once_the_bad_ones_wait_and_only_calls_that_were_given_up_cost_twice(
    steps: list[tuple[str, int]],
) -> None:
    asyncio.run(play(steps)).check()

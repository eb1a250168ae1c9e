"""Mailboxes driven side by side by Hypothesis: whoever follows the cursors has in the end exactly what is there."""

import asyncio
from contextlib import AsyncExitStack

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import ResyncRequiredError
from domain.mail import FolderRole
from tests.contracts.letters import draft
from tests.contracts.mailbox_benches import MailboxBench, Opening, open_memory_bench, open_unruly_graph_bench
from tests.contracts.mailbox_scenes import Follower
from tests.contracts.properties import MACHINE

FOLDERS = (FolderRole.INBOX, FolderRole.ARCHIVE)
OPENINGS: tuple[Opening, ...] = (open_memory_bench, open_unruly_graph_bench)
PLACES = st.sampled_from(FOLDERS)
PICKS = st.integers(0, 1_000_000)


@attrs.define
class Letter:
    """What must be true of a mail that is there."""

    place: FolderRole
    is_read: bool = False


@attrs.define(eq=False)
class Side:
    """One implementation: its own ids, and a follower of each folder, who may go on from an older cursor."""

    bench: MailboxBench
    ids: dict[int, str] = attrs.field(factory=dict)
    followers: dict[FolderRole, Follower] = attrs.field(factory=dict)

    def follow_anew(self, place: FolderRole) -> None:
        self.followers[place] = Follower(self.bench, self.bench.folder_id(place))

    async def step(self, place: FolderRole) -> None:
        try:
            await self.followers[place].step()
        except ResyncRequiredError:
            self.follow_anew(place)

    async def catch_up(self, place: FolderRole) -> dict[str, bool]:
        """Finish the round that was begun, if one was, and a whole one behind it."""
        for _ in range(2):
            try:
                await self.followers[place].follow()
            except ResyncRequiredError:
                self.follow_anew(place)
                await self.followers[place].follow()
        return self.followers[place].state()


class MailboxMachine(RuleBasedStateMachine):
    """Letters come, move, change and go in all mailboxes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.sides: list[Side] = []
        self.letters: dict[int, Letter] = {}
        self.count = 0

    @initialize()
    def open(self) -> None:
        for open_bench in OPENINGS:
            bench = self.runner.run(self.stack.enter_async_context(open_bench()))
            side = Side(bench)
            for place in FOLDERS:
                side.follow_anew(place)
            self.sides.append(side)

    @rule(place=PLACES, count=st.integers(1, 4))
    def deliver(self, place: FolderRole, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.letters[self.count] = Letter(place)
            for side in self.sides:
                side.ids[self.count] = side.bench.deliver(draft(self.count), side.bench.folder_id(place))

    @precondition(lambda self: self.letters)
    @rule(pick=PICKS, place=PLACES)
    def move(self, pick: int, place: FolderRole) -> None:
        number = self._picked(pick)
        if self.letters[number].place is not place:
            self.letters[number].place = place
            for side in self.sides:
                side.bench.move(side.ids[number], side.bench.folder_id(place))

    @precondition(lambda self: self.letters)
    @rule(pick=PICKS, is_read=st.booleans())
    def mark(self, pick: int, *, is_read: bool) -> None:
        number = self._picked(pick)
        self.letters[number].is_read = is_read
        for side in self.sides:
            side.bench.mark(side.ids[number], is_read=is_read)

    @precondition(lambda self: self.letters)
    @rule(pick=PICKS)
    def delete(self, pick: int) -> None:
        number = self._picked(pick)
        del self.letters[number]
        for side in self.sides:
            side.bench.delete(side.ids[number])

    @rule(place=PLACES)
    def step(self, place: FolderRole) -> None:
        """Follow the changes once: what comes next happens during the round."""
        for side in self.sides:
            self.runner.run(side.step(place))

    @rule()
    def forget_cursors(self) -> None:
        for side in self.sides:
            side.bench.forget_cursors()

    @rule(place=PLACES)
    def catch_up(self, place: FolderRole) -> None:
        self._check(place)

    @invariant()
    def each_letter_has_an_id_of_its_own(self) -> None:
        for side in self.sides:
            assert len(set(side.ids.values())) == self.count

    def teardown(self) -> None:
        """Whatever was done, the followers have it all in the end."""
        try:
            for place in FOLDERS if self.sides else ():
                self._check(place)
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    def _picked(self, pick: int) -> int:
        return sorted(self.letters)[pick % len(self.letters)]

    def _check(self, place: FolderRole) -> None:
        for side in self.sides:
            numbers = {message_id: number for number, message_id in side.ids.items()}
            found = self.runner.run(side.catch_up(place))
            assert {numbers[message_id]: is_read for message_id, is_read in found.items()} == {
                number: letter.is_read for number, letter in self.letters.items() if letter.place is place
            }


TestMailboxMachine = MailboxMachine.TestCase
TestMailboxMachine.settings = settings(MACHINE, max_examples=10, stateful_step_count=20)

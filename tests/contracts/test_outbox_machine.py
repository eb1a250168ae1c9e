"""Outboxes and inboxes driven side by side by Hypothesis, and compared with a model that is only a dictionary."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from domain.account import Account
from domain.change import AccountChange
from domain.errors import ConflictError
from domain.events import EventId
from domain.messages import Handled
from ports.outbox import PAGE_BYTES
from tests.contracts.properties import MACHINE
from tests.contracts.rigs import Rig
from tests.contracts.samples import NOW, enrolment, updated
from tests.contracts.side_by_side import SideBySide

USER_IDS = st.sampled_from(["ann", "bob", "cid"])
OWNERS = st.sampled_from(["one", "two"])
DURATIONS = st.sampled_from([timedelta(seconds=seconds) for seconds in (1, 20, 300)])
PASSING = st.sampled_from([timedelta(seconds=seconds) for seconds in (-400, 0.5, 1, 19, 20, 300)])
AGES = st.sampled_from([timedelta(seconds=seconds) for seconds in (0, 1, 60)])
LIMITS = st.integers(0, 6)
SIZES = st.sampled_from([0, 1, 700, 1500, PAGE_BYTES])
"""Smaller than any event, than two, than some, and more than all."""
PLACES = st.lists(st.integers(0, 20), max_size=6)
"""Which events: those at these places, as far as there are so many, and for 20 one that nobody knows."""
EVERY_HANDLING = [Handled(group_id=group, event_id=EventId(event)) for group in ("g", "h") for event in ("1", "2", "3")]
HANDLED = st.sampled_from(EVERY_HANDLING)


class State(Enum):
    """What can have become of an event that is still there."""

    PENDING = auto()
    PUBLISHED = auto()
    PARKED = auto()


class Outboxes(RuleBasedStateMachine):
    """`states` holds the ids of events in order of appending."""

    def __init__(self) -> None:
        super().__init__()
        self.stores = SideBySide()
        self.accounts: dict[str, Account] = {}
        self.states: dict[EventId, State] = {}
        self.keys: dict[EventId, str] = {}
        self.handled: set[Handled] = set()
        self.now = NOW

    def teardown(self) -> None:
        try:
            found = self.stores.everything().events
            assert set(found) == self.states.keys()
            assert [event for event in found if event in self._those(State.PENDING)] == self._those(State.PENDING)
        finally:
            self.stores.close()

    @initialize()
    def enrol_everybody(self) -> None:
        for user_id in ("ann", "bob", "cid"):
            self._save(enrolment(user_id))

    @rule(user_id=USER_IDS)
    def append(self, user_id: str) -> None:
        self._save(self._change(user_id))

    @rule(user_id=USER_IDS, handled=HANDLED)
    def append_as_an_effect(self, user_id: str, handled: Handled) -> None:
        change = self._change(user_id)
        saved = self.stores.ask(lambda rig: rig.accounts.save(change, handled=handled)).given
        assert saved is (handled not in self.handled)
        if saved:
            self._appended(change)
            self.handled.add(handled)

    @rule(handled=HANDLED)
    def append_a_stale_effect(self, handled: Handled) -> None:
        change = enrolment("ann")
        answer = self.stores.ask(lambda rig: rig.accounts.save(change, handled=handled))
        assert (answer.value, answer.error) == ((False, None) if handled in self.handled else (None, ConflictError))

    @rule(handled=HANDLED)
    def accept(self, handled: Handled) -> None:
        accepted = self.stores.ask(lambda rig: rig.inbox.accept(handled, self.now)).given
        assert accepted is (handled not in self.handled)
        self.handled.add(handled)

    @rule(age=AGES, limit=LIMITS)
    def forget_what_was_handled(self, age: timedelta, limit: int) -> None:
        before = self.now - age
        count = self.stores.ask(lambda rig: rig.inbox.trim(before, limit)).given
        assert count <= min(limit, len(self.handled))
        if count:  # which ones is the stores' affair: all are accepted again
            self.stores.ask(self._accept_all)
            self.handled = set(EVERY_HANDLING)

    @rule(passing=PASSING)
    def let_time_pass(self, passing: timedelta) -> None:
        self.now += passing

    @rule(owner=OWNERS, lease=DURATIONS)
    def claim(self, owner: str, lease: timedelta) -> None:
        self.stores.ask(lambda rig: rig.relay.claim(owner, self.now, lease))

    @rule(owner=OWNERS)
    def release(self, owner: str) -> None:
        self.stores.ask(lambda rig: rig.relay.release(owner))

    @rule(limit=LIMITS, place=st.none() | st.integers(0, 20), size=SIZES)
    def read_what_is_pending(self, limit: int, place: int | None, size: int) -> None:
        after = None if place is None else self._at([place])[0]
        found = self.stores.ask(lambda rig: rig.relay.pending(limit, after=after, size_bytes=size)).given
        begin = next((number for number, event_id in enumerate(self.states, 1) if event_id == after), 0)
        behind = list(self.states)[begin:]
        pending = [event_id for event_id in self._those(State.PENDING) if event_id in behind]
        most = min(limit, len(pending))
        assert len(found) == most if size == PAGE_BYTES else min(most, 1) <= len(found) <= most
        assert len(found) <= 1 or sum(len(event.value) for event in found) <= size
        for user_id in self.accounts:
            mine = [event.event_id for event in found if event.key == user_id]
            assert mine == [event_id for event_id in pending if self.keys[event_id] == user_id][: len(mine)]

    @rule(published=PLACES, parked=PLACES, reason=st.sampled_from(["so", "too large"]))
    def settle(self, published: list[int], parked: list[int], reason: str) -> None:
        done, aside = self._at(published), dict.fromkeys(self._at(parked), reason)
        self.stores.ask(lambda rig: rig.relay.settle(self.now, done, aside))
        for event_ids, state in ((done, State.PUBLISHED), (aside, State.PARKED)):
            for event_id in event_ids:
                if self.states.get(event_id) is State.PENDING:
                    self.states[event_id] = state

    @rule(places=PLACES)
    def unpark(self, places: list[int]) -> None:
        asked = self._at(places)
        parked = {each for each in asked or self.states if self.states.get(each) is State.PARKED}
        assert self.stores.ask(lambda rig: rig.parked.unpark(asked)).given == len(parked)
        self.states |= dict.fromkeys(parked, State.PENDING)

    @rule(limit=LIMITS)
    def read_what_is_parked(self, limit: int) -> None:
        found = self.stores.ask(lambda rig: rig.parked.parked(limit)).given
        assert [each.event.event_id for each in found] == self._those(State.PARKED)[:limit]

    @rule()
    def summarise(self) -> None:
        found = self.stores.ask(lambda rig: rig.parked.summary()).given
        counts = {State.PENDING: found.pending, State.PARKED: found.parked, State.PUBLISHED: found.published}
        assert counts == {state: len(self._those(state)) for state in State}
        assert (found.oldest and found.oldest.event_id) == next(iter(self._those(State.PENDING)), None)

    @rule(age=AGES, limit=LIMITS)
    def forget_what_was_published(self, age: timedelta, limit: int) -> None:
        before = self.now - age
        count = self.stores.ask(lambda rig: rig.relay.trim(before, limit)).given
        left = set(self.stores.everything().events)
        gone = self.states.keys() - left
        assert len(gone) == count <= limit
        assert {self.states.pop(event_id) for event_id in gone} <= {State.PUBLISHED}

    async def _accept_all(self, rig: Rig) -> list[bool]:
        return [await rig.inbox.accept(each, self.now) for each in EVERY_HANDLING]

    def _save(self, change: AccountChange) -> None:
        assert self.stores.ask(lambda rig: rig.accounts.save(change)).given
        self._appended(change)

    def _change(self, user_id: str) -> AccountChange:
        account = self.accounts[user_id]
        return updated(account, name=f"Name {account.version}")

    def _appended(self, change: AccountChange) -> None:
        self.accounts[change.after.user_id] = change.after
        self.states[change.event.event_id] = State.PENDING
        self.keys[change.event.event_id] = change.after.user_id

    def _those(self, wanted: State) -> list[EventId]:
        return [event_id for event_id, state in self.states.items() if state is wanted]

    def _at(self, places: Sequence[int]) -> list[EventId]:
        known = list(self.states)
        return [known[place] if place < len(known) else EventId("unknown") for place in places]


TestOutboxes = Outboxes.TestCase
TestOutboxes.settings = MACHINE

"""Whatever two processes and the person do, in whatever order: at most one grant is stored per sign-in."""

import asyncio
from datetime import timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from application.sign_ins import ACTOR, Departure
from domain.errors import APIConnectionError, AuthenticationError, IACSGraphError
from domain.sign_in import OPEN_STAGES, SignIn, SignInId, Stage
from ports.identity_provider import AuthorizationResponse
from tests.application.rig import Rig, open_rig
from tests.contracts.properties import QUICK

KIM = "kim@office.example"
NUMBERS = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["begin", "begin_device", "fault", "after_fault"]), st.just(0)),
        st.tuples(st.sampled_from(["complete", "complete_twice", "decline", "cancel", "approve", "poll"]), NUMBERS),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 60, 300, 600])),
    ),
    max_size=25,
)


@attrs.define
class Interleaving:
    """What was begun so far, by either process, and how it turned out for whoever completed it."""

    rigs: tuple[Rig, Rig]
    departures: list[Departure] = attrs.field(factory=list)
    devices: list[SignIn] = attrs.field(factory=list)
    done: list[SignInId] = attrs.field(factory=list)
    turns: int = 0

    async def take(self, step: str, number: int) -> None:
        """Do one step, with one process after the other; refusals are part of the game."""
        self.turns += 1
        await getattr(self, step)(self.rigs[self.turns % 2], number)

    async def begin(self, rig: Rig, _: int) -> None:
        self.departures.append(await rig.sign_ins.begin("kim"))

    async def begin_device(self, rig: Rig, _: int) -> None:
        try:
            self.devices.append(await rig.sign_ins.begin_device("kim"))
        except APIConnectionError:
            return

    async def fault(self, rig: Rig, _: int) -> None:
        rig.provider.interventions.append(APIConnectionError("No route."))

    async def after_fault(self, rig: Rig, _: int) -> None:
        rig.provider.interventions.clear()

    async def wait(self, rig: Rig, seconds: int) -> None:
        await rig.clock.advance(timedelta(seconds=seconds))

    async def complete(self, rig: Rig, number: int) -> None:
        if number < len(self.departures):
            await self._complete(rig, *rig.visit(self.departures[number], KIM))

    async def complete_twice(self, _: Rig, number: int) -> None:
        if number < len(self.departures):
            back = self.rigs[0].visit(self.departures[number], KIM)
            await asyncio.gather(*(self._complete(rig, *back) for rig in self.rigs))

    async def decline(self, rig: Rig, number: int) -> None:
        if number < len(self.departures):
            state, _ = rig.visit(self.departures[number], KIM)
            await self._complete(rig, state, AuthorizationResponse(error="access_denied"))

    async def cancel(self, rig: Rig, number: int) -> None:
        for sign_in in [departure.sign_in for departure in self.departures][number:][:1] + self.devices[number:][:1]:
            await rig.sign_ins.cancel(sign_in.sign_in_id)

    async def approve(self, rig: Rig, number: int) -> None:
        for flow in list(rig.provider.devices.flows.values())[number:][:1]:
            flow.username = KIM

    async def poll(self, _: Rig, number: int) -> None:
        for sign_in in self.devices[number:][:1]:
            await asyncio.gather(*(self._poll(rig, sign_in) for rig in self.rigs))

    async def _complete(self, rig: Rig, state: str, response: AuthorizationResponse) -> None:
        try:
            self._note(*await rig.sign_ins.complete(state, response))
        except AuthenticationError:
            return

    async def _poll(self, rig: Rig, sign_in: SignIn) -> None:
        try:
            self._note(*await rig.sign_ins.poll(sign_in.sign_in_id))
        except AuthenticationError:
            return

    def _note(self, sign_in: SignIn, error: IACSGraphError | None) -> None:
        assert sign_in.secrets is None
        assert (error is not None) is (sign_in.stage is Stage.FAILED)
        if sign_in.stage is Stage.DONE:
            self.done.append(sign_in.sign_in_id)


async def play(steps: list[tuple[str, int]]) -> None:
    """Play the steps and look at what is stored at the end."""
    async with open_rig() as rig, open_rig(rig) as other:
        await rig.enrol("kim")
        game = Interleaving((rig, other))
        for step, number in steps:
            await game.take(step, number)
        stored = [entry for entry in await rig.operator.audit_trail("kim") if entry.actor == ACTOR]
        assert len(stored) == len(game.done) == len(set(game.done))
        assert ((await rig.held("kim")).access is not None) is bool(game.done)
        for row in rig.database.sign_ins.values():
            assert (row.sign_in.stage is Stage.DONE) is (row.sign_in.sign_in_id in game.done)
        kept = [binding for binding in rig.database.ciphertexts if binding.field == "secrets"]
        assert len(kept) == sum(row.sign_in.stage in OPEN_STAGES for row in rig.database.sign_ins.values())


@QUICK
@given(STEPS)
def test_any_interleaving_stores_at_most_one_grant_per_sign_in(steps: list[tuple[str, int]]) -> None:
    asyncio.run(play(steps))

"""Token stores driven side by side by Hypothesis: claims, late holders, failures, sign-ins, and time that passes."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from domain import lifecycle
from domain.account import Account, AuthFlow
from domain.change import AccountChange
from domain.errors import BusinessLogicError, LeaseLostError, PermissionDeniedError
from domain.lifecycle import Act, Transition
from domain.refreshing import Wait
from domain.token import Token
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, Lease
from tests.contracts.properties import MACHINE
from tests.contracts.rigs import Rig
from tests.contracts.samples import (
    CANARIES,
    NOW,
    OWNER,
    STRANGER,
    act,
    application,
    due,
    enrolment,
    losing_grant,
    recovering,
    signing_in,
    signing_out,
    token,
    unchanged,
    without_secrets,
)
from tests.contracts.scenes import account_of, held
from tests.contracts.side_by_side import Answer, SideBySide

USERS = {
    "ann": None,
    "bob": application(*CANARIES),
    "cid": application("s", flow=AuthFlow.CLIENT_CREDENTIALS),
}
USER_IDS = st.sampled_from(sorted(USERS))
OWNERS = st.sampled_from(["one", "two"])
DURATIONS = st.sampled_from([timedelta(seconds=seconds) for seconds in (1, 30, 60, 120)])
PASSING = st.sampled_from([timedelta(seconds=seconds) for seconds in (0.5, 1, 29, 30, 60, 299, 300, 3600)])
RETRIES = st.none() | DURATIONS
SPREADS = st.sampled_from([0.0, 0.25, 1.0])
VERBS: dict[str, Callable[[Account, Act, str], AccountChange]] = {
    "lock": lifecycle.lock,
    "unlock": lifecycle.unlock,
    "activate": lifecycle.activate,
    "deactivate": lifecycle.deactivate,
}
AFTER_SUCCESS: dict[str, Callable[[], Transition]] = {"recover": recovering, "nothing": lambda: unchanged}
AFTER_FAILURE: dict[str, Callable[[], Transition]] = {"lose grant": losing_grant, "nothing": lambda: unchanged}
SIGN_INS: dict[str, Callable[[], Transition]] = {
    "owner": lambda: signing_in(OWNER),
    "stranger": lambda: signing_in(STRANGER),
    "nobody in particular": lambda: signing_in(None),
}


def _one_of(choices: dict[str, Callable[[], Transition]]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(choices))


def _saving(change: AccountChange) -> Callable[[Rig], Awaitable[bool]]:
    return lambda rig: rig.accounts.save(change)


class TokenStores(RuleBasedStateMachine):
    """`read` holds what somebody read once, `leases` what somebody was given once: most of them are old news."""

    read = Bundle("read")
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.stores = SideBySide()
        self.now = NOW
        self.tokens = 0
        self.living: dict[str, Lease] = {}
        self.cursors: list[Cursor] = []
        self.written: set[str] = set()

    def teardown(self) -> None:
        try:
            self.stores.everything()
            for user_id in USERS:
                self._look(user_id)
        finally:
            self.stores.close()

    @initialize()
    def enrol(self) -> None:
        for user_id, app in USERS.items():
            change = enrolment(user_id, app)
            assert self.stores.ask(_saving(change)).error is None
        self.hear()

    @rule(target=read, user_id=USER_IDS)
    def look(self, user_id: str) -> HeldToken:
        return self._look(user_id)

    @rule(target=leases, user_id=USER_IDS, owner=OWNERS, lasting=DURATIONS)
    def claim(self, user_id: str, owner: str, lasting: timedelta) -> object:
        found = self._look(user_id)
        answer = self._claim(found, owner, lasting)
        assert answer.value == found.wait or isinstance(answer.value, Lease)
        return self._given(answer)

    @rule(target=leases, found=read, owner=OWNERS, lasting=DURATIONS)
    def claim_on_what_was_read_once(self, found: HeldToken, owner: str, lasting: timedelta) -> object:
        fence = self._look(found.user_id).fence
        answer = self._claim(found, owner, lasting)
        assert (answer.code == "FENCE_MOVED") == (fence != found.fence)
        return self._given(answer)

    @rule(target=leases, user_id=USER_IDS, owner=OWNERS, lasting=DURATIONS)
    def claim_without_reading(self, user_id: str, owner: str, lasting: timedelta) -> object:
        found = self._look(user_id)
        answer = self.stores.ask(lambda rig: rig.tokens.claim(user_id, owner, self.now, lasting))
        assert answer.value == found.wait or isinstance(answer.value, Lease)
        return self._given(answer)

    @rule(lease=leases, refresh=st.booleans(), decision=_one_of(AFTER_SUCCESS))
    def commit(self, lease: Lease, refresh: bool, decision: str) -> None:  # noqa: FBT001 - drawn by Hypothesis
        transition, newer = AFTER_SUCCESS[decision](), self._token(refresh=refresh)
        self._end(lease, lambda rig: rig.tokens.commit(lease, newer, due(self.now), transition))

    @rule(lease=leases, retry_after=RETRIES, spread=SPREADS, decision=_one_of(AFTER_FAILURE))
    def fail(self, lease: Lease, retry_after: timedelta | None, spread: float, decision: str) -> None:
        transition, now = AFTER_FAILURE[decision](), self.now
        self._end(lease, lambda rig: rig.tokens.fail(lease, now, retry_after, spread, transition))

    @rule(user_id=USER_IDS, refresh=st.booleans(), decision=_one_of(SIGN_INS))
    def sign_in(self, user_id: str, refresh: bool, decision: str) -> None:  # noqa: FBT001 - drawn by Hypothesis
        self._replace(user_id, self._token(refresh=refresh), due(self.now), SIGN_INS[decision]())

    @rule(user_id=USER_IDS)
    def sign_out(self, user_id: str) -> None:
        self._replace(user_id, None, None, signing_out())

    @rule(user_id=USER_IDS, verb=st.sampled_from(sorted(VERBS)))
    def change_status(self, user_id: str, verb: str) -> None:
        account = self.stores.ask(lambda rig: account_of(rig, user_id)).given
        try:
            change = VERBS[verb](account, act(self.now), "so")
        except BusinessLogicError:
            return
        assert self.stores.ask(lambda rig: rig.accounts.save(change)).error is None
        self.written.add(user_id)

    @rule(duration=PASSING)
    def pass_time(self, duration: timedelta) -> None:
        self.now += duration

    @rule(attempts=st.integers(2, 10), decision=_one_of(AFTER_SUCCESS))
    def refresh_often(self, attempts: int, decision: str) -> None:
        """Spend much of the budget at once: alone, the other rules would seldom come so far."""
        for _ in range(attempts):
            answer = self._claim(self._look("ann"), "one", timedelta(seconds=30))
            assume(isinstance(answer.value, Lease | Wait))
            if isinstance(answer.value, Wait):
                return
            self._given(answer)
            self.commit(self.living["ann"], refresh=True, decision=decision)
            self.now += timedelta(seconds=1)

    @rule(limit=st.integers(0, 4))
    def ask_what_is_due(self, limit: int) -> None:
        answers = [answer.given for answer in self.stores.each(lambda rig: rig.tokens.due(self.now, limit))]
        times = [[at for _, at in answer] for answer in answers]
        assert all(moments == times[0] == sorted(moments) for moments in times)
        if limit > len(USERS):
            assert all(sorted(answer) == sorted(answers[0]) for answer in answers)

    @rule()
    def hear(self) -> None:
        """Nothing that was written since the last time is forgotten by any store."""
        if self.cursors:
            cursors = dict(zip(map(id, self.stores.rigs), self.cursors, strict=True))
            for answer in self.stores.each(lambda rig: rig.tokens.news(cursors[id(rig)])):
                told = answer.given.account_ids
                written = {self._look(user_id).account_id for user_id in self.written}
                assert told is None or written <= told <= {self._look(user_id).account_id for user_id in USERS}
        self.cursors = [answer.given.cursor for answer in self.stores.each(lambda rig: rig.tokens.news(None))]
        self.written = set()

    def _token(self, *, refresh: bool) -> Token:
        self.tokens += 1
        return token(str(self.tokens), at=self.now, refresh=refresh)

    def _look(self, user_id: str) -> HeldToken:
        return self.stores.ask(lambda rig: held(rig, user_id, self.now)).given

    def _claim(self, found: HeldToken, owner: str, lasting: timedelta) -> Answer[Lease | Wait]:
        return self.stores.ask(lambda rig: rig.tokens.claim(found, owner, self.now, lasting))

    def _given(self, answer: Answer[Lease | Wait]) -> object:
        if not isinstance(answer.value, Lease):
            return multiple()
        self.living[answer.value.account.user_id] = answer.value
        return answer.value

    def _end(self, lease: Lease, call: Callable[[Rig], Awaitable[AccountChange | None]]) -> None:
        """End a lease: only the newest one of its account may be, once, and only if nobody signed in meanwhile."""
        user_id = lease.account.user_id
        answer = self._change(call)
        lives = self.living.get(user_id) == lease
        assert answer.error is (None if lives else LeaseLostError)
        if lives:
            del self.living[user_id]
            self.written.add(user_id)

    def _replace(self, user_id: str, newer: Token | None, due_at: datetime | None, transition: Transition) -> None:
        account_id = self._look(user_id).account_id
        answer = self._change(lambda rig: rig.tokens.replace(account_id, newer, due_at, transition))
        assert answer.error in (None, PermissionDeniedError)
        if answer.error is None:
            self.living.pop(user_id, None)
            self.written.add(user_id)

    def _change(self, call: Callable[[Rig], Awaitable[AccountChange | None]]) -> Answer[AccountChange | None]:
        async def told(rig: Rig) -> AccountChange | None:
            return without_secrets(await call(rig))

        return self.stores.ask(told)


TestTokenStores = TokenStores.TestCase
TestTokenStores.settings = MACHINE

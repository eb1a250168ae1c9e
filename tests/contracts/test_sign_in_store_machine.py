"""Sign-in stores driven side by side by Hypothesis, and compared with a model that is only two dictionaries."""

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from domain import sign_in as rules
from domain.account import AccountId
from domain.errors import AuthenticationError, IACSGraphError
from domain.sign_in import LinkId, ReconnectLink, SignIn, SignInId, SignInTransition, Stage
from tests.contracts.properties import MACHINE, TEXT
from tests.contracts.samples import NOW, enrolment
from tests.contracts.side_by_side import Answer, SideBySide
from tests.contracts.sign_in_samples import LINK_SECRET, bare, browser, device, reconnect_link, state_of

# Around the bounds: a poll's interval, completion, a sign-in's time, a device's, what is kept a day, and thirty.
STEPS = st.sampled_from([0, 1, 5, 60, 599, 600, 900, 86_400, 86_401, 31 * 86_400]).map(
    lambda seconds: timedelta(seconds=seconds)
)
Decision = Callable[[SignIn, datetime], SignIn]
DECISIONS: dict[str, Decision] = {
    "take": lambda current, now: rules.take(current, state_of(current.sign_in_id), now),
    "take with a wrong state": lambda current, now: rules.take(current, "wrong", now),
    "take an approval": rules.take_approval,
    "poll": rules.poll,
    "still pending": rules.still_pending,
    "slow down": rules.slow_down,
    "done": lambda current, _: rules.done(current),
    "failed": lambda current, _: rules.failed(current, "code", "A sentence."),
    "cancelled": lambda current, _: rules.cancelled(current, rules.GIVEN_UP),
    "nothing": lambda current, _: current,
}


class SignInStores(RuleBasedStateMachine):
    """Time only goes on; `ended` holds when the final ones ended."""

    ids = Bundle("ids")
    links = Bundle("links")

    def __init__(self) -> None:
        super().__init__()
        self.stores = SideBySide()
        self.now = NOW
        self.number = 0
        self.accounts: list[AccountId] = []
        self.model: dict[SignInId, SignIn] = {}
        self.ended: dict[SignInId, datetime] = {}
        self.known_links: dict[LinkId, ReconnectLink] = {}

    def teardown(self) -> None:
        try:
            for sign_in_id, sign_in in self.model.items():
                assert self._find(sign_in_id).value == bare(sign_in)
            self.open()
            with_secrets = [sign_in for sign_in in self.model.values() if sign_in.secrets]
            for answer in self.stores.each(lambda rig: rig.secrets.count_by_key()):
                assert sum(answer.given.values()) == len(with_secrets)
        finally:
            self.stores.close()

    @initialize()
    def enrol(self) -> None:
        for user_id in ("ann", "bob"):
            self._enrol(user_id)

    @rule(step=STEPS)
    def wait(self, step: timedelta) -> None:
        self.now += step

    @rule(target=ids, number=st.integers(0, 1), by_device=st.booleans(), link=st.none() | links)
    def begin(self, number: int, by_device: bool, link: LinkId | None) -> SignInId:  # noqa: FBT001 - drawn
        self.number += 1
        name = f"sign-in-{self.number:03}"
        account_id = self.accounts[number]
        if by_device:
            sign_in = device(account_id, self.now, sign_in_id=name)
        else:
            sign_in = browser(account_id, self.now, sign_in_id=name, link_id=link)
        assert self.stores.ask(lambda rig: rig.sign_ins.begin(sign_in)).error is None
        self._forget()
        mine = [other for other in self._open() if other.account_id == account_id]
        for surplus in rules.to_replace(mine):
            self._keep(rules.cancelled(surplus, rules.REPLACED))
        self.model[sign_in.sign_in_id] = sign_in
        return sign_in.sign_in_id

    @rule(sign_in_id=ids | st.just(SignInId("unknown")), decision=st.sampled_from(sorted(DECISIONS)))
    def apply(self, sign_in_id: SignInId, decision: str) -> None:
        now, decide = self.now, DECISIONS[decision]
        answer = self.stores.ask(lambda rig: rig.sign_ins.apply(sign_in_id, lambda current: decide(current, now), now))
        before = self.model.get(sign_in_id)
        after = _decided(before, lambda current: decide(current, now))
        assert answer == after
        if before is None or after.value is None:
            return
        self._keep(after.value)
        if before.stage in rules.OPEN_STAGES and after.value.stage is Stage.DONE and before.link_id is not None:
            self._use(self.known_links.get(before.link_id))

    @rule(sign_in_id=ids)
    def find(self, sign_in_id: SignInId) -> None:
        expected = self.model.get(sign_in_id)
        found = self._find(sign_in_id)
        assert (found.value, found.error) == (None if expected is None else bare(expected), None)

    @rule()
    def open(self) -> None:
        expected = sorted(self._open(), key=lambda sign_in: (sign_in.begun_at, sign_in.sign_in_id))
        assert self.stores.ask(lambda rig: rig.sign_ins.open(self.now)).given == [bare(each) for each in expected]

    @rule(target=links, number=st.integers(0, 1), lasting=STEPS)
    def add_link(self, number: int, lasting: timedelta) -> LinkId:
        self.number += 1
        link = attrs.evolve(
            reconnect_link(self.accounts[number], self.now, lasting), link_id=LinkId(f"link-{self.number:03}")
        )
        assert self.stores.ask(lambda rig: rig.sign_ins.add_link(link)).error is None
        self.known_links[link.link_id] = link
        return link.link_id

    @rule(link_id=links, secret=st.just(LINK_SECRET) | TEXT)
    def check_link(self, link_id: LinkId, secret: str) -> None:
        found = self.stores.ask(lambda rig: rig.sign_ins.find_link(link_id)).value
        assert found == self.known_links.get(link_id)
        refused = True
        try:
            if found is not None:
                found.check(secret, self.now)
                refused = False
        except AuthenticationError:
            pass
        usable = found is not None and found.used_at is None and self.now < found.expires_at
        assert refused is not (usable and secret == LINK_SECRET)

    def _enrol(self, user_id: str) -> None:
        change = enrolment(user_id)
        assert self.stores.ask(lambda rig: rig.accounts.save(change)).error is None
        self.accounts.append(change.after.account_id)

    def _find(self, sign_in_id: SignInId) -> Answer[SignIn | None]:
        return self.stores.ask(lambda rig: rig.sign_ins.find(sign_in_id))

    def _open(self) -> list[SignIn]:
        return [sign_in for sign_in in self.model.values() if sign_in.open(self.now)]

    def _keep(self, sign_in: SignIn) -> None:
        self.model[sign_in.sign_in_id] = sign_in
        if sign_in.stage not in rules.OPEN_STAGES:
            self.ended.setdefault(sign_in.sign_in_id, self.now)

    def _use(self, link: ReconnectLink | None) -> None:
        if link is not None and link.used_at is None:
            self.known_links[link.link_id] = attrs.evolve(link, used_at=self.now)

    def _forget(self) -> None:
        for sign_in_id, sign_in in list(self.model.items()):
            if self.now - self.ended.get(sign_in_id, sign_in.expires_at) > timedelta(days=1):
                del self.model[sign_in_id]
        for link in list(self.known_links.values()):
            if self.now - link.expires_at > timedelta(days=30):
                del self.known_links[link.link_id]


def _decided(before: SignIn | None, transition: SignInTransition) -> Answer[SignIn]:
    """Return what the model answers."""
    try:
        if before is None:
            raise rules.unknown_sign_in()
        return Answer(value=transition(before))
    except IACSGraphError as error:
        return Answer(error=type(error), code=error.error_code)


TestSignInStores = SignInStores.TestCase
TestSignInStores.settings = MACHINE

"""Account stores driven side by side by Hypothesis, and compared with a model that is only a dictionary."""

from collections.abc import Callable

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule

from domain import lifecycle
from domain.account import Account, AccountId, OAuthApplication, user_key
from domain.change import AccountChange
from domain.errors import BusinessLogicError, ConflictError, NotFoundError, PermissionDeniedError
from domain.lifecycle import Act
from tests.contracts.properties import MACHINE
from tests.contracts.samples import CANARIES, OWNER, STRANGER, act, application, bare
from tests.contracts.side_by_side import SideBySide

# Few, so that they meet; most of them are the same for some but not for all of case folding and normalisation.
USER_IDS = st.sampled_from(["ann", "ANN", "bob", "straße", "STRASSE", "zo\u00eb", "ZOE\u0308", "10", "9"])
NAMES = st.sampled_from(["A", "B b", "ключ", "\N{CAT FACE}", "q'u\"o`te", "%s"])
APPLICATIONS = st.sampled_from([None, application(), application(CANARIES[0]), application(*CANARIES)])

Decision = Callable[[Account, Act], AccountChange | None]
DECISIONS: dict[str, Decision] = {
    "lock": lambda account, act_: lifecycle.lock(account, act_, "so"),
    "unlock": lambda account, act_: lifecycle.unlock(account, act_, "so"),
    "activate": lambda account, act_: lifecycle.activate(account, act_, "so"),
    "deactivate": lambda account, act_: lifecycle.deactivate(account, act_, "so"),
    "sign in": lambda account, act_: lifecycle.sign_in(account, act_, OWNER),
    "a stranger signs in": lambda account, act_: lifecycle.sign_in(account, act_, STRANGER),
    "sign out": lifecycle.sign_out,
    "lose": lambda account, act_: lifecycle.lose_grant(account, act_, "grant_revoked"),
    "recover": lifecycle.recover,
}


class AccountStores(RuleBasedStateMachine):
    """`seen` holds accounts as somebody read them once: some of them are old news."""

    seen = Bundle("seen")

    def __init__(self) -> None:
        super().__init__()
        self.stores = SideBySide()
        self.model: dict[AccountId, Account] = {}
        self.ids = 0

    def teardown(self) -> None:
        try:
            found = self.stores.everything().accounts
            assert list(found) == sorted(self.model.values(), key=lambda account: user_key(account.user_id))
        finally:
            self.stores.close()

    @rule(target=seen, user_id=USER_IDS, name=NAMES, app=APPLICATIONS)
    def enrol(self, user_id: str, name: str, app: OAuthApplication | None) -> object:
        self.ids += 1
        return self._enrol(AccountId(f"account-{self.ids}"), user_id, name, app)

    @rule(target=seen, account=seen, user_id=USER_IDS, name=NAMES, app=APPLICATIONS)
    def enrol_again(self, account: Account, user_id: str, name: str, app: OAuthApplication | None) -> object:
        return self._enrol(account.account_id, user_id, name, app)

    @rule(target=seen, account=seen, name=NAMES, app=APPLICATIONS)
    def update(self, account: Account, name: str, app: OAuthApplication | None) -> object:
        return self._save(lifecycle.update(account, act(), name=name, application=app))

    @rule(target=seen, account=seen, user_id=USER_IDS)
    def rename(self, account: Account, user_id: str) -> object:
        return self._save(lifecycle.update(account, act(), user_id=user_id))

    @rule(target=seen, account=seen, decision=st.sampled_from(sorted(DECISIONS)))
    def decide(self, account: Account, decision: str) -> object:
        try:
            change = DECISIONS[decision](account, act())
        except (BusinessLogicError, PermissionDeniedError):
            return multiple()
        return self._save(change)

    @rule(target=seen, user_id=USER_IDS, decision=st.sampled_from(sorted(DECISIONS)))
    def apply(self, user_id: str, decision: str) -> object:
        doing = act()
        answer = self.stores.ask(
            lambda rig: rig.accounts.apply(user_id, lambda account: DECISIONS[decision](account, doing))
        )
        if answer.value is None:
            return multiple()
        account_id = answer.value.after.account_id
        found = self.stores.ask(lambda rig: rig.accounts.get(account_id)).given
        assert found is not None
        assert found == attrs.evolve(answer.value.after, application=self.model[account_id].application)
        self.model[account_id] = found
        return found

    @rule(account=consumes(seen), user_id=USER_IDS)
    def change_an_account_that_does_not_exist(self, account: Account, user_id: str) -> None:
        change = lifecycle.enrol(AccountId("unknown"), act(), user_id=user_id, name="N", email=account.email)
        self._save(lifecycle.lock(change.after, act(), "so"))

    @rule(user_id=USER_IDS)
    def find(self, user_id: str) -> None:
        expected = [a for a in self.model.values() if user_key(a.user_id) == user_key(user_id)]
        found = self.stores.ask(lambda rig: rig.accounts.find(user_id))
        assert (found.value, found.error) == (bare(expected[0]) if expected else None, None)

    @rule(account=seen)
    def get(self, account: Account) -> None:
        found = self.stores.ask(lambda rig: rig.accounts.get(account.account_id))
        assert found.value == self.model[account.account_id]

    @rule(after=st.none() | USER_IDS.map(user_key), limit=st.integers(0, 5))
    def page(self, after: str | None, limit: int) -> None:
        self.stores.ask(lambda rig: rig.accounts.page(after=after, limit=limit))

    @rule(account=seen, limit=st.integers(0, 5))
    def audit_trail(self, account: Account, limit: int) -> None:
        self.stores.ask(lambda rig: rig.accounts.audit_trail(account.account_id, limit=limit))

    @rule()
    def count_secrets(self) -> None:
        with_secrets = [a for a in self.model.values() if a.application and a.application.client_secrets]
        for answer in self.stores.each(lambda rig: rig.secrets.count_by_key()):
            assert sum(answer.given.values()) == len(with_secrets)

    def _enrol(self, account_id: AccountId, user_id: str, name: str, app: OAuthApplication | None) -> object:
        email = "a@example.com"
        change = lifecycle.enrol(account_id, act(), user_id=user_id, name=name, email=email, application=app)
        return self._save(change)

    def _save(self, change: AccountChange | None) -> object:
        if change is None:
            return multiple()
        expected = self._expected(change)
        answer = self.stores.ask(lambda rig: rig.accounts.save(change))
        assert answer.error is expected
        if expected is not None:
            return multiple()
        self.model[change.after.account_id] = change.after
        return change.after

    def _expected(self, change: AccountChange) -> type[Exception] | None:
        """Return how the port says that this change is refused, if it is."""
        after, current = change.after, self.model.get(change.after.account_id)
        if change.before is not None and current is None:
            return NotFoundError
        taken = any(
            user_key(other.user_id) == user_key(after.user_id) and other.account_id != after.account_id
            for other in self.model.values()
        )
        stale = (change.before and change.before.version) != (current and current.version)
        return ConflictError if taken or stale else None


TestAccountStores = AccountStores.TestCase
TestAccountStores.settings = MACHINE

"""What may happen to an account, in which status, and what is told of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import lifecycle
from domain.account import (
    NEVER_SIGNED_IN,
    SIGNED_OUT,
    Account,
    AccountId,
    AccountStatus,
    AuthFlow,
    Identity,
    OAuthApplication,
)
from domain.change import MASK, AccountChange
from domain.errors import BusinessLogicError, IllegalTransitionError, PermissionDeniedError, ValidationError
from domain.events import (
    AccountEnrolled,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    EventId,
    ReauthRequired,
)
from domain.lifecycle import Act
from tests.domain.strategies import accounts, acts, identities, visible
from tests.domain.test_account import account

ACT = Act(actor="operator", at=datetime(2026, 2, 1, tzinfo=UTC), event_id=EventId("e1"))
KIM = Identity(tenant_id="t", object_id="kim")
STATUSES = list(AccountStatus)
VERBS: dict[str, Callable[[Account, Act, str], AccountChange]] = {
    "activate": lifecycle.activate,
    "deactivate": lifecycle.deactivate,
    "lock": lifecycle.lock,
    "unlock": lifecycle.unlock,
}
LEGAL = {
    ("deactivate", AccountStatus.ACTIVE): AccountStatus.INACTIVE,
    ("deactivate", AccountStatus.REAUTH_REQUIRED): AccountStatus.INACTIVE,
    ("lock", AccountStatus.ACTIVE): AccountStatus.LOCKED,
    ("lock", AccountStatus.REAUTH_REQUIRED): AccountStatus.LOCKED,
    ("lock", AccountStatus.INACTIVE): AccountStatus.LOCKED,
    ("activate", AccountStatus.INACTIVE): AccountStatus.ACTIVE,
    ("unlock", AccountStatus.LOCKED): AccountStatus.ACTIVE,
}


def in_status(status: AccountStatus) -> Account:
    """Return an account in this status that needs no sign-in unless the status says so."""
    return account(status=status, reauth_reason="gone" if status is AccountStatus.REAUTH_REQUIRED else None)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_legal_in_its_statuses_only(verb: str, status: AccountStatus) -> None:
    wanted = LEGAL.get((verb, status))
    if wanted is None:
        with pytest.raises(IllegalTransitionError, match=status.value) as caught:
            VERBS[verb](in_status(status), ACT, "because")
        assert isinstance(caught.value, BusinessLogicError)
        assert caught.value.error_code == "ILLEGAL_TRANSITION"
        return
    change = VERBS[verb](in_status(status), ACT, "because")
    assert change.after.status is wanted
    assert (change.after.status_reason, change.after.status_since) == ("because", ACT.at)
    assert isinstance(change.event, AccountStatusChanged)
    assert (change.event.old_status, change.event.new_status) == (status, wanted)


@pytest.mark.parametrize(("verb", "status"), [("unlock", AccountStatus.LOCKED), ("activate", AccountStatus.INACTIVE)])
def test_whoever_needs_a_sign_in_still_needs_it_after_unlocking_or_activating(verb: str, status: AccountStatus) -> None:
    change = VERBS[verb](account(status=status, reauth_reason="grant_revoked"), ACT, "because")
    assert change.after.status is AccountStatus.REAUTH_REQUIRED
    assert change.after.reauth_reason == "grant_revoked"


def test_a_new_account_has_never_signed_in() -> None:
    change = lifecycle.enrol(AccountId("1"), ACT, user_id="kim", name="Kim", email="kim@a.example")
    assert change.before is None
    assert change.after.status is AccountStatus.REAUTH_REQUIRED
    assert change.after.reauth_reason == NEVER_SIGNED_IN
    assert isinstance(change.event, AccountEnrolled)


def test_an_application_that_acts_by_itself_needs_nobody_to_sign_in() -> None:
    application = OAuthApplication(client_id="app", tenant_id="t", flow=AuthFlow.CLIENT_CREDENTIALS)
    change = lifecycle.enrol(
        AccountId("1"), ACT, user_id="kim", name="Kim", email="kim@a.example", application=application
    )
    assert change.after.status is AccountStatus.ACTIVE


@pytest.mark.parametrize("status", STATUSES)
def test_whoever_changes_to_an_application_that_acts_by_itself_needs_nobody_to_sign_in(status: AccountStatus) -> None:
    """What the operator decided on stays: LOCKED and INACTIVE."""
    by_itself = OAuthApplication(client_id="app", tenant_id="t", flow=AuthFlow.CLIENT_CREDENTIALS)
    before = attrs.evolve(in_status(status), reauth_reason=None if status is AccountStatus.ACTIVE else "gone")
    change = lifecycle.update(before, ACT, application=by_itself)
    assert change is not None
    assert change.after.reauth_reason is None
    assert change.after.status is (AccountStatus.ACTIVE if status is AccountStatus.REAUTH_REQUIRED else status)
    out = lifecycle.sign_out(change.after, ACT)
    if out is not None:  # who signed it out meant it
        renewed = lifecycle.update(out.after, ACT, application=attrs.evolve(by_itself, client_secrets=("new",)))
        assert renewed is not None
        assert renewed.after.reauth_reason == SIGNED_OUT


def test_the_first_sign_in_pins_the_identity() -> None:
    new = lifecycle.enrol(AccountId("1"), ACT, user_id="kim", name="Kim", email="kim@a.example").after
    change = lifecycle.sign_in(new, ACT, KIM)
    assert change.after.identity == KIM
    assert change.after.status is AccountStatus.ACTIVE
    assert change.event == AccountSignedIn(
        event_id=ACT.event_id,
        account_id=new.account_id,
        user_id="kim",
        occurred_at=ACT.at,
        tenant_id="t",
        object_id="kim",
    )


def test_somebody_else_cannot_sign_in_to_a_pinned_account() -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        lifecycle.sign_in(account(identity=KIM), ACT, attrs.evolve(KIM, object_id="lee"))
    assert caught.value.error_code == "WRONG_IDENTITY"
    assert caught.value.details["came"] == {"tenant_id": "t", "object_id": "lee", "names": []}


@pytest.mark.parametrize(
    "names", [["kimghw@office.example"], ["KimGHW@Office.Example"], ["upn@x", "kimghw@office.example"]]
)
def test_at_the_first_sign_in_one_of_the_names_must_be_the_accounts_address(names: list[str]) -> None:
    assert lifecycle.sign_in(account(), ACT, KIM, names).after.identity == KIM


@pytest.mark.parametrize("names", [["lee@office.example"], ["kimghw", "kimghw@office.example.evil"], []])
def test_nobody_else_can_be_the_first_to_sign_in_and_the_refusal_says_who_came(names: list[str]) -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        lifecycle.sign_in(account(), ACT, KIM, names)
    assert caught.value.error_code == "WRONG_IDENTITY"
    assert caught.value.details["expected"] == "kimghw@office.example"
    assert caught.value.details["came"] == {"tenant_id": "t", "object_id": "kim", "names": names}
    assert "kimghw@office.example" in caught.value.message
    assert all(name in caught.value.message for name in names)


def test_who_is_pinned_may_have_other_names_by_now_and_nobody_else_with_the_right_name_comes_in() -> None:
    assert lifecycle.sign_in(account(identity=KIM), ACT, KIM, ["married@office.example"]).after.identity == KIM
    with pytest.raises(PermissionDeniedError):
        lifecycle.sign_in(account(identity=KIM), ACT, attrs.evolve(KIM, object_id="lee"), ["kimghw@office.example"])
    with pytest.raises(PermissionDeniedError):
        lifecycle.sign_in(account(identity=KIM), ACT, None, ["kimghw@office.example"])


def test_a_caller_that_knows_who_came_may_give_no_names() -> None:
    assert lifecycle.sign_in(account(), ACT, KIM, None).after.identity == KIM


def test_what_the_next_sign_in_must_ask_for_is_kept_until_the_grant_works_again() -> None:
    lost = lifecycle.lose_grant(account(identity=KIM), ACT, "mfa_required", '{"id_token":{}}')
    assert lost is not None
    assert lost.after.reauth_claims == '{"id_token":{}}'
    recovered = lifecycle.recover(lost.after, ACT)
    assert recovered is not None
    assert recovered.after.reauth_claims is None
    assert lifecycle.sign_in(lost.after, ACT, KIM).after.reauth_claims is None
    out = lifecycle.sign_out(lost.after, ACT)
    assert out is not None
    assert out.after.reauth_claims is None


def test_a_mailbox_is_handed_over_by_forgetting_its_owner_and_the_address_says_who_may_come_next() -> None:
    out = lifecycle.sign_out(account(identity=KIM), ACT, forget_owner=True)
    assert out is not None
    assert out.after.identity is None
    assert lifecycle.sign_out(out.after, ACT, forget_owner=True) is None
    again = lifecycle.sign_out(attrs.evolve(out.after, identity=KIM), ACT, forget_owner=True)
    assert again is not None, "signed out before, and the owner is forgotten now"
    moved = lifecycle.update(out.after, ACT, email="lee@office.example")
    assert moved is not None
    lee = attrs.evolve(KIM, object_id="lee")
    assert lifecycle.sign_in(moved.after, ACT, lee, ["lee@office.example"]).after.identity == lee


def test_what_the_provider_says_anew_takes_the_place_of_what_it_said_before_but_not_of_our_own_reasons() -> None:
    lost = lifecycle.lose_grant(account(identity=KIM), ACT, "mfa_required", '{"x":{}}')
    assert lost is not None
    blocked = lifecycle.lose_grant(lost.after, ACT, "blocked_by_policy")
    assert blocked is not None
    assert (blocked.after.reauth_reason, blocked.after.status_reason) == ("blocked_by_policy", "blocked_by_policy")
    assert blocked.after.reauth_claims is None
    assert blocked.after.status_since == lost.after.status_since
    assert blocked.audit.action == "reason_changed"
    out = lifecycle.sign_out(account(identity=KIM), ACT)
    assert out is not None
    assert lifecycle.lose_grant(out.after, ACT, "grant_revoked") is None


def test_a_challenge_is_kept_for_the_next_sign_in_where_somebody_has_to_sign_in() -> None:
    lost = lifecycle.lose_grant(account(identity=KIM), ACT, "mfa_required")
    assert lost is not None
    challenged = lifecycle.lose_grant(lost.after, ACT, "mfa_required", '{"id_token":{}}')
    assert challenged is not None
    assert (challenged.after.reauth_claims, challenged.after.status) == ('{"id_token":{}}', lost.after.status)
    assert lifecycle.challenge(challenged.after, ACT, '{"id_token":{}}') is None
    assert lifecycle.challenge(challenged.after, ACT, None) is None
    assert lifecycle.challenge(account(identity=KIM), ACT, "{}") is None, "nobody has to sign in"


@pytest.mark.parametrize("status", [AccountStatus.ACTIVE, AccountStatus.LOCKED, AccountStatus.INACTIVE])
def test_under_an_application_that_does_not_act_by_itself_any_more_somebody_has_to_sign_in(
    status: AccountStatus,
) -> None:
    by_itself = OAuthApplication(client_id="app", tenant_id="t", flow=AuthFlow.CLIENT_CREDENTIALS)
    by_browser = attrs.evolve(by_itself, flow=AuthFlow.AUTHORIZATION_CODE)
    change = lifecycle.update(account(status=status, application=by_itself), ACT, application=by_browser)
    assert change is not None
    assert change.after.reauth_reason == "never_signed_in"
    assert change.after.application == by_browser
    needed = AccountStatus.REAUTH_REQUIRED if status is AccountStatus.ACTIVE else status
    assert change.after.status is needed


@pytest.mark.parametrize(
    "fields",
    [{"email": "lee@office.example"}, {"email": "KIMGHW@office.example"}, {"name": "Kim G."}, {"user_id": "kim"}],
)
def test_whatever_is_known_anew_of_an_account_its_owner_stays_pinned(fields: dict[str, Any]) -> None:
    change = lifecycle.update(account(identity=KIM), ACT, **fields)
    assert change is not None
    assert change.after.identity == KIM


def test_a_lost_grant_is_told_once_and_its_recovery_too() -> None:
    lost = lifecycle.lose_grant(account(identity=KIM), ACT, "grant_revoked")
    assert lost is not None
    assert lost.after.status is AccountStatus.REAUTH_REQUIRED
    assert isinstance(lost.event, ReauthRequired)
    assert (lost.event.reason, lost.event.email) == ("grant_revoked", "kimghw@office.example")
    assert lifecycle.lose_grant(lost.after, ACT, "grant_revoked") is None
    assert lifecycle.lose_grant(lost.after, ACT, "no_refresh_token") is None, "which is no news"
    back = lifecycle.sign_in(lost.after, ACT, KIM)
    assert isinstance(back.event, AccountRecovered)
    assert back.event.reason == "grant_revoked"
    recovered = lifecycle.recover(lost.after, ACT)
    assert recovered is not None
    assert isinstance(recovered.event, AccountRecovered)
    assert lifecycle.recover(recovered.after, ACT) is None


@pytest.mark.parametrize("status", [AccountStatus.LOCKED, AccountStatus.INACTIVE])
def test_grants_come_and_go_without_unlocking_or_activating(status: AccountStatus) -> None:
    lost = lifecycle.lose_grant(account(status=status), ACT, "grant_revoked")
    assert lost is not None
    assert (lost.after.status, lost.after.reauth_reason) == (status, "grant_revoked")
    back = lifecycle.sign_in(lost.after, ACT, None)
    assert (back.after.status, back.after.reauth_reason) == (status, None)


def test_signing_out_needs_a_new_sign_in() -> None:
    change = lifecycle.sign_out(account(), ACT)
    assert change is not None
    assert lifecycle.sign_out(change.after, ACT) is None
    assert (change.after.status, change.after.reauth_reason) == (AccountStatus.REAUTH_REQUIRED, SIGNED_OUT)


def test_an_update_tells_what_changed_and_masks_secrets() -> None:
    application = OAuthApplication(client_id="app", tenant_id="t", client_secrets=("CANARY-old",))
    changed = attrs.evolve(application, client_secrets=("CANARY-new",), redirect_uri="http://localhost/cb")
    change = lifecycle.update(account(application=application), ACT, application=changed, name="Kim G.")
    assert change is not None
    assert isinstance(change.event, AccountUpdated)
    assert change.event.changed == ("name", "application.client_secrets", "application.redirect_uri")
    shown = {item.field: (item.old, item.new) for item in change.audit.fields}
    assert shown["application.client_secrets"] == (MASK, MASK)
    assert shown["name"] == ("Kim Ghw", "Kim G.")
    assert "CANARY" not in repr(change)


def test_an_update_that_changes_nothing_is_no_change() -> None:
    assert lifecycle.update(account(), ACT, name="Kim Ghw", email="kimghw@office.example") is None


def test_a_change_must_be_the_next_version_of_the_same_account() -> None:
    change = lifecycle.lock(account(), ACT, "because")
    with pytest.raises(ValidationError, match="next version"):
        attrs.evolve(change, after=attrs.evolve(change.after, version=9))


@given(accounts(), acts, visible, identities)
def test_every_change_is_a_next_version_with_an_audit_entry_and_an_event(
    before: Account, act: Act, reason: str, identity: Identity
) -> None:
    changes: list[AccountChange | None] = [
        lifecycle.recover(before, act),
        lifecycle.lose_grant(before, act, reason),
        lifecycle.sign_out(before, act, reason),
        lifecycle.sign_in(before, act, before.identity or identity),
    ]
    for verb in VERBS.values():
        try:
            changes.append(verb(before, act, reason))
        except IllegalTransitionError:
            continue
    for change in changes:
        if change is not None:
            assert change.after.version == before.version + 1
            assert change.after.account_id == before.account_id == change.event.account_id
            assert change.event.event_id == act.event_id
            assert (change.audit.actor, change.audit.at) == (act.actor, act.at)


@given(accounts(), acts, st.data())
def test_secrets_are_in_no_audit_entry(before: Account, act: Act, data: st.DataObject) -> None:
    application = OAuthApplication(client_id="app", tenant_id="t", client_secrets=("CANARY-1", "CANARY-2"))
    change = lifecycle.update(before, act, application=application, name=data.draw(visible))
    assert change is not None
    assert "CANARY" not in repr(change.audit)
    assert "CANARY" not in repr(change.event)

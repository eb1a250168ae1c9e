"""Whoever asks gets a valid access token, or is told who must act, or when to ask again."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from domain.account import AccountStatus, AuthFlow, OAuthApplication
from domain.errors import (
    APIConnectionError,
    ConfigurationError,
    DatabaseError,
    InvalidClientError,
    NotFoundError,
    PermissionDeniedError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    StaleKeyError,
    ThrottledError,
    TokenExpiredError,
    TokenRefreshError,
)
from domain.refreshing import BUDGET
from domain.token import REFRESH_LEAD
from ports.cipher import Binding, KeyId
from tests.application.rig import APPLICATION, Rig, open_rig
from tests.fakes.stores import FailingTokenStore

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def test_a_fresh_token_is_handed_out_as_it_is(rig: Rig) -> None:
    stored = (await rig.held()).access
    assert await rig.service.get_valid_token("kim") == stored
    assert rig.provider.calls.total() == 0


async def test_reading_a_valid_token_writes_nothing(rig: Rig) -> None:
    before = (rig.database.writes, dict(rig.database.ciphertexts), len(rig.database.outbox))
    for _ in range(3):
        await rig.service.get_valid_token("kim")
        await rig.service.is_token_valid("kim")
    assert (rig.database.writes, dict(rig.database.ciphertexts), len(rig.database.outbox)) == before


async def test_an_expired_token_is_refreshed_and_both_new_tokens_are_stored(rig: Rig) -> None:
    refresh_token = rig.database.ciphertexts[Binding((await rig.held()).account_id, "refresh_token")]
    await rig.expire()
    token = await rig.service.get_valid_token("kim")
    held = await rig.held()
    assert held.access == token
    assert rig.refreshes == 1
    assert rig.database.ciphertexts[Binding(held.account_id, "refresh_token")] != refresh_token
    assert rig.told("refreshed") == [("refreshed", "kim", HOUR)]


async def test_a_token_that_should_be_refreshed_soon_is_handed_out_and_refreshed_behind(rig: Rig) -> None:
    old = (await rig.held()).access
    await rig.clock.advance(HOUR - REFRESH_LEAD)
    assert await rig.service.get_valid_token("kim") == old
    await rig.clock.advance(SECOND)
    assert rig.refreshes == 1
    assert await rig.service.get_valid_token("kim") != old


async def test_a_refresh_behind_the_caller_that_fails_disturbs_nobody_and_is_not_hammered(rig: Rig) -> None:
    await rig.clock.advance(HOUR - REFRESH_LEAD)
    rig.provider.interventions.append(ThrottledError("Wait.", retry_after=MINUTE))
    for _ in range(5):
        await rig.service.get_valid_token("kim")
        await rig.clock.advance(SECOND)
    assert rig.refreshes == 1
    assert [entry[2] for entry in rig.told("refresh_failed")] == ["THROTTLED"]


async def test_the_caller_may_ask_for_a_minimum_remaining_life(rig: Rig) -> None:
    await rig.clock.advance(HOUR / 2)
    old = await rig.service.get_valid_token("kim", min_lifetime=20 * MINUTE)
    new = await rig.service.get_valid_token("kim", min_lifetime=40 * MINUTE)
    assert rig.refreshes == 1
    assert new != old
    assert new.expires_at - rig.clock.now() > 40 * MINUTE


async def test_more_life_than_a_refresh_gives_is_warned_of_and_never_a_loop(rig: Rig) -> None:
    await rig.clock.advance(2 * MINUTE)
    for _ in range(3):
        token = await rig.service.get_valid_token("kim", min_lifetime=5 * HOUR)
        assert token.expires_at - rig.clock.now() == HOUR
    assert rig.refreshes == 1
    assert rig.told("short_lived")[0] == ("short_lived", "kim", 5 * HOUR, HOUR)


async def test_a_rejected_token_is_not_handed_out_again(rig: Rig) -> None:
    rejected = await rig.service.get_valid_token("kim")
    new = await rig.service.get("kim", rejected=rejected.value)
    assert new.value != rejected.value
    assert await rig.service.get("kim", rejected=rejected.value) == new
    assert rig.refreshes == 1


async def test_a_claims_challenge_reaches_the_provider_even_if_the_token_is_fresh(rig: Rig) -> None:
    await rig.service.get("kim", claims='{"access_token":{}}')
    assert rig.refreshes == 1


async def test_an_unknown_account_is_an_error_that_says_so(rig: Rig) -> None:
    for call in (
        rig.service.get_valid_token,
        rig.service.refresh_token,
        rig.service.is_token_valid,
        rig.service.revoke,
    ):
        with pytest.raises(NotFoundError, match="no account 'lee'"):
            await call("lee")


async def test_user_ids_are_found_in_any_case(rig: Rig) -> None:
    assert await rig.service.get_valid_token("KIM") == await rig.service.get_valid_token("kim")


@pytest.mark.parametrize("verb", ["lock", "deactivate"])
async def test_nothing_is_handed_out_for_an_account_that_may_not_be_used(rig: Rig, verb: str) -> None:
    await getattr(rig.operator, verb)("kim", actor="operator", reason="holiday")
    await rig.clock.advance(SECOND)
    for call in (rig.service.get_valid_token, rig.service.refresh_token, rig.service.refresh_ahead):
        with pytest.raises(PermissionDeniedError) as caught:
            await call("kim")
        assert caught.value.error_code in {"ACCOUNT_LOCKED", "ACCOUNT_INACTIVE"}
    assert not await rig.service.is_token_valid("kim")
    assert rig.told("denied")
    assert rig.refreshes == 0


async def test_a_revoked_grant_makes_the_account_need_a_sign_in(rig: Rig) -> None:
    kept = rig.database.ciphertexts[Binding((await rig.held()).account_id, "refresh_token")]
    rig.provider.revoke("kim@office.example")
    await rig.expire()
    for _ in range(2):
        with pytest.raises(ReauthenticationRequiredError, match=r"kim.*owner must sign in again") as caught:
            await rig.service.get_valid_token("kim")
        assert isinstance(caught.value, TokenExpiredError)
        assert caught.value.reason == "grant_revoked"
    account = await rig.account()
    assert (account.status, account.reauth_reason) == (AccountStatus.REAUTH_REQUIRED, "grant_revoked")
    assert rig.published() == ["account.enrolled", "account.signed_in", "account.reauth_required"]
    assert rig.refreshes == 1
    assert rig.database.ciphertexts[Binding(account.account_id, "refresh_token")] == kept


async def test_a_new_sign_in_recovers_the_account(rig: Rig) -> None:
    rig.provider.revoke("kim@office.example")
    await rig.expire()
    with pytest.raises(ReauthenticationRequiredError):
        await rig.service.get_valid_token("kim")
    token = await rig.sign_in()
    assert await rig.service.get_valid_token("kim") == token
    assert (await rig.account()).status is AccountStatus.ACTIVE
    assert rig.published()[-2:] == ["account.reauth_required", "account.recovered"]


async def test_a_forced_refresh_may_recover_an_account_whose_grant_works_again(rig: Rig) -> None:
    await rig.need_sign_in()
    await rig.service.refresh_token("kim")
    assert (await rig.account()).status is AccountStatus.ACTIVE
    assert rig.published()[-1] == "account.recovered"


async def test_a_token_that_is_still_valid_is_handed_out_while_a_sign_in_is_needed(rig: Rig) -> None:
    rig.provider.revoke("kim@office.example")
    with pytest.raises(ReauthenticationRequiredError):
        await rig.service.refresh_token("kim")
    assert await rig.service.get_valid_token("kim") == (await rig.held()).access


async def test_a_policy_block_says_that_the_administrator_must_act(rig: Rig) -> None:
    rig.provider.interventions.append(PolicyBlockedError("Conditional Access blocks it."))
    await rig.expire()
    with pytest.raises(ReauthenticationRequiredError, match="administrator") as caught:
        await rig.service.get_valid_token("kim")
    assert caught.value.reason == "blocked_by_policy"


async def test_an_account_without_refresh_token_needs_a_sign_in_when_its_token_expires(rig: Rig) -> None:
    token = rig.provider.sign_in(APPLICATION, "kim@office.example")
    identity = rig.provider.users["kim@office.example"].identity
    await rig.service.store_tokens("kim", type(token)(access=token.access), identity=identity)
    await rig.expire()
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await rig.service.get_valid_token("kim")
    assert caught.value.reason == "no_refresh_token"


async def test_an_account_that_never_signed_in_says_so_without_asking_anybody(rig: Rig) -> None:
    await rig.operator.enrol(email="lee@office.example", name="Lee", actor="test")
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await rig.service.get_valid_token("lee")
    assert caught.value.reason == "never_signed_in"
    assert rig.provider.calls.total() == 0
    assert rig.published()[-1] == "account.enrolled"


async def test_a_passing_failure_returns_the_token_that_still_lives(rig: Rig) -> None:
    await rig.clock.advance(HOUR - MINUTE)
    rig.provider.interventions.append(APIConnectionError("No route."))
    old = (await rig.held()).access
    assert await rig.service.get_valid_token("kim") == old
    assert rig.refreshes == 1


async def test_a_passing_failure_does_not_return_a_token_with_less_life_than_asked_for(rig: Rig) -> None:
    await rig.clock.advance(HOUR / 2)
    rig.provider.interventions.append(APIConnectionError("No route."))
    with pytest.raises(TokenRefreshError) as caught:
        await rig.service.get_valid_token("kim", min_lifetime=40 * MINUTE)
    assert caught.value.transient


async def test_after_a_passing_failure_everybody_is_told_when_to_ask_again(rig: Rig) -> None:
    await rig.expire()
    rig.provider.interventions.append(ThrottledError("Wait.", retry_after=30 * SECOND))
    with pytest.raises(TokenRefreshError) as first:
        await rig.service.get_valid_token("kim")
    assert (first.value.transient, first.value.retry_after) == (True, 30 * SECOND)
    async with open_rig(rig) as other:
        await rig.clock.advance(10 * SECOND)
        for process in (rig, other):
            with pytest.raises(TokenRefreshError) as again:
                await process.service.get_valid_token("kim")
            assert (again.value.transient, again.value.retry_after) == (True, 20 * SECOND)
        assert rig.refreshes == 1
        await rig.clock.advance(20 * SECOND)
        await other.service.get_valid_token("kim")
    assert rig.refreshes == 2


async def test_a_provider_that_does_not_answer_is_a_passing_failure(rig: Rig) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    await rig.expire()
    rig.provider.interventions.append(hang)
    impatient = type(rig.refresher.times)(call=timedelta(milliseconds=20))
    object.__setattr__(rig.refresher, "times", impatient)
    with pytest.raises(TokenRefreshError, match="did not answer") as caught:
        await rig.service.get_valid_token("kim")
    assert caught.value.transient


@pytest.mark.parametrize("error", [ConfigurationError("Bad scope."), InvalidClientError("Secret expired.")])
async def test_a_fault_of_the_application_changes_no_account(rig: Rig, error: ConfigurationError) -> None:
    before = await rig.account()
    await rig.expire()
    rig.provider.interventions.append(error)
    with pytest.raises(ConfigurationError):
        await rig.service.get_valid_token("kim")
    assert await rig.account() == before
    assert rig.published() == ["account.enrolled", "account.signed_in"]


async def test_client_secrets_are_tried_in_their_order(rig: Rig) -> None:
    own = OAuthApplication(client_id="own", tenant_id="tenant", client_secrets=("expired", "good", "unused"))
    rig.provider.applications["own"] = ("good",)
    user = rig.provider.add_user("lee@office.example")
    await rig.operator.enrol(email=user.username, name="Lee", actor="test", application=own)
    await rig.service.store_tokens("lee", rig.provider.sign_in(own, user.username))
    await rig.expire()
    await rig.service.get_valid_token("lee")
    assert rig.refreshes == 2


async def test_without_any_application_the_operator_is_told_what_to_set() -> None:
    async with open_rig(default=None) as rig:
        await rig.sign_in()
        await rig.expire()
        with pytest.raises(ConfigurationError, match="AZURE_CLIENT_ID") as caught:
            await rig.service.get_valid_token("kim")
        assert caught.value.error_code == "OAUTH_NOT_CONFIGURED"
        assert (await rig.account()).status is AccountStatus.ACTIVE


async def test_an_application_that_acts_by_itself_gets_its_token_without_a_sign_in(rig: Rig) -> None:
    daemon = OAuthApplication(
        client_id="daemon", tenant_id="tenant", flow=AuthFlow.CLIENT_CREDENTIALS, client_secrets=("s",)
    )
    rig.provider.register(daemon)
    await rig.operator.enrol(email="box@office.example", name="Box", actor="test", application=daemon)
    first = await rig.service.get_valid_token("box")
    assert await rig.service.get_valid_token("box") == first
    await rig.expire()
    assert await rig.service.get_valid_token("box") != first
    assert rig.provider.calls["client_credentials"] == 2


async def test_ten_refreshes_in_five_minutes_are_the_budget_of_all_processes(rig: Rig) -> None:
    async with open_rig(rig) as other:
        for number in range(BUDGET):
            await (rig if number % 2 else other).service.refresh_token("kim")
        with pytest.raises(TokenRefreshError) as caught:
            await other.service.refresh_token("kim")
    assert caught.value.details["reason"] == "budget_spent"
    assert rig.refreshes == BUDGET


async def test_the_tokens_stored_by_a_sign_in_replace_the_old_ones_and_create_an_account_only_if_told_who(
    rig: Rig,
) -> None:
    token = rig.provider.sign_in(APPLICATION, "kim@office.example")
    with pytest.raises(NotFoundError):
        await rig.service.store_tokens("lee", token, user_name="Lee")
    account_id = await rig.service.store_tokens("lee", token, user_name="Lee", email="lee@office.example")
    assert (await rig.account("lee")).account_id == account_id
    assert await rig.service.get_valid_token("lee") == token.access


async def test_somebody_else_signing_in_stores_nothing(rig: Rig) -> None:
    before = await rig.held()
    stranger = rig.provider.add_user("stranger@office.example")
    token = rig.provider.sign_in(APPLICATION, stranger.username)
    with pytest.raises(PermissionDeniedError):
        await rig.service.store_tokens("kim", token, identity=stranger.identity)
    assert await rig.held() == before


async def test_revoking_forgets_the_tokens_and_asks_for_a_new_sign_in(rig: Rig) -> None:
    await rig.service.revoke("kim")
    assert not rig.database.ciphertexts
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await rig.service.get_valid_token("kim")
    assert caught.value.reason == "signed_out"
    assert rig.published()[-1] == "account.reauth_required"


async def test_whether_a_token_is_valid_is_told_without_asking_anybody(rig: Rig) -> None:
    assert await rig.service.is_token_valid("kim")
    await rig.expire()
    assert not await rig.service.is_token_valid("kim")
    assert rig.provider.calls.total() == 0


async def test_nobody_signs_in_to_a_pinned_account_without_saying_who(rig: Rig) -> None:
    token = rig.provider.sign_in(APPLICATION, "kim@office.example")
    with pytest.raises(PermissionDeniedError) as caught:
        await rig.service.store_tokens("kim", token)
    assert caught.value.error_code == "WRONG_IDENTITY"
    assert rig.told("denied") == [("denied", "kim", "WRONG_IDENTITY")]


async def test_a_first_sign_in_that_may_not_be_encrypted_leaves_no_account_behind(rig: Rig) -> None:
    rig.database.primary_key = KeyId("00000002")
    token = rig.provider.sign_in(APPLICATION, "kim@office.example")
    with pytest.raises(StaleKeyError):
        await rig.service.store_tokens("lee", token, user_name="Lee", email="lee@office.example")
    assert await rig.accounts.find("lee") is None


async def test_first_sign_ins_at_the_same_time_make_one_account(rig: Rig) -> None:
    token = rig.provider.sign_in(APPLICATION, "kim@office.example")
    signing_in = [rig.service.store_tokens("lee", token, user_name="Lee", email="lee@office.example") for _ in range(3)]
    assert len(set(await asyncio.gather(*signing_in))) == 1


async def test_an_account_locked_while_its_refresh_fails_is_given_nothing(rig: Rig) -> None:
    await rig.clock.advance(HOUR - MINUTE)

    async def lock_and_fail() -> None:
        await rig.operator.lock("kim", actor="operator", reason="theft")
        raise APIConnectionError("No route.")

    rig.provider.interventions.append(lock_and_fail)
    with pytest.raises(PermissionDeniedError):
        await rig.service.get_valid_token("kim")


async def test_a_database_that_cannot_be_written_does_not_keep_a_living_token_back(rig: Rig) -> None:
    await rig.clock.advance(HOUR - MINUTE)
    locked = FailingTokenStore(rig.database, claims=deque([DatabaseError("Locked.", transient=True)]))
    object.__setattr__(rig.refresher, "tokens", locked)
    assert await rig.service.get_valid_token("kim") == (await rig.held()).access


async def test_the_first_failure_already_says_when_to_ask_again(rig: Rig) -> None:
    await rig.expire()
    rig.provider.interventions.append(APIConnectionError("No route."))
    with pytest.raises(TokenRefreshError) as caught:
        await rig.service.get_valid_token("kim")
    assert caught.value.retry_after is not None
    assert timedelta(0) < caught.value.retry_after <= SECOND


async def test_a_wait_that_the_store_could_not_note_at_once_is_noted_all_the_same(rig: Rig) -> None:
    failing = FailingTokenStore(rig.database, fails=deque([DatabaseError("Locked.", transient=True)]))
    object.__setattr__(rig.refresher, "tokens", failing)
    await rig.expire()
    rig.provider.interventions.append(ThrottledError("Wait.", retry_after=10 * MINUTE))
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    await rig.clock.advance(SECOND)
    await rig.clock.advance(SECOND)
    with pytest.raises(TokenRefreshError):
        await caller
    wait = (await rig.held()).wait
    assert wait is not None
    assert wait.until - rig.clock.now() > 9 * MINUTE


async def test_the_accepted_client_secret_is_tried_first_the_next_time(rig: Rig) -> None:
    own = OAuthApplication(client_id="own", tenant_id="tenant", client_secrets=("expired", "good"))
    rig.provider.applications["own"] = ("good",)
    user = rig.provider.add_user("lee@office.example")
    await rig.operator.enrol(email=user.username, name="Lee", actor="test", application=own)
    await rig.service.store_tokens("lee", rig.provider.sign_in(own, user.username))
    for _ in range(3):
        await rig.service.refresh_token("lee")
    assert rig.refreshes == 4


async def test_a_refused_caller_costs_no_read_and_is_logged_once_a_minute(rig: Rig) -> None:
    await rig.operator.lock("kim", actor="operator", reason="theft")
    await rig.clock.advance(SECOND)
    for _ in range(50):
        with pytest.raises(PermissionDeniedError):
            await rig.service.get_valid_token("kim")
    assert len(rig.told("denied")) == 1
    await rig.clock.advance(2 * MINUTE)
    with pytest.raises(PermissionDeniedError):
        await rig.service.get_valid_token("kim")
    assert len(rig.told("denied")) == 2


async def test_a_refresh_behind_the_caller_that_may_not_begin_is_told_and_not_repeated_at_each_call(rig: Rig) -> None:
    await rig.clock.advance(HOUR - REFRESH_LEAD)
    rig.database.primary_key = KeyId("00000002")
    for _ in range(20):
        await rig.service.get_valid_token("kim")
        await asyncio.sleep(0)
    assert rig.told("refresh_failed") == [("refresh_failed", "kim", "STALE_KEY")]


async def test_a_forced_refresh_does_not_share_the_refusal_of_a_plain_caller(rig: Rig) -> None:
    await rig.need_sign_in()
    plain, forced = await asyncio.gather(
        rig.service.get_valid_token("kim"), rig.service.refresh_token("kim"), return_exceptions=True
    )
    assert isinstance(plain, ReauthenticationRequiredError)
    assert not isinstance(forced, BaseException)


async def test_revoking_twice_is_told_once(rig: Rig) -> None:
    await rig.service.revoke("kim")
    await rig.service.revoke("kim")
    assert rig.published().count("account.reauth_required") == 1


async def test_whoever_asks_after_the_end_is_told_that_it_has_ended() -> None:
    async with open_rig() as rig:
        await rig.sign_in()
        await rig.expire()
    for _ in range(2):
        with pytest.raises(TokenRefreshError, match="shutting down"):
            await rig.service.get_valid_token("kim")

"""Signing in with a browser: begun anywhere, finished anywhere, once, and by the account's owner alone."""

import asyncio
from collections import deque
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from application.sign_ins import ACTOR, SignIns
from domain.account import AccountStatus, AuthFlow, OAuthApplication
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    BusinessLogicError,
    ConfigurationError,
    DatabaseError,
    IACSGraphError,
    InvalidClientError,
    NotFoundError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    StaleKeyError,
)
from domain.reauth import INTERACTION_REQUIRED, MFA_REQUIRED
from domain.sign_in import COMPLETION, OPEN_PER_ACCOUNT, SIGN_IN_LASTS, SignIn, SignInId, Stage
from ports.cipher import KeyId
from ports.identity_provider import AuthorizationResponse
from tests.application.rig import APPLICATION, Rig, open_rig
from tests.fakes.providers import NamelessIdentityProvider
from tests.fakes.stores import FailingSignInStore, FailingTokenStore

SECOND = timedelta(seconds=1)
LEE = "lee@office.example"
OWN = OAuthApplication(
    client_id="own", tenant_id="tenant", redirect_uri="http://localhost:5000/callback", client_secrets=("right",)
)


async def finish(rig: Rig, user_id: str = "lee", username: str = LEE) -> tuple[SignIn, IACSGraphError | None]:
    """Go through a whole sign-in."""
    return await rig.sign_ins.complete(*rig.visit(await rig.sign_ins.begin(user_id), username))


async def refusal(rig: Rig, state: str, response: AuthorizationResponse) -> str:
    """Return the code with which a response is refused."""
    with pytest.raises(AuthenticationError) as caught:
        await rig.sign_ins.complete(state, response)
    return caught.value.error_code


def put(sign_ins: SignIns, **fields: object) -> None:
    """Replace parts of the use case."""
    for name, value in fields.items():
        object.__setattr__(sign_ins, name, value)


# The way through


async def test_an_account_that_is_renamed_meanwhile_still_gets_its_tokens(rig: Rig) -> None:
    """Its old name may be another's by then."""

    async def rename() -> None:
        rig.provider.after_answer = None
        await rig.operator.update("kim", actor="test", new_user_id="jiwon")
        await rig.operator.enrol(email="other@office.example", name="Other", actor="test", user_id="kim")

    departure = await rig.sign_ins.begin("kim")
    rig.provider.after_answer = rename
    ended, error = await rig.sign_ins.complete(*rig.visit(departure, "kim@office.example"))
    assert (ended.stage, error) == (Stage.DONE, None)
    assert (await rig.held("jiwon")).access is not None
    assert (await rig.held("kim")).access is None


async def test_a_sign_in_ends_with_the_owners_token_in_the_store(rig: Rig) -> None:
    await rig.enrol()
    departure = await rig.sign_ins.begin("lee")
    assert departure.sign_in.stage is Stage.PENDING
    ended, error = await rig.sign_ins.complete(*rig.visit(departure, LEE))
    assert (ended.stage, ended.secrets, error) == (Stage.DONE, None, None)
    account = await rig.account("lee")
    assert (account.status, account.identity) == (AccountStatus.ACTIVE, rig.provider.users[LEE].identity)
    held = await rig.service.get_valid_token("lee")
    assert rig.provider.owner(held.value) == LEE
    assert rig.published()[-1] == "account.signed_in"
    assert (await rig.operator.audit_trail("lee"))[-1].actor == ACTOR
    assert rig.told("changed")[-1][:3] == ("changed", "lee", "signed_in")
    assert await rig.sign_ins.find(departure.sign_in.sign_in_id) == ended


async def test_the_address_asks_for_what_the_response_is_checked_against(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim")
    query = dict(parse_qsl(urlsplit(departure.url).query))
    assert query["redirect_uri"] == APPLICATION.redirect_uri == departure.sign_in.redirect_uri
    assert query["state"].startswith(f"{departure.sign_in.sign_in_id}.")
    assert len(query["code_challenge"]) == len(query["nonce"]) == 43
    assert query["code_challenge_method"] == "S256"
    assert query["login_hint"] == "kim@office.example"
    assert "claims" not in query


async def test_what_is_shown_and_kept_of_a_sign_in_holds_no_secret(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim")
    query = dict(parse_qsl(urlsplit(departure.url).query))
    shown = repr([departure, await rig.sign_ins.find(departure.sign_in.sign_in_id), rig.database.sign_ins])
    assert query["state"] not in shown
    assert query["nonce"] not in shown


async def test_a_program_may_say_where_the_browser_comes_back_to(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim", redirect_uri="http://localhost:8123/callback")
    ended, _ = await rig.sign_ins.complete(*rig.visit(departure, "kim@office.example"))
    assert (ended.stage, ended.redirect_uri) == (Stage.DONE, "http://localhost:8123/callback")


async def test_one_process_begins_and_another_finishes(rig: Rig) -> None:
    await rig.enrol()
    departure = await rig.sign_ins.begin("lee")
    async with open_rig(rig) as other:
        ended, error = await other.sign_ins.complete(*other.visit(departure, LEE))
        assert (ended.stage, error) == (Stage.DONE, None)
    assert (await rig.sign_ins.find(departure.sign_in.sign_in_id)).stage is Stage.DONE
    assert rig.provider.owner((await rig.service.get_valid_token("lee")).value) == LEE


async def test_a_locked_account_is_signed_in_and_stays_locked(rig: Rig) -> None:
    await rig.operator.lock("kim", actor="test", reason="theft")
    ended, _ = await finish(rig, "kim", "kim@office.example")
    assert ended.stage is Stage.DONE
    assert (await rig.account()).status is AccountStatus.LOCKED


# Only once, only in time


@pytest.mark.parametrize("processes", [1, 2])
async def test_one_of_two_that_bring_the_same_state_at_once_redeems_it(rig: Rig, processes: int) -> None:
    await rig.enrol()
    back = rig.visit(await rig.sign_ins.begin("lee"), LEE)
    async with open_rig(rig) as other:
        second = (rig, other)[processes - 1]
        outcomes = await asyncio.gather(
            rig.sign_ins.complete(*back), second.sign_ins.complete(*back), return_exceptions=True
        )
    codes = [outcome.error_code for outcome in outcomes if isinstance(outcome, AuthenticationError)]
    assert codes == ["SIGN_IN_USED"]
    assert rig.provider.calls["exchange_code"] == 1


async def test_a_state_is_used_once(rig: Rig) -> None:
    await rig.enrol()
    departure = await rig.sign_ins.begin("lee")
    await rig.sign_ins.complete(*rig.visit(departure, LEE))
    before = (await rig.held("lee")).access
    assert await refusal(rig, *rig.visit(departure, LEE)) == "SIGN_IN_USED"
    assert (await rig.held("lee")).access == before


async def test_after_ten_minutes_it_is_too_late(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim")
    await rig.clock.advance(SIGN_IN_LASTS)
    assert await refusal(rig, *rig.visit(departure, "kim@office.example")) == "SIGN_IN_EXPIRED"
    told = await rig.sign_ins.find(departure.sign_in.sign_in_id)
    assert (told.stage, told.reason) == (Stage.FAILED, "expired")
    assert rig.provider.calls["exchange_code"] == 0


async def test_newer_sign_ins_replace_the_oldest(rig: Rig) -> None:
    departures = [await rig.sign_ins.begin("kim") for _ in range(OPEN_PER_ACCOUNT + 1)]
    backs = [rig.visit(departure, "kim@office.example") for departure in departures]
    assert await refusal(rig, *backs[0]) == "SIGN_IN_CANCELLED"
    for back in backs[1:]:
        assert (await rig.sign_ins.complete(*back))[0].stage is Stage.DONE


async def test_what_was_given_up_cannot_be_finished(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim")
    await rig.sign_ins.cancel(departure.sign_in.sign_in_id)
    assert await refusal(rig, *rig.visit(departure, "kim@office.example")) == "SIGN_IN_CANCELLED"


@pytest.mark.parametrize("change", [lambda s: s + "x", lambda s: s[:-1], lambda s: s.partition(".")[0], lambda _: ""])
async def test_a_state_that_is_not_the_one_is_nobodys_and_changes_nothing(rig: Rig, change: object) -> None:
    departure = await rig.sign_ins.begin("kim")
    state, response = rig.visit(departure, "kim@office.example")
    assert callable(change)
    assert await refusal(rig, change(state), response) == "SIGN_IN_UNKNOWN"
    assert (await rig.sign_ins.complete(state, response))[0].stage is Stage.DONE


@pytest.mark.parametrize("state", ["made.up", "é.ü", "\udc80", ".", "\x00"])
async def test_a_made_up_state_is_nobodys(rig: Rig, state: str) -> None:
    assert await refusal(rig, state, AuthorizationResponse(code="c")) == "SIGN_IN_UNKNOWN"


async def test_a_sign_in_that_nobody_began_is_not_found_or_given_up(rig: Rig) -> None:
    for step in (rig.sign_ins.find, rig.sign_ins.cancel, rig.sign_ins.poll):
        with pytest.raises(AuthenticationError) as caught:
            await step(SignInId("nobody's"))
        assert caught.value.error_code == "SIGN_IN_UNKNOWN"


async def test_a_code_of_another_sign_in_is_not_redeemed(rig: Rig) -> None:
    """An attacker's code, slipped into a victim's browser, meets the wrong verifier (RFC 9700 section 4.5)."""
    await rig.enrol()
    theirs = rig.visit(await rig.sign_ins.begin("lee"), LEE)
    mine = rig.visit(await rig.sign_ins.begin("kim"), "kim@office.example")
    ended, error = await rig.sign_ins.complete(mine[0], theirs[1])
    assert (ended.stage, ended.reason) == (Stage.FAILED, "code_rejected")
    assert isinstance(error, AuthenticationError)


# Only the owner


async def test_somebody_else_cannot_be_the_first_to_sign_in(rig: Rig) -> None:
    await rig.enrol()
    rig.provider.add_user("eve@office.example")
    ended, error = await finish(rig, "lee", "eve@office.example")
    assert isinstance(error, PermissionDeniedError)
    assert (ended.stage, ended.reason) == (Stage.FAILED, "wrong_identity")
    for said in (ended.explanation or "", error.message):
        assert "eve@office.example" in said
        assert LEE in said
    account = await rig.account("lee")
    assert (account.identity, account.status) == (None, AccountStatus.REAUTH_REQUIRED)
    assert (await rig.held("lee")).access is None
    assert rig.told("denied") == [("denied", "lee", "WRONG_IDENTITY")]
    assert rig.told("sign_in_failed") == []


async def test_somebody_else_cannot_sign_in_later_and_the_token_at_hand_stays(rig: Rig) -> None:
    before = await rig.held()
    rig.provider.add_user("eve@office.example", email="kim@office.example")
    ended, error = await finish(rig, "kim", "eve@office.example")
    assert isinstance(error, PermissionDeniedError)
    assert ended.stage is Stage.FAILED
    assert "eve@office.example" in error.message
    held = await rig.held()
    assert (held.access, held.status, held.fence) == (before.access, AccountStatus.ACTIVE, before.fence)
    assert rig.told("denied") == [("denied", "kim", "WRONG_IDENTITY")]


@pytest.mark.parametrize("tenant", ["tenant", "contoso.example", "common", "organizations", "consumers", "Common"])
async def test_an_address_that_is_no_sign_in_name_counts_only_where_one_tenant_vouches_for_it(
    rig: Rig, tenant: str
) -> None:
    application = attrs.evolve(OWN, tenant_id=tenant)
    await rig.enrol("lee", application)
    rig.provider.add_user("l.ee@anywhere.example", email=LEE)
    departure = await rig.sign_ins.begin("lee")
    ended, error = await rig.sign_ins.complete(*rig.visit(departure, "l.ee@anywhere.example", application))
    trusted = tenant in {"tenant", "contoso.example"}
    assert ended.stage is (Stage.DONE if trusted else Stage.FAILED)
    assert (error is None) is trusted
    assert error is None or LEE not in error.details["came"]["names"]  # type: ignore[index]


async def test_a_provider_that_does_not_say_who_came_stores_nothing(rig: Rig) -> None:
    rig.provider = NamelessIdentityProvider(clock=rig.clock, identifiers=rig.identifiers)
    rig.provider.register(APPLICATION)
    put(rig.sign_ins, provider=rig.provider)
    await rig.enrol()
    ended, error = await finish(rig)
    assert (ended.stage, ended.reason) == (Stage.FAILED, "identity_missing")
    assert isinstance(error, AuthenticationError)
    assert (await rig.held("lee")).access is None


# What the provider answers


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (AuthorizationResponse(error="access_denied"), "sign_in_declined"),
        (AuthorizationResponse(), "code_rejected"),
        (AuthorizationResponse(code="made up"), "code_rejected"),
        (AuthorizationResponse(error="temporarily_unavailable"), APIConnectionError.default_code.lower()),
        (AuthorizationResponse(error="unauthorized_client"), ConfigurationError.default_code.lower()),
        (AuthorizationResponse(error="login_required"), INTERACTION_REQUIRED),
    ],
)
async def test_a_sign_in_that_comes_to_nothing_says_why_and_the_next_one_may_work(
    rig: Rig, response: AuthorizationResponse, reason: str
) -> None:
    await rig.enrol()
    departure = await rig.sign_ins.begin("lee")
    state, _ = rig.visit(departure, LEE)
    ended, error = await rig.sign_ins.complete(state, response)
    assert error is not None
    assert (ended.stage, ended.reason, ended.explanation) == (Stage.FAILED, reason, error.message)
    assert rig.told("sign_in_failed") == [("sign_in_failed", "lee", error.error_code)]
    assert await refusal(rig, state, response) == "SIGN_IN_USED"
    assert (await finish(rig))[0].stage is Stage.DONE


async def test_a_provider_that_is_down_fails_this_sign_in_and_not_the_next(rig: Rig) -> None:
    await rig.enrol()
    rig.provider.interventions.append(APIConnectionError("No route."))
    ended, error = await finish(rig)
    assert (ended.stage, ended.explanation) == (Stage.FAILED, "No route.")
    assert error is not None
    assert error.transient
    assert (await rig.account("lee")).status is AccountStatus.REAUTH_REQUIRED
    assert (await finish(rig))[0].stage is Stage.DONE


async def test_a_provider_that_does_not_answer_is_not_waited_for_without_end(rig: Rig) -> None:
    put(rig.sign_ins, answer_within=timedelta(milliseconds=20))
    await rig.enrol()

    async def hang() -> None:
        await asyncio.Event().wait()

    rig.provider.interventions.append(hang)
    ended, error = await finish(rig)
    assert (ended.stage, ended.reason) == (Stage.FAILED, "provider_timeout")
    assert isinstance(error, APIConnectionError)


async def test_of_several_client_secrets_the_one_that_works_is_found_and_remembered(rig: Rig) -> None:
    application = attrs.evolve(OWN, client_secrets=("wrong", "right"))
    await rig.enrol("lee", application)
    rig.provider.register(OWN)
    for calls in (2, 3):
        departure = await rig.sign_ins.begin("lee")
        ended, _ = await rig.sign_ins.complete(*rig.visit(departure, LEE, application))
        assert ended.stage is Stage.DONE
        assert rig.provider.calls["exchange_code"] == calls


async def test_a_public_client_signs_people_in_without_a_secret(rig: Rig) -> None:
    application = attrs.evolve(OWN, client_secrets=())
    await rig.enrol("lee", application)
    assert await rig.sign_ins.application_of("lee") == application
    departure = await rig.sign_ins.begin("lee")
    ended, error = await rig.sign_ins.complete(*rig.visit(departure, LEE, application))
    assert (ended.stage, error) == (Stage.DONE, None)


async def test_with_wrong_client_secrets_only_nobody_can_sign_in(rig: Rig) -> None:
    application = attrs.evolve(OWN, client_secrets=("wrong", "CANARY"))
    await rig.enrol("lee", application)
    rig.provider.register(OWN)
    departure = await rig.sign_ins.begin("lee")
    ended, error = await rig.sign_ins.complete(*rig.visit(departure, LEE, application))
    assert isinstance(error, InvalidClientError)
    assert ended.stage is Stage.FAILED
    assert "CANARY" not in f"{ended} {error} {rig.log.entries}"


async def test_claims_that_a_challenge_asked_for_are_in_the_next_sign_in_and_not_in_the_one_after(rig: Rig) -> None:
    claims = '{"id_token":{"capolids":{"essential":true}}}'
    await rig.expire()
    rig.provider.interventions.append(ReauthenticationRequiredError("Confirm.", reason=MFA_REQUIRED, claims=claims))
    with pytest.raises(ReauthenticationRequiredError, match="its owner must sign in again and confirm"):
        await rig.service.get_valid_token("kim")
    assert (await rig.account()).reauth_claims == claims
    departure = await rig.sign_ins.begin("kim")
    assert dict(parse_qsl(urlsplit(departure.url).query))["claims"] == claims
    ended, _ = await rig.sign_ins.complete(*rig.visit(departure, "kim@office.example"))
    assert ended.stage is Stage.DONE
    account = await rig.account()
    assert (account.reauth_reason, account.reauth_claims) == (None, None)
    assert "claims" not in (await rig.sign_ins.begin("kim")).url


# What the store does


async def test_a_store_that_fails_for_a_moment_does_not_lose_what_was_exchanged(rig: Rig) -> None:
    await rig.enrol()
    failures: deque[IACSGraphError] = deque(DatabaseError("Locked.", transient=True) for _ in range(3))
    object.__setattr__(rig.refresher, "tokens", FailingTokenStore(rig.database, replaces=failures))
    completing = asyncio.create_task(finish(rig))
    for _ in range(4):
        await rig.clock.advance(SECOND)
    ended, error = await completing
    assert (ended.stage, error) == (Stage.DONE, None)
    assert rig.provider.calls["exchange_code"] == 1
    assert rig.provider.owner((await rig.service.get_valid_token("lee")).value) == LEE


async def test_a_store_that_goes_on_failing_is_told_when_the_time_is_over(rig: Rig) -> None:
    await rig.enrol()
    failures: deque[IACSGraphError] = deque(DatabaseError("Locked.", transient=True) for _ in range(999))
    object.__setattr__(rig.refresher, "tokens", FailingTokenStore(rig.database, replaces=failures))
    departure = await rig.sign_ins.begin("lee")
    completing = asyncio.create_task(rig.sign_ins.complete(*rig.visit(departure, LEE)))
    for _ in range(3):
        assert not completing.done()
        await rig.clock.advance(COMPLETION / 2)
    ended, error = await completing
    assert (ended.stage, ended.explanation) == (Stage.FAILED, "Locked.")
    assert isinstance(error, DatabaseError)
    assert rig.told("sign_in_failed") == [("sign_in_failed", "lee", "DATABASE_ERROR")]


async def test_a_store_that_fails_for_good_is_told_at_once(rig: Rig) -> None:
    await rig.enrol()
    store = FailingTokenStore(rig.database, replaces=deque([DatabaseError("Corrupt.")]))
    object.__setattr__(rig.refresher, "tokens", store)
    ended, error = await finish(rig)
    assert (ended.stage, ended.explanation) == (Stage.FAILED, "Corrupt.")
    assert isinstance(error, DatabaseError)


async def test_the_end_is_written_down_though_the_store_fails_for_a_moment(rig: Rig) -> None:
    await rig.enrol()
    failures: deque[IACSGraphError | None] = deque([None, DatabaseError("Locked.", transient=True)])
    put(rig.sign_ins, store=FailingSignInStore(rig.database, applies=failures))
    completing = asyncio.create_task(finish(rig))
    await rig.clock.advance(SECOND)
    await rig.clock.advance(SECOND)
    assert (await completing)[0].stage is Stage.DONE


async def test_with_a_key_that_was_replaced_no_sign_in_begins(rig: Rig) -> None:
    rig.database.primary_key = KeyId("00000002")
    with pytest.raises(StaleKeyError):
        await rig.sign_ins.begin("kim")
    assert rig.database.sign_ins == {}


# What must be there


async def test_the_account_must_be_known(rig: Rig) -> None:
    for begin in (rig.sign_ins.begin, rig.sign_ins.begin_device):
        with pytest.raises(NotFoundError):
            await begin("nobody")


async def test_an_account_that_is_gone_is_told(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim")
    back = rig.visit(departure, "kim@office.example")
    rig.database.accounts.clear()
    ended, error = await rig.sign_ins.complete(*back)
    assert isinstance(error, NotFoundError)
    assert ended.stage is Stage.FAILED


async def test_without_a_redirect_uri_the_operator_is_told_what_to_do(rig: Rig) -> None:
    await rig.enrol("lee", attrs.evolve(OWN, redirect_uri=None))
    with pytest.raises(ConfigurationError, match="device flow") as caught:
        await rig.sign_ins.begin("lee")
    assert caught.value.error_code == "REDIRECT_URI_MISSING"


async def test_without_any_application_the_operator_is_told_what_to_set() -> None:
    async with open_rig(default=None) as rig:
        await rig.enrol()
        with pytest.raises(ConfigurationError) as caught:
            await rig.sign_ins.begin("lee")
        assert caught.value.error_code == "OAUTH_NOT_CONFIGURED"


async def test_nobody_signs_in_to_an_application_that_acts_by_itself(rig: Rig) -> None:
    """With a redirect URI or without: a person's token must not take the place of the application's own."""
    daemon = attrs.evolve(APPLICATION, client_id="daemon", flow=AuthFlow.CLIENT_CREDENTIALS)
    await rig.enrol("daemon", daemon)
    for begin in (rig.sign_ins.begin, rig.sign_ins.begin_device):
        with pytest.raises(BusinessLogicError) as caught:
            await begin("daemon")
        assert caught.value.error_code == "NOBODY_SIGNS_IN"


async def test_what_the_provider_wants_the_next_sign_in_to_ask_for_is_kept(rig: Rig) -> None:
    await rig.enrol("lee")
    departure = await rig.sign_ins.begin("lee")
    visit = rig.visit(departure, "lee@office.example")
    rig.provider.interventions.append(ReauthenticationRequiredError("More.", reason="mfa_required", claims='{"x":{}}'))
    _, error = await rig.sign_ins.complete(*visit)
    assert error is not None
    again = await rig.sign_ins.begin("lee")
    assert dict(parse_qsl(urlsplit(again.url).query))["claims"] == '{"x":{}}'
    await rig.sign_ins.complete(*rig.visit(again, "lee@office.example"))
    assert (await rig.account("lee")).reauth_claims is None

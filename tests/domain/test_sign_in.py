"""Sign-ins under way: what each step makes of them, and what is final."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import sign_in as rules
from domain.account import AccountId
from domain.errors import AuthenticationError, IACSGraphError, ThrottledError, ValidationError
from domain.sign_in import (
    COMPLETION,
    OPEN_PER_ACCOUNT,
    OPEN_STAGES,
    SIGN_IN_LASTS,
    BrowserSecrets,
    DevicePrompt,
    DeviceSecrets,
    LinkId,
    ReconnectLink,
    SignIn,
    SignInId,
    Stage,
)

NOW = datetime(2026, 2, 1, tzinfo=UTC)
END = NOW + SIGN_IN_LASTS
SECOND = timedelta(seconds=1)
SECRETS = BrowserSecrets(state="1.CANARY-state", nonce="CANARY-nonce", verifier="CANARY-verifier")
FINAL = [stage for stage in Stage if stage not in OPEN_STAGES]
texts = st.text(st.characters(codec="utf-8"), max_size=20)
moments = st.integers(-1000, 1000).map(lambda seconds: NOW + seconds * SECOND)


def browser(stage: Stage = Stage.PENDING, *, begun_at: datetime = NOW, number: int = 1) -> SignIn:
    """Return a sign-in in a browser, without secrets if it is over."""
    return SignIn(
        sign_in_id=SignInId(str(number)),
        account_id=AccountId("1"),
        stage=stage,
        begun_at=begun_at,
        expires_at=begun_at + SIGN_IN_LASTS,
        redirect_uri="http://localhost/callback",
        secrets=SECRETS if stage in OPEN_STAGES else None,
    )


def device(stage: Stage = Stage.PENDING) -> SignIn:
    """Return a sign-in by device code."""
    prompt = DevicePrompt(
        user_code="ABCD", verification_uri="https://login.example", interval=5 * SECOND, poll_at=NOW + 5 * SECOND
    )
    secrets = DeviceSecrets(device_code="CANARY-code") if stage in OPEN_STAGES else None
    return attrs.evolve(browser(stage), redirect_uri=None, device=prompt, secrets=secrets)


sign_ins = st.builds(lambda make, stage: make(stage), st.sampled_from([browser, device]), st.sampled_from(Stage))


# Taking: who may redeem a response

CLOSED = {
    Stage.COMPLETING: "SIGN_IN_USED",
    Stage.DONE: "SIGN_IN_USED",
    Stage.FAILED: "SIGN_IN_USED",
    Stage.CANCELLED: "SIGN_IN_CANCELLED",
}


def test_whoever_comes_back_with_the_state_in_time_completes_it_and_has_a_minute_for_it() -> None:
    at = END - SECOND
    taken = rules.take(browser(), SECRETS.state, at)
    assert taken == attrs.evolve(browser(), stage=Stage.COMPLETING, expires_at=at + COMPLETION)


@pytest.mark.parametrize("state", ["", "1", "1.", "1.CANARY-stat", "1.CANARY-state2", "1.canary-state", "é"])
@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_a_wrong_state_is_nobodys(stage: Stage, state: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        rules.take(browser(stage), state, NOW)
    assert caught.value.error_code == "SIGN_IN_UNKNOWN"


def test_a_sign_in_by_device_code_or_without_secrets_has_no_state() -> None:
    for sign_in in (device(), attrs.evolve(browser(), secrets=None)):
        with pytest.raises(AuthenticationError) as caught:
            rules.take(sign_in, SECRETS.state, NOW)
        assert caught.value.error_code == "SIGN_IN_UNKNOWN"


@pytest.mark.parametrize(("stage", "code"), CLOSED.items())
def test_what_is_not_pending_is_not_taken_and_says_why(stage: Stage, code: str) -> None:
    for make, name in ((browser, "take"), (device, "take_approval"), (device, "poll")):
        with pytest.raises(AuthenticationError) as caught:
            STEPS[name](make(stage), SECRETS.state, NOW)
        assert caught.value.error_code == code


@pytest.mark.parametrize("late", [timedelta(0), SECOND, timedelta(days=1)])
def test_what_has_expired_is_not_taken(late: timedelta) -> None:
    for make, name in ((browser, "take"), (device, "poll")):
        with pytest.raises(AuthenticationError, match="within 10 minutes") as caught:
            STEPS[name](make(), SECRETS.state, END + late)
        assert caught.value.error_code == "SIGN_IN_EXPIRED"


@pytest.mark.parametrize("now", [NOW, END, END + SECOND])
def test_whoever_holds_the_grant_of_a_device_completes_it_also_just_after_its_end(now: datetime) -> None:
    taken = rules.take_approval(device(), now)
    assert taken == attrs.evolve(device(), stage=Stage.COMPLETING, expires_at=now + COMPLETION)


# Polling


def test_the_provider_may_be_asked_once_per_interval() -> None:
    early, due = device(), rules.poll(device(), NOW + 5 * SECOND)
    assert rules.poll(early, NOW + 4 * SECOND) is early
    assert due.device is not None
    assert due.device.poll_at == NOW + 10 * SECOND
    assert rules.poll(due, NOW + 9 * SECOND) is due


def test_slowing_down_adds_five_seconds_for_good() -> None:
    slower = rules.slow_down(device(), NOW)
    assert slower.device is not None
    assert (slower.device.interval, slower.device.poll_at) == (10 * SECOND, NOW + 10 * SECOND)
    polled = rules.poll(slower, NOW + 10 * SECOND)
    assert polled.device is not None
    assert polled.device.poll_at == NOW + 20 * SECOND


def test_nobody_else_asks_while_an_answer_may_still_come() -> None:
    asked = rules.poll(device(), NOW + 5 * SECOND, 20 * SECOND)
    assert asked.device is not None
    assert asked.device.poll_at == NOW + 30 * SECOND
    answered = rules.still_pending(asked, NOW + 6 * SECOND)
    assert answered.device is not None
    assert (answered.device.interval, answered.device.poll_at) == (5 * SECOND, NOW + 11 * SECOND)


def test_a_provider_that_asks_to_wait_longer_is_not_asked_before() -> None:
    slower = rules.slow_down(device(), NOW, 60 * SECOND)
    assert slower.device is not None
    assert (slower.device.interval, slower.device.poll_at) == (10 * SECOND, NOW + 60 * SECOND)


def test_a_sign_in_in_a_browser_is_not_polled() -> None:
    sign_in = browser()
    for step in (rules.poll, rules.still_pending, rules.slow_down):
        assert step(sign_in, NOW) is sign_in


# Ending


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_done_and_failed_end_what_is_open_and_forget_its_secrets(stage: Stage) -> None:
    done = rules.done(browser(stage))
    assert (done.stage, done.secrets, done.reason) == (Stage.DONE, None, None)
    failed = rules.failed(browser(stage), "code_rejected", "It was used before.")
    assert (failed.stage, failed.secrets) == (Stage.FAILED, None)
    assert (failed.reason, failed.explanation) == ("code_rejected", "It was used before.")


def test_only_what_is_pending_can_be_given_up() -> None:
    given_up = rules.cancelled(browser(), rules.GIVEN_UP)
    assert (given_up.stage, given_up.reason, given_up.secrets) == (Stage.CANCELLED, rules.GIVEN_UP, None)
    completing = browser(Stage.COMPLETING)
    assert rules.cancelled(completing, rules.GIVEN_UP) is completing


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_what_nobody_ended_in_time_counts_as_failed(stage: Stage) -> None:
    sign_in = browser(stage)
    assert rules.as_of(sign_in, END - SECOND) is sign_in
    assert sign_in.open(END - SECOND)
    late = rules.as_of(sign_in, END)
    assert (late.stage, late.reason, sign_in.open(END)) == (Stage.FAILED, rules.EXPIRED, False)


STEPS: dict[str, Callable[[SignIn, str, datetime], SignIn]] = {
    "take": rules.take,
    "take_approval": lambda sign_in, _, now: rules.take_approval(sign_in, now),
    "poll": lambda sign_in, _, now: rules.poll(sign_in, now),
    "still_pending": lambda sign_in, _, now: rules.still_pending(sign_in, now),
    "slow_down": lambda sign_in, _, now: rules.slow_down(sign_in, now),
    "done": lambda sign_in, _state, _now: rules.done(sign_in),
    "failed": lambda sign_in, _state, _now: rules.failed(sign_in, "why", "Why."),
    "cancelled": lambda sign_in, _state, _now: rules.cancelled(sign_in, rules.GIVEN_UP),
    "as_of": lambda sign_in, _, now: rules.as_of(sign_in, now),
}
TAKES = {"take", "take_approval"}
steps = st.tuples(st.sampled_from(sorted(STEPS)), st.just(SECRETS.state) | texts, moments)


@given(st.sampled_from([browser, device]), st.sampled_from(FINAL), steps)
def test_a_final_stage_is_final(make: Callable[[Stage], SignIn], stage: Stage, step: tuple[str, str, datetime]) -> None:
    before, (name, state, now) = make(stage), step
    try:
        assert STEPS[name](before, state, now) is before
    except AuthenticationError:
        assert name in TAKES | {"poll"}


@given(sign_ins, st.lists(steps, max_size=12))
def test_whatever_happens_nobody_takes_a_sign_in_twice_and_what_is_over_keeps_no_secrets(
    sign_in: SignIn, sequence: list[tuple[str, str, datetime]]
) -> None:
    taken = 0
    for name, state, now in sequence:
        try:
            sign_in = STEPS[name](sign_in, state, now)
        except IACSGraphError:
            continue
        taken += name in TAKES
        assert sign_in.stage in OPEN_STAGES or sign_in.secrets is None
    assert taken <= 1


# How many may be open


@given(st.lists(st.tuples(st.sampled_from(OPEN_STAGES), moments), max_size=8))
def test_a_new_sign_in_replaces_the_oldest_pending_ones_and_no_more_than_needed(
    drawn: list[tuple[Stage, datetime]],
) -> None:
    open_ = [browser(stage, begun_at=at, number=number) for number, (stage, at) in enumerate(drawn)]
    pending = [sign_in for sign_in in open_ if sign_in.stage is Stage.PENDING]
    replaced = list(rules.to_replace(open_))
    kept = [sign_in for sign_in in pending if sign_in not in replaced]
    assert all(sign_in in pending for sign_in in replaced)
    assert len(open_) - len(replaced) + 1 <= OPEN_PER_ACCOUNT or not kept
    assert len(replaced) <= max(len(open_) + 1 - OPEN_PER_ACCOUNT, 0)
    assert not kept or not replaced or max(s.begun_at for s in replaced) <= min(s.begun_at for s in kept)


def test_with_too_many_open_the_caller_is_told_when_the_first_one_ends() -> None:
    error = rules.too_many(NOW + 30 * SECOND, NOW)
    assert isinstance(error, ThrottledError)
    assert (error.error_code, error.retry_after) == ("TOO_MANY_SIGN_INS", 30 * SECOND)
    assert rules.too_many(NOW, NOW).retry_after == SECOND


# Links


def link(**fields: datetime) -> ReconnectLink:
    """Return a link with the secret `CANARY`."""
    return ReconnectLink(
        link_id=LinkId("1"),
        account_id=AccountId("1"),
        digest=rules.digest_of("CANARY"),
        expires_at=NOW + SECOND,
        **fields,
    )


def test_a_link_is_good_for_any_number_of_tries_until_a_sign_in_has_used_it() -> None:
    for _ in range(3):
        link().check("CANARY", NOW)
    with pytest.raises(AuthenticationError) as caught:
        link(used_at=NOW).check("CANARY", NOW)
    assert caught.value.error_code == "LINK_USED"


def test_a_link_expires() -> None:
    with pytest.raises(AuthenticationError) as caught:
        link().check("CANARY", NOW + SECOND)
    assert caught.value.error_code == "LINK_EXPIRED"


@given(texts.filter(lambda text: text != "CANARY"), moments, st.booleans())
def test_a_wrong_secret_learns_nothing_of_the_link(secret: str, now: datetime, used: bool) -> None:  # noqa: FBT001 - drawn
    found = link(used_at=NOW) if used else link()
    with pytest.raises(AuthenticationError) as caught:
        found.check(secret, now)
    assert caught.value.error_code == "LINK_UNKNOWN"


# Values


@pytest.mark.parametrize("field", ["sign_in_id", "account_id", "redirect_uri", "reason"])
def test_a_sign_in_without_what_it_needs_is_refused(field: str) -> None:
    fields: dict[str, Any] = {field: ""}
    with pytest.raises(ValidationError, match=field):
        attrs.evolve(browser(), **fields)


@given(sign_ins)
def test_no_secret_is_shown(sign_in: SignIn) -> None:
    assert "CANARY" not in repr(sign_in)
    assert "CANARY" not in repr(sign_in.secrets)
    assert "CANARY" not in repr(link())
    assert rules.digest_of("CANARY") not in repr(link())

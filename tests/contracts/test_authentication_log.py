"""The promises of `AuthenticationLog`."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from adapters.logging.authentication_log import LoggingAuthenticationLog
from adapters.memory.authentication_log import MemoryAuthenticationLog
from domain import lifecycle
from domain.account import Account
from domain.change import AccountChange
from domain.errors import IACSGraphError, PermissionDeniedError, ReauthenticationRequiredError, ThrottledError
from ports.authentication_log import AuthenticationLog
from tests.contracts.log_texts import listened
from tests.contracts.samples import (
    CANARIES,
    act,
    application,
    enrolment,
    losing_grant,
    recovering,
    signing_in,
    signing_out,
    updated,
)

HOUR = timedelta(hours=1)


@attrs.frozen
class Bench:
    """A log, and what it has written so far, as text."""

    log: AuthenticationLog
    written: Callable[[], str]


def _memory() -> Bench:
    log = MemoryAuthenticationLog()
    return Bench(log, lambda: "\n".join(map(str, log.entries)))


def _logging() -> Bench:
    logger, texts = listened()
    return Bench(LoggingAuthenticationLog(logger), texts.written)


BENCHES = {"memory": _memory, "logging": _logging}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


def _history() -> list[AccountChange]:
    """Return one change of every kind, of an account with client secrets."""
    changes = [enrolment(app=application(CANARIES[0]))]

    def then(change: AccountChange | None) -> None:
        assert change is not None
        changes.append(change)

    def account() -> Account:
        return changes[-1].after

    then(updated(account(), application=application(*CANARIES)))
    then(signing_in()(account()))
    for verb in (lifecycle.lock, lifecycle.unlock, lifecycle.deactivate, lifecycle.activate):
        then(verb(account(), act(), "a reason"))
    then(losing_grant()(account()))
    then(recovering()(account()))
    then(signing_out()(account()))
    return changes


def test_every_change_is_written_with_its_user_and_action(bench: Bench) -> None:
    for change in _history():
        before = bench.written()
        bench.log.changed(change)
        written = bench.written().removeprefix(before)
        assert change.after.user_id in written
        assert change.audit.action in written


@pytest.mark.parametrize(
    "error",
    [
        PermissionDeniedError("locked"),
        ReauthenticationRequiredError("revoked", reason="grant_revoked"),
        ThrottledError("busy", retry_after=HOUR),
        IACSGraphError("{} %s %d {missing}", details={"a": object()}),
        IACSGraphError(""),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failures_and_denials_are_written_with_their_user_and_code(bench: Bench, error: IACSGraphError) -> None:
    for tell in (bench.log.refresh_failed, bench.log.sign_in_failed, bench.log.denied):
        before = bench.written()
        tell("ann", error)
        written = bench.written().removeprefix(before)
        assert "ann" in written
        assert error.error_code in written


@pytest.mark.parametrize("lifetime", [HOUR, timedelta(0), -HOUR, timedelta.max, timedelta.min])
def test_refreshes_are_written_with_their_user_whatever_their_lifetime(bench: Bench, lifetime: timedelta) -> None:
    bench.log.refreshed("ann", lifetime)
    bench.log.short_lived("bob", HOUR, lifetime)
    assert "ann" in bench.written()
    assert "bob" in bench.written()


def test_a_refresh_ahead_of_the_need_is_told_apart(bench: Bench) -> None:
    bench.log.refreshed("ann", HOUR)
    before = bench.written()
    bench.log.refreshed("ann", HOUR, ahead=True)
    assert bench.written().removeprefix(before).strip() not in before


@pytest.mark.parametrize("user_id", ["", "%s {}", "line\nbreak", "\udc80", "zoë \N{CAT FACE}"])
def test_no_user_id_makes_it_fail(bench: Bench, user_id: str) -> None:
    bench.log.refreshed(user_id, HOUR)
    bench.log.refresh_failed(user_id, IACSGraphError("no"))
    bench.log.sign_in_failed(user_id, IACSGraphError("no"))
    bench.log.denied(user_id, IACSGraphError("no"))
    bench.log.short_lived(user_id, HOUR, HOUR)
    assert bench.written()


def test_no_client_secret_is_written(bench: Bench) -> None:
    for change in _history():
        bench.log.changed(change)
    assert not any(canary in bench.written() for canary in CANARIES)

"""The authentication log in the standard library's logging, under the port's contract and in its own details."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from adapters.logging.authentication_log import LOGGER, LoggingAuthenticationLog
from domain import lifecycle
from domain.account import Account
from domain.change import AccountChange
from domain.errors import ConfigurationError, IACSGraphError, PermissionDeniedError, ThrottledError
from tests.adapters.logging.kept import Fact, Kept, keeping
from tests.contracts.samples import (
    CANARIES,
    act,
    application,
    enrolment,
    losing_grant,
    recovering,
    signing_in,
    signing_out,
)
from tests.contracts.test_authentication_log import (
    Bench,
    test_every_change_is_written_with_its_user_and_action,
    test_failures_and_denials_are_written_with_their_user_and_code,
    test_no_client_secret_is_written,
    test_no_user_id_makes_it_fail,
    test_refreshes_are_written_with_their_user_whatever_their_lifetime,
)

__all__ = [
    "test_every_change_is_written_with_its_user_and_action",
    "test_failures_and_denials_are_written_with_their_user_and_code",
    "test_no_client_secret_is_written",
    "test_no_user_id_makes_it_fail",
    "test_refreshes_are_written_with_their_user_whatever_their_lifetime",
]

HOUR = timedelta(hours=1)


@pytest.fixture
def kept() -> Iterator[Kept]:
    with keeping(LOGGER) as found:
        yield found


@pytest.fixture
def bench(kept: Kept) -> Bench:
    """The contract's bench: everything that a handler is given, as text."""
    return Bench(LoggingAuthenticationLog(), lambda: "\n".join(str(vars(record)) for record in kept.records))


@pytest.fixture
def log() -> LoggingAuthenticationLog:
    return LoggingAuthenticationLog()


def signed_in() -> Account:
    change = signing_in()(enrolment(app=application(*CANARIES)).after)
    assert change is not None
    return change.after


def made(change: AccountChange | None) -> AccountChange:
    assert change is not None
    return change


def lost() -> AccountChange:
    return made(losing_grant()(signed_in()))


CHANGES: dict[str, tuple[Callable[[], AccountChange], Fact]] = {
    "enrolment": (
        lambda: enrolment(app=application(*CANARIES)),
        (
            logging.INFO,
            "account enrolled",
            {"user_id": "ann", "status": "REAUTH_REQUIRED", "actor": "operator"},
        ),
    ),
    "sign-in": (
        lambda: made(signing_in()(enrolment().after)),
        (logging.INFO, "account signed_in", {"user_id": "ann", "status": "ACTIVE", "actor": "owner"}),
    ),
    "lock": (
        lambda: lifecycle.lock(signed_in(), act(), "suspicious"),
        (
            logging.INFO,
            "account locked",
            {"user_id": "ann", "status": "LOCKED", "reason": "suspicious", "actor": "operator"},
        ),
    ),
    "lost grant": (
        lost,
        (
            logging.WARNING,
            "account grant_lost",
            {"user_id": "ann", "status": "REAUTH_REQUIRED", "reason": "grant_revoked", "actor": "token service"},
        ),
    ),
    "sign-out": (
        lambda: made(signing_out()(signed_in())),
        (
            logging.WARNING,
            "account signed_out",
            {"user_id": "ann", "status": "REAUTH_REQUIRED", "reason": "signed_out", "actor": "owner"},
        ),
    ),
    "recovery": (
        lambda: made(recovering()(lost().after)),
        (
            logging.INFO,
            "account recovered",
            {"user_id": "ann", "status": "ACTIVE", "reason": "grant_revoked", "actor": "token service"},
        ),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_one_record_and_a_warning_only_if_somebody_must_act(
    log: LoggingAuthenticationLog, kept: Kept, name: str
) -> None:
    change, fact = CHANGES[name]
    log.changed(change())
    assert kept.facts() == [fact]


def test_a_refresh_is_information(log: LoggingAuthenticationLog, kept: Kept) -> None:
    log.refreshed("ann", timedelta(seconds=3599.7))
    assert kept.facts() == [(logging.INFO, "token refreshed", {"user_id": "ann", "lifetime_s": 3600, "ahead": False})]


def test_a_failure_that_may_pass_is_a_warning_and_says_when_to_try_again(
    log: LoggingAuthenticationLog, kept: Kept
) -> None:
    log.refresh_failed("ann", ThrottledError("Slow down.", retry_after=HOUR))
    assert kept.facts() == [
        (
            logging.WARNING,
            "token refresh failed: Slow down.",
            {"user_id": "ann", "error_code": "THROTTLED", "retry_after_s": 3600},
        )
    ]


def test_a_failure_that_somebody_must_mend_is_an_error(log: LoggingAuthenticationLog, kept: Kept) -> None:
    log.refresh_failed("ann", ConfigurationError("Unknown application."))
    assert kept.facts() == [
        (
            logging.ERROR,
            "token refresh failed: Unknown application.",
            {"user_id": "ann", "error_code": "CONFIGURATION_ERROR"},
        )
    ]


def test_a_denial_is_a_warning(log: LoggingAuthenticationLog, kept: Kept) -> None:
    log.denied("ann", PermissionDeniedError("Account 'ann' is LOCKED.", error_code="ACCOUNT_LOCKED"))
    assert kept.facts() == [
        (
            logging.WARNING,
            "token denied: Account 'ann' is LOCKED.",
            {"user_id": "ann", "error_code": "ACCOUNT_LOCKED"},
        )
    ]


def test_tokens_that_live_shorter_than_wanted_are_a_warning(log: LoggingAuthenticationLog, kept: Kept) -> None:
    log.short_lived("ann", HOUR, timedelta(minutes=30))
    assert kept.facts() == [
        (
            logging.WARNING,
            "tokens live shorter than a caller wants",
            {"user_id": "ann", "wanted_s": 3600, "lifetime_s": 1800},
        )
    ]


def test_every_fact_goes_to_the_logger_that_the_authentication_file_listens_to(
    log: LoggingAuthenticationLog, kept: Kept
) -> None:
    log.changed(enrolment())
    log.refreshed("ann", HOUR)
    log.refresh_failed("ann", IACSGraphError("no"))
    log.short_lived("ann", HOUR, HOUR)
    log.denied("ann", IACSGraphError("no"))
    assert [record.name for record in kept.records] == ["iacsgraph.auth"] * 5


def test_details_of_an_error_are_not_written(log: LoggingAuthenticationLog, kept: Kept) -> None:
    """They are for programs; what a person needs is in the message."""
    log.refresh_failed("ann", IACSGraphError("no", details={"answer": CANARIES[0]}))
    assert CANARIES[0] not in str([vars(record) for record in kept.records])

"""The tables: every error has an exit code and a status, and a new subclass inherits its parent's."""

import inspect
from datetime import timedelta

import pytest

from domain import errors
from modules.runtime.exit_codes import (
    EXIT_CODES,
    HTTP_STATUSES,
    REMEDIES,
    exit_code,
    http_status,
    remedy,
    resolve,
)
from modules.runtime.exits import TEMPORARY

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.IACSGraphError)]
TABLES = (EXIT_CODES, HTTP_STATUSES, REMEDIES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_resolves_in_every_table(kind: type[errors.IACSGraphError]) -> None:
    assert exit_code(kind("x")) in range(1, 16)
    assert http_status(kind("x")) in range(400, 600)
    assert isinstance(remedy(kind("x")), str)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_subclass_inherits_its_parents_entries(kind: type[errors.IACSGraphError]) -> None:
    child = type("Child", (kind,), {})
    assert [resolve(table, child) for table in TABLES] == [resolve(table, kind) for table in TABLES]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (errors.ConfigurationError("x"), 3, 500),
        (errors.InvalidClientError("x"), 3, 500),
        (errors.ReauthenticationRequiredError("x"), 4, 401),
        (errors.ThrottledError("x"), 5, 503),
        (errors.TokenRefreshError("x", transient=True), 5, 503),
        (errors.TokenRefreshError("x"), 14, 502),
        (errors.NotFoundError("x"), 6, 404),
        (errors.LeaseLostError("x"), 7, 409),
        (errors.PolicyBlockedError("x"), 8, 403),
        (errors.ValidationError("x"), 9, 400),
        (errors.IllegalTransitionError("x"), 10, 409),
        (errors.ConnectionError("x"), 11, 503),
        (errors.KafkaProducerError("x"), 12, 503),
        (errors.UnknownKeyError("x"), 13, 500),
        (errors.APIConnectionError("x", transient=False), 15, 502),
        (errors.IACSGraphError("x"), 1, 500),
    ],
)
def test_the_codes_that_scripts_may_rely_on(error: errors.IACSGraphError, code: int, status: int) -> None:
    assert (exit_code(error), http_status(error)) == (code, status)


def test_no_code_means_two_things() -> None:
    """0, 2 and 5 are not the code of any class: success, wrong usage, and whatever is transient."""
    assert set(EXIT_CODES.values()).isdisjoint({0, 2, TEMPORARY})


def test_a_remedy_says_when_if_the_error_knows() -> None:
    assert remedy(errors.ThrottledError("x", retry_after=timedelta(seconds=30))) == "try again later, in 30 s"
    assert remedy(errors.APIConnectionError("x")) == "try again later"
